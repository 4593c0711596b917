//! Other people's readers: a page with everything, in every format, is accepted by each of them.
//!
//! They are in a folder of conformance tools, beside the repository or where `RUTHEUS_CONFORMANCE`
//! says; without it the test says so and passes.

#[allow(dead_code, reason = "the test with servers uses the rest")]
#[path = "support/everything.rs"]
mod everything;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rutheus::{Escaping, Format, Timestamp};

/// The folder, if its tools are there.
fn tools() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("RUTHEUS_CONFORMANCE").map_or_else(beside, PathBuf::from);
    folder.join("tools/py").is_dir().then_some(folder)
}

#[test]
fn every_reader_accepts_a_page_with_everything() -> Result<(), Box<dyn Error>> {
    let Some(folder) = tools() else {
        eprintln!("skipped: no conformance tools; set RUTHEUS_CONFORMANCE to their folder");
        return Ok(());
    };
    let pages = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pages-{}", std::process::id()));
    fs::create_dir_all(&pages)?;
    let created = Timestamp::from_millis(1_700_000_000_123);
    let mut checked = 0;
    // Which is what reads protobuf.
    let has_go = folder.join("tools/gocheck").is_file();
    for (name, format, kind) in [
        ("text", Format::TEXT, "text"),
        ("openmetrics", Format::OPEN_METRICS, "om"),
        ("protobuf", Format::PROTOBUF, "proto"),
    ] {
        if kind == "proto" && !has_go {
            continue;
        }
        for utf8 in [false, true] {
            let registry = everything::registry(created, utf8)?;
            assert!(everything::is_whole(&registry));
            for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values, Escaping::AllowUtf8] {
                let path = pages.join(format!("{name}-{escaping}-{utf8}"));
                let mut page = Vec::new();
                format.with_escaping(escaping).encode(&registry, &mut page);
                fs::write(&path, page)?;
                let mut check = Command::new("python3");
                check.arg(folder.join("lib/check.py")).args(["--quiet", "--format", kind]).arg(&path);
                if utf8 && escaping == Escaping::AllowUtf8 {
                    check.arg("--utf8");
                }
                let output = check.output()?;
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(output.status.success(), "{}\n{said}", fs::read_to_string(&path).unwrap_or_default());
                checked += 1;
            }
        }
    }
    fs::remove_dir_all(&pages)?;
    assert_eq!(checked, if has_go { 24 } else { 16 });
    Ok(())
}
