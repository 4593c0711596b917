//! Each target over its corpus, and over what a seeded mutation makes of it: where there is no libFuzzer,
//! this is the fuzzer, and it does the same every time.
//!
//! `RUTHEUS_FUZZ_ROUNDS` is the number of mutations for each target.

use std::fs;
use std::path::Path;

use rutheus_fuzz::TARGETS;

/// A linear sequence that passes for random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

#[test]
fn no_input_breaks_a_target() {
    let rounds: usize = std::env::var("RUTHEUS_FUZZ_ROUNDS").map_or(20_000, |rounds| rounds.parse().unwrap());
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(corpus.len() > 3, "{name} has no corpus");
        corpus.iter().for_each(|input| target(input));
        let mut dice = Dice(1);
        for _ in 0..rounds {
            let mut input = corpus[dice.roll(corpus.len())].clone();
            for _ in 0..=dice.roll(8) {
                mutate(&mut input, &corpus, &mut dice);
            }
            target(&input);
        }
    }
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut Dice) {
    /// What texts and headers stumble over.
    const ODD: [&[u8]; 20] = [
        b"\\",
        b"\"",
        b"\n",
        b"\r\n",
        b"\\n",
        b"{",
        b"}",
        b"=\"",
        b",",
        b";",
        b";q=",
        b"q=0.",
        b"\xFF",
        b"\0",
        b"_",
        b":",
        b"1",
        b"\xC3\xA9",
        b"\xF0\x9F\xA6\x80",
        b"# HELP ",
    ];
    let at = dice.roll(input.len() + 1);
    match dice.roll(6) {
        0 if at < input.len() => input[at] = dice.roll(256) as u8,
        1 if at < input.len() => _ = input.remove(at),
        2 if at < input.len() => input.truncate(at),
        3 => {
            let other = &corpus[dice.roll(corpus.len())];
            input.extend_from_slice(&other[dice.roll(other.len() + 1)..]);
        }
        4 => {
            let end = (at + dice.roll(16)).min(input.len());
            let piece = input[at..end].to_vec();
            input.extend(piece);
        }
        _ => _ = input.splice(at..at, ODD[dice.roll(ODD.len())].iter().copied()),
    }
    input.truncate(4096);
}
