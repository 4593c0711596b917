//! What is pushed to a Pushgateway and written to a textfile, and what becomes of errors.

#![cfg(feature = "push")]

mod common;
#[path = "common/receiver.rs"]
mod receiver;

use std::fs;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::Large;
use metrics_core::{Counter, Metric};
use metrics_http::push::{PushError, Pushgateway, Textfile};
use receiver::{HANG, Receiver, status};

static ROWS: Metric<Counter> = Metric::counter("import_rows_total", "Rows read.");

const PAGE: &str =
    "# HELP import_rows_total Rows read.\n# TYPE import_rows_total counter\nimport_rows_total 0\n";

fn gateway(receiver: &Receiver) -> Pushgateway {
    Pushgateway::new(receiver.url(""), "import").unwrap()
}

#[test]
fn each_way_to_push_is_a_method_of_http() {
    let receiver = Receiver::start(&[]);
    let gateway = Pushgateway::new(receiver.url("/base").replace("//", "//al:s%3Acret@"), "import").unwrap();
    let gateway = gateway.group("path", "/var").group("instance", "eu 1");
    gateway.push(&ROWS).unwrap();
    gateway.add(&ROWS).unwrap();
    gateway.delete().unwrap();
    let received = receiver.wait_for(3);
    let path = "/base/metrics/job/import/path@base64/L3Zhcg/instance/eu%201";
    let lines: Vec<_> = received.iter().map(receiver::Received::line).collect();
    assert_eq!(lines, ["PUT", "POST", "DELETE"].map(|method| format!("{method} {path} HTTP/1.1")));
    for request in &received[..2] {
        assert_eq!(request.text(), PAGE);
        assert!(request.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
        assert_eq!(request.header("authorization"), Some("Basic YWw6czpjcmV0"));
        assert_eq!(request.header("host"), Some(&*receiver.address.to_string()));
    }
    assert_eq!(received[2].body, b"");
}

#[tokio::test]
async fn pushing_works_within_a_runtime_too() {
    let receiver = Receiver::start(&[]);
    let gateway = gateway(&receiver);
    gateway.push_async(&ROWS).await.unwrap();
    gateway.add_async(&ROWS).await.unwrap();
    gateway.delete_async().await.unwrap();
    gateway.push(&ROWS).unwrap();
    assert_eq!(receiver.wait_for(4).len(), 4);
}

#[test]
fn an_error_says_where_and_why() {
    let receiver = Receiver::start(&[
        &status("400 Bad Request", "", "text format parsing error in line 1:\n  no such thing\n"),
        &status("503 Service Unavailable", "", ""),
        HANG,
        "this is not HTTP\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        &status("413 Too Large", "", &"x".repeat(100_000)),
    ]);
    let at = format!("http://{}/metrics/job/import: ", receiver.address);
    let gateway = gateway(&receiver).time_limit(Duration::from_millis(500));
    let mut errors = (0..6).map(|_| gateway.push(&ROWS).unwrap_err());
    let mut next = || errors.next().unwrap();

    let error = next();
    assert_eq!(
        error.to_string(),
        format!("{at}answered 400: text format parsing error in line 1: no such thing")
    );
    assert!(error.status() == Some(400) && !error.is_temporary());
    let error = next();
    assert_eq!(error.to_string(), format!("{at}answered 503"));
    assert!(error.is_temporary());
    let error = next();
    assert_eq!(error.to_string(), format!("{at}no answer within 500ms"));
    assert!(error.status().is_none() && error.is_temporary());
    for _ in 0..2 {
        let error = next();
        assert!(error.to_string().starts_with(&format!("{at}the connection broke: ")), "{error}");
    }
    // More than a line is not read.
    assert_eq!(next().to_string(), format!("{at}answered 413"));

    let down = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Pushgateway::new(format!("http://{down}"), "import").unwrap().push(&ROWS).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("http://{down}/metrics/job/import: cannot connect: Connection refused (os error 111)")
    );
}

#[test]
fn a_guard_pushes_however_the_job_ends() {
    let receiver = Receiver::start(&[]);
    let gateway = gateway(&receiver);
    drop(gateway.on_drop(&ROWS));
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _guard = gateway.on_drop(&ROWS);
        panic!("on purpose");
    }));
    gateway.on_drop(&ROWS).push().unwrap();
    let received = receiver.wait_for(3);
    assert!(received.iter().all(|request| request.line().starts_with("POST ") && request.text() == PAGE));
    gateway.on_drop(&ROWS).discard();
    gateway.delete().unwrap();
    assert_eq!(receiver.wait_for(4)[3].line(), "DELETE /metrics/job/import HTTP/1.1");
}

#[test]
fn what_goes_wrong_when_a_guard_is_dropped_is_told() {
    let receiver = Receiver::start(&[&status("400 Bad Request", "", "no")]);
    let told: Arc<Mutex<Vec<PushError>>> = Arc::default();
    let tell = told.clone();
    drop(gateway(&receiver).on_drop(&ROWS).on_error(move |error| tell.lock().unwrap().push(error.clone())));
    let told = told.lock().unwrap();
    assert!(told.len() == 1 && told[0].to_string().ends_with("answered 400: no"), "{told:?}");
}

#[test]
fn pushing_at_intervals_goes_on_after_an_error_and_pushes_a_last_time() {
    let receiver = Receiver::start(&[&status("500 No", "", "")]);
    let told: Arc<Mutex<Vec<PushError>>> = Arc::default();
    let tell = told.clone();
    let pushes = gateway(&receiver).every(Duration::from_millis(5), &ROWS).unwrap();
    let pushes = pushes.on_error(move |error| tell.lock().unwrap().push(error.clone()));
    receiver.wait_for(3);
    drop(pushes);
    let count = receiver.received().len();
    assert!(count >= 4);
    // It ended: nothing comes any more.
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(receiver.received().len(), count);

    let pushes = gateway(&receiver).every(Duration::from_secs(3600), &ROWS).unwrap();
    drop(pushes);
    assert_eq!(receiver.received().len(), count + 1);
    assert_eq!(told.lock().unwrap().len(), 1);
}

#[cfg(feature = "tls")]
#[path = "common/tls.rs"]
mod tls;

#[cfg(feature = "tls")]
#[test]
fn a_gateway_can_be_behind_tls() {
    use metrics_http::{Server, WebConfig};
    use tls::{Authority, Folder};

    let (authority, other) = (Authority::new(), Authority::new());
    let folder = Folder::new("push-tls");
    folder.write_identity("server", &authority.sign(&["localhost", "127.0.0.1"]));
    let text = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n";
    let config = WebConfig::load(folder.write("web.yml", text)).unwrap();
    // It takes no pushes, but says so only to who got in.
    let server = Server::new().endpoint("/metrics/job/a", &ROWS).web_config(config).bind(0).unwrap();
    let server = server.spawn().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}", common::address(&server).port());
        let gateway = Pushgateway::new(&url, "a").unwrap();
        let push = |pem: &str| gateway.clone().trust(pem).unwrap().push(&ROWS).unwrap_err();
        assert_eq!(push(&authority.pem).status(), Some(405));
        let error = push(&other.pem).to_string();
        assert!(error.contains("cannot connect: invalid peer certificate"), "{error}");
        let error = gateway.push(&ROWS).unwrap_err().to_string();
        assert!(error.contains("cannot connect: invalid peer certificate"), "{error}");
    }
    let gateway = Pushgateway::new("https://localhost", "a").unwrap();
    let error = gateway.trust("nothing").unwrap_err().to_string();
    assert_eq!(error, "https://localhost: there is no certificate in PEM in what is to be trusted");
    server.shutdown().unwrap();
}

// The textfile.

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_textfile_is_replaced_as_a_whole() {
    let folder = folder("textfile");
    let file = Textfile::new(folder.join("import.prom")).unwrap();
    file.write(&Large(1000)).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..20).for_each(|i| file.write(&Large(1000 + i)).unwrap()));
        loop {
            let over = writer.is_finished();
            let page = fs::read_to_string(file.path()).unwrap();
            assert!(page.ends_with(" 1\n") && page.lines().count() >= 1002);
            if over {
                break;
            }
        }
    });
    file.write(&ROWS).unwrap();
    assert_eq!(fs::read_to_string(file.path()).unwrap(), PAGE);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_textfile_that_cannot_be_written_says_why_and_stays_as_it_was() {
    let error = Textfile::new("/var/lib/import.txt").unwrap_err().to_string();
    assert_eq!(
        error,
        "/var/lib/import.txt: its name does not end with .prom, so the node exporter would not read it"
    );
    let error = Textfile::new("/missing/folder/import.prom").unwrap().write(&ROWS).unwrap_err();
    assert_eq!(error.kind(), Some(std::io::ErrorKind::NotFound));
    assert!(error.to_string().starts_with("/missing/folder/.import.prom."), "{error}");
    assert!(error.to_string().ends_with(".tmp: cannot be created: No such file or directory (os error 2)"));

    // A folder stands where the file should be.
    let folder = folder("textfile-errors");
    fs::create_dir(folder.join("taken.prom")).unwrap();
    let error = Textfile::new(folder.join("taken.prom")).unwrap().write(&ROWS).unwrap_err();
    assert!(error.to_string().contains("taken.prom: cannot be replaced: Is a directory"), "{error}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
    fs::remove_dir_all(folder).unwrap();
}

const FULL: &str = "METRICS_HTTP_TEST_FULL";

/// A limit on the size of files stands for a disk that is full: it needs no rights, and the shell sets it for
/// a process of its own, which is this test again.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_the_page_before_stays() {
    if let Some(folder) = std::env::var_os(FULL) {
        let file = Textfile::new(Path::new(&folder).join("import.prom")).unwrap();
        let error = file.write(&Large(10_000)).unwrap_err().to_string();
        assert!(error.contains(".tmp: cannot be written: File too large"), "{error}");
        return;
    }
    let folder = folder("textfile-full");
    let file = Textfile::new(folder.join("import.prom")).unwrap();
    file.write(&ROWS).unwrap();
    let this = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact \"$1\""])
        .arg(this)
        .arg("a_full_disk_is_an_error_and_the_page_before_stays")
        .env(FULL, &folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert_eq!(fs::read_to_string(file.path()).unwrap(), PAGE);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
    fs::remove_dir_all(folder).unwrap();
}
