//! A Prometheus server, run by a test.

#![allow(dead_code, reason = "each test uses a part")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::common::{PATIENCE, answer};

/// The program `name` in the PATH, or where the environment variable says. Without it, a test is skipped,
/// and fails where `CI=true` unless the program is one that CI does not bring.
pub(crate) fn find(name: &str, variable: &str, hint: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(path.into());
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|path| path.join(name)).find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no {name}: {hint}");
        eprintln!("skipped: no {name}: {hint}");
    }
    found
}

/// A server of the collection in the folder that the environment variable RUTHEUS_CONFORMANCE names, or
/// `shared/conformance` beside the workspace, if it is there.
pub(crate) fn collected(path: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("RUTHEUS_CONFORMANCE").map_or(beside, PathBuf::from);
    let program = folder.join("tools").join(path);
    if program.is_file() {
        return Some(program);
    }
    eprintln!("skipped: {} is not there", program.display());
    None
}

/// Killed by its own handle when the test ends, however it ends.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) struct Prometheus {
    program: PathBuf,
    folder: PathBuf,
    arguments: Vec<String>,
    pub(crate) address: SocketAddr,
    process: Option<Process>,
}

impl Prometheus {
    /// Starts `program` with a configuration, in `folder`.
    pub(crate) fn start(program: &Path, folder: &Path, config: &str, arguments: &[&str]) -> Self {
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        let mut prometheus = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            address: free_address(),
            process: None,
        };
        prometheus.restart();
        prometheus
    }

    /// Starts it again, at the same address and with the same data.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let log = File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        let (config, data) = (self.folder.join("prometheus.yml"), self.folder.join("data"));
        // VictoriaMetrics has the same configuration and the same API.
        let settings = if self.program.ends_with("victoria-metrics") {
            vec![
                // It knows no HTTP/2 that could be turned off.
                "-promscrape.config.strictParse=false".to_owned(),
                format!("-promscrape.config={}", config.display()),
                format!("-storageDataPath={}", data.display()),
                format!("-httpListenAddr={}", self.address),
                "-search.latencyOffset=0s".to_owned(),
            ]
        } else {
            vec![
                format!("--config.file={}", config.display()),
                format!("--storage.tsdb.path={}", data.display()),
                format!("--web.listen-address={}", self.address),
                "--log.level=warn".to_owned(),
            ]
        };
        let process = Command::new(&self.program)
            .args(settings)
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(Process(process));
    }

    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn wait_until(&self, what: &str, mut condition: impl FnMut() -> Result<bool, String>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let error = match condition() {
                Ok(true) => return,
                Ok(false) => "not so".to_owned(),
                Err(error) => error,
            };
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                panic!("{what}: {error}\n{log}");
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    pub(crate) fn api(&self, path: &str) -> Result<Value, String> {
        let body = request(self.address, &format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n"))?;
        let mut answer: Value = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        if answer["status"] == "success" { Ok(answer["data"].take()) } else { Err(answer.to_string()) }
    }

    /// The value of a query that has one.
    pub(crate) fn value(&self, query: &str) -> Result<f64, String> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let data = self.api(&format!("/api/v1/query?query={encoded}&nocache=1"))?;
        match data["result"].as_array().map(Vec::as_slice) {
            Some([one]) => {
                let value = one["value"][1].as_str().ok_or_else(|| one.to_string())?;
                value.parse().map_err(|_| value.to_owned())
            }
            _ => Err(format!("{query}: {data}")),
        }
    }
}

/// Sends a whole request of HTTP/1.0, and returns the body of what is a success.
pub(crate) fn request(address: SocketAddr, request: &str) -> Result<String, String> {
    let send = || {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = send().map_err(|error| error.to_string())?;
    if !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        return Err("no answer".to_owned());
    }
    let answer = answer(&bytes);
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    if answer.status == 200 { Ok(body) } else { Err(format!("{}: {body}", answer.head)) }
}
