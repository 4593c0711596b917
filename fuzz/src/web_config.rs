use std::fs;
use std::path::PathBuf;

use metrics_http::WebConfig;

/// Any file is taken or refused with a message that names the file at fault, and one that was taken stays in force.
pub fn web_config(data: &[u8]) {
    // It may name files, which are looked for beside it: none but those are to be opened.
    if data.contains(&b'/') {
        return;
    }
    let path = file();
    fs::write(&path, data).unwrap();
    match WebConfig::load(&path) {
        Ok(config) => {
            assert!(!config.reload().unwrap(), "nothing changed");
            assert!(config.last_error().is_none());
        }
        Err(error) => {
            let text = error.to_string();
            // The file at fault, which may be one that it names.
            assert!(text.contains("rutheus-fuzz-"), "{text}");
        }
    }
}

/// One for each process, as fuzzers run side by side.
fn file() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("rutheus-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder.join("web.yml")
}
