use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;

use rutheus::{CollectorRegistry, Escaping, Format};

use crate::{PATIENCE, Result};

/// Serves one registry: under the name of a format in that one, whatever the server would rather have,
/// and under `/metrics` in the one that it asks for.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The formats by the paths that they are served under.
pub(crate) const FORMATS: [(&str, Format); 4] = [
    ("text", Format::TEXT),
    ("openmetrics", Format::OPEN_METRICS),
    ("protobuf", Format::PROTOBUF),
    ("utf8", Format::OPEN_METRICS.with_escaping(Escaping::AllowUtf8)),
];

impl Target {
    pub(crate) fn start(registry: CollectorRegistry) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if until.load(Relaxed) {
                    return;
                }
                // A server that goes away in the middle is none of the test.
                let _ = stream.map_err(Into::into).and_then(|stream| answer(stream, &registry));
            }
        });
        Ok(Self { address, stopped, thread: Some(thread) })
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.stopped.store(true, Relaxed);
        // The thread waits for one more connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, registry: &CollectorRegistry) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next().ok_or("no request")??;
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let mut accept = String::new();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            if name.eq_ignore_ascii_case("accept") {
                accept = value.trim().to_owned();
            }
        }
    }
    let known = FORMATS.iter().find(|(name, _)| *name == path);
    let format = known.map_or_else(|| Format::negotiate(&accept), |(_, format)| *format);
    let mut page = Vec::new();
    format.encode(registry, &mut page);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        format.content_type(),
        page.len()
    )?;
    stream.write_all(&page)?;
    Ok(())
}
