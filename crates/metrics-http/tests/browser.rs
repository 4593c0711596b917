//! The index in a real browser. Needs `chromium` in the PATH; without it, the test is skipped.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::Large;
use metrics_core::{Counter, Family, Histogram, Metric};
use metrics_http::{Handle, Server};

static JOBS: Family<Counter, 1> = Family::counter("jobs_total", "Jobs <b>done</b>.", ["kind"]);
static SECONDS: Metric<Histogram> =
    Metric::histogram("job_seconds", "Time for a job.", &Histogram::DEFAULT_BUCKETS);
static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");

#[test]
fn the_index_lists_what_is_there_and_filters_it() {
    let Some(browser) = Browser::find() else { return };
    JOBS.with(["parse"]).inc();
    JOBS.with(["sort"]).inc();
    let server = Server::new()
        .title("Tom & Jerry")
        .endpoint("/metrics", (&JOBS, &SECONDS, &HITS))
        .endpoint("/large", Large(1000))
        .bind(0)
        .unwrap()
        .spawn()
        .unwrap();

    let all = browser.dom(&server, "");
    assert!(all.contains("<h1>Tom &amp; Jerry</h1>"), "{all}");
    assert!(all.contains("<a href=\"/metrics\">/metrics</a></h2><p>3 families, 4 series</p>"), "{all}");
    assert!(all.contains("<a href=\"/large\">/large</a></h2><p>1 family, 1000 series</p>"), "{all}");
    let rows = rows(&all);
    assert_eq!(rows.len(), 4);
    let jobs = &rows[0];
    assert!(jobs.contains("<td>jobs_total</td>") && jobs.contains("counter\">counter</td>"), "{jobs}");
    assert!(jobs.contains("<td class=\"number\">2</td>"), "{jobs}");
    assert!(jobs.contains("Jobs &lt;b&gt;done&lt;/b&gt;."), "{jobs}");
    assert!(rows.iter().all(|row| !is_hidden(row)));
    assert!(all.contains("<p id=\"filter\"><input"), "the script shows the filter");

    // The script reads the filter from the link: every word, anywhere in the row.
    for (filter, shown) in [("JOB", &[0, 1][..]), ("cache%20counter", &[2]), ("nothing", &[])] {
        let dom = browser.dom(&server, &format!("#{filter}"));
        let rows = self::rows(&dom);
        let visible: Vec<_> = (0..rows.len()).filter(|i| !is_hidden(&rows[*i])).collect();
        assert_eq!(visible, shown, "{filter}");
        assert_eq!(dom.contains("id=\"none\" hidden"), !shown.is_empty(), "{filter}");
    }

    // Each of them is a picture, and no two are alike.
    let pictures: Vec<_> = [("1200,800", false), ("1200,800", true), ("400,800", false), ("400,800", true)]
        .map(|(size, dark)| browser.picture(&server, size, dark))
        .into();
    for (i, picture) in pictures.iter().enumerate() {
        assert!(picture.starts_with(b"\x89PNG"));
        assert!(pictures[..i].iter().all(|other| other != picture));
    }
    server.shutdown().unwrap();
}

fn rows(dom: &str) -> Vec<String> {
    dom.split("<tr").filter(|row| row.contains("<td")).map(str::to_owned).collect()
}

fn is_hidden(row: &str) -> bool {
    row.starts_with(" hidden")
}

struct Browser {
    program: PathBuf,
    folder: PathBuf,
}

impl Browser {
    fn find() -> Option<Self> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let program =
            std::env::split_paths(&paths).map(|path| path.join("chromium")).find(|path| path.is_file());
        let Some(program) = program else {
            eprintln!("skipped: no browser: `apt-get install chromium`");
            return None;
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Some(Self { program, folder })
    }

    fn run(&self, server: &Handle, fragment: &str, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(&self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--timeout=20000"])
            .arg(format!("--user-data-dir={}", self.folder.join("profile").display()))
            .args(arguments)
            .arg(format!("http://{}/{fragment}", server.address()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn dom(&self, server: &Handle, fragment: &str) -> String {
        String::from_utf8(self.run(server, fragment, &["--dump-dom"])).unwrap()
    }

    fn picture(&self, server: &Handle, size: &str, dark: bool) -> Vec<u8> {
        let file = self.folder.join("picture.png");
        let scheme = if dark { 0 } else { 1 };
        let arguments = [
            format!("--window-size={size}"),
            format!("--blink-settings=preferredColorScheme={scheme}"),
            format!("--screenshot={}", file.display()),
        ];
        self.run(server, "", &arguments.each_ref().map(String::as_str));
        let picture = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        picture
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
