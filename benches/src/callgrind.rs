//! Instructions per operation, which do not depend on how busy the machine is.
//!
//! The program runs itself under callgrind, which counts within [`counted`] only: what is made before,
//! and the first operations, are not in the figure. A hash with a random key still varies from run to
//! run by a probe or two.

use std::process::Command;

use crate::ops::{self, BOUNDS_11, Kind, Library, Op, Shape, Span};

type Make = fn(&dyn Library) -> Option<Op>;

pub const OPS: [(&str, Make); 10] = [
    ("counter inc", |l| l.counter()),
    ("`Counter<f64>` integral amount", |l| l.counter_f64(2.0)),
    ("gauge set", |l| l.gauge_set()),
    ("gauge add", |l| l.gauge_add()),
    ("histogram observe, 11 bounds", |l| l.histogram(&BOUNDS_11, ops::values(&BOUNDS_11))),
    ("cached handle inc", |l| l.handle()),
    ("labels: constants", |l| l.labelled_constant()),
    ("labels: run-time `&str`", |l| l.labelled_text()),
    ("encode counters, per sample", |l| encode(l, Kind::Counters)),
    ("encode histograms × 11, per line", |l| encode(l, Kind::Histograms)),
];

fn encode(library: &dyn Library, kind: Kind) -> Option<Op> {
    let page = library.page(Shape { kind, families: 1, series: 1000 })?;
    let mut out = String::new();
    page.encode(&mut out);
    let parts = ops::samples(&out) as f64;
    let out = std::sync::Mutex::new(out);
    Some(
        Op::each(move |_| {
            let mut out = out.lock().unwrap();
            out.clear();
            page.encode(&mut out);
        })
        .parts(parts),
    )
}

fn amount(op: &Op) -> u64 {
    if op.parts > 1.0 { 2 } else { 4096 }
}

/// What the program does when it is started by [`count`].
pub fn child(libraries: &[&dyn Library], library: &str, name: &str) {
    let library = libraries.iter().find(|l| l.name() == library).expect("a library of that name");
    let (_, make) = OPS.iter().find(|(other, _)| *other == name).expect("an operation of that name");
    if let Some(op) = make(*library) {
        let n = amount(&op);
        (op.run)(Span { thread: 0, start: 0, n });
        counted(&op, 2 * n);
        println!("{}", 2.0 * n as f64 * op.parts);
    }
}

#[inline(never)]
fn counted(op: &Op, n: u64) {
    (op.run)(Span { thread: 0, start: 0, n });
    std::hint::black_box(());
}

/// Instructions for one operation; `None` without valgrind, and where the library has no such operation.
pub fn count(library: &str, name: &str) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*callgrind*counted*"])
        .arg(std::env::current_exe().ok()?)
        .args(["--callgrind-op", name, "--library", library])
        .output()
        .ok()?;
    let n: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected =
        text.lines().find_map(|line| line.split_once("Collected : "))?.1.trim().parse::<f64>().ok()?;
    Some(collected / n)
}
