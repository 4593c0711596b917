//! A server that notes what it is sent and answers as it is told.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use crate::common::PATIENCE;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (other, value) = line.split_once(':')?;
            other.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    answers: VecDeque<String>,
    over: bool,
}

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

/// No answer at all; the connection stays open until the client closes it.
pub(crate) const HANG: &str = "";

pub(crate) fn status(line: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {line}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

impl Receiver {
    /// Gives these answers, one after the other, and 200 after that.
    pub(crate) fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let state = Arc::new((Mutex::new(State { answers, ..State::default() }), Condvar::new()));
        let of_thread = state.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut state = of_thread.0.lock().unwrap();
                if state.over {
                    return;
                }
                let Some((received, mut stream)) = receive(stream.unwrap()) else { continue };
                state.received.push(received);
                of_thread.1.notify_all();
                let answer = state.answers.pop_front().unwrap_or_else(|| status("200 OK", "", ""));
                drop(state);
                if answer == HANG {
                    // Ends when the client gives up.
                    let _ = stream.read(&mut [0; 1]);
                } else {
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self { address, state, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.0.lock().unwrap().received.clone()
    }

    /// Waits until so many requests came.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        let state = self.state.0.lock().unwrap();
        let enough = |state: &mut State| state.received.len() < count;
        let (state, timeout) = self.state.1.wait_timeout_while(state, PATIENCE, enough).unwrap();
        assert!(!timeout.timed_out(), "{count} requests came, not {}", state.received.len());
        state.received.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).over = true;
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn receive(mut stream: TcpStream) -> Option<(Received, TcpStream)> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    let end = loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut received = Received { head, body: bytes[end + 4..].to_vec() };
    let length = received.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut rest = vec![0; length - received.body.len()];
    stream.read_exact(&mut rest).ok()?;
    received.body.append(&mut rest);
    Some((received, stream))
}
