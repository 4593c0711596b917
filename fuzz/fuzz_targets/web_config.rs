#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rutheus_fuzz::web_config(data));

/// Without libFuzzer the target runs in `tests/replay.rs`.
#[cfg(not(fuzzing))]
fn main() {}
