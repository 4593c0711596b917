//! What may cross threads, and what may cross a caught panic: every type of the formats, of HTTP and of the
//! process is here. Those of the instruments and the registries are in tests of their crates.

use std::future::Ready;
use std::panic::{RefUnwindSafe, UnwindSafe};

use rutheus::Format;
use rutheus::http::{
    Address, Body, BodyError, BoundServer, Handle, Handler, HttpLayer, HttpMetrics, Listen, MeasuredBody,
    MeasuredFuture, MeasuredService, ServeError, Server, WebConfig, WebConfigError,
};
use rutheus::process::{AllocatorMetrics, AllocatorStatistics, ProcessMetrics, TokioMetrics};
use rutheus::push::{
    PushError, PushEvery, PushOnDrop, Pushgateway, RemoteWrite, RemoteWriteMetrics, RemoteWriteVersion,
    RemoteWriter, Textfile, TextfileError,
};

macro_rules! all {
    ($check:ident: $($ty:ty),* $(,)?) => { $($check::<$ty>();)* };
}

fn shared<T: Send + Sync + 'static>() {}
fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
fn error<T: std::error::Error>() {}

#[test]
fn every_type_is_send_and_sync() {
    all!(shared:
        Format,
        Address, Body, BodyError, BoundServer, Handle, Handler, HttpLayer<fn()>, HttpMetrics, Listen,
        MeasuredBody<Body>, MeasuredFuture<Ready<()>>, MeasuredService<Handler, fn()>, ServeError, Server,
        WebConfig, WebConfigError,
        AllocatorMetrics<fn() -> AllocatorStatistics>, AllocatorStatistics, ProcessMetrics, TokioMetrics,
        PushError, PushEvery, PushOnDrop, Pushgateway, RemoteWrite, RemoteWriteMetrics, RemoteWriteVersion,
        RemoteWriter, Textfile, TextfileError,
    );
}

/// All that hold neither a connection, a task, an error nor a closure of somebody else's.
#[test]
fn what_holds_nothing_of_others_crosses_a_caught_panic() {
    all!(unwinds:
        Format,
        Address, HttpLayer<fn()>, HttpMetrics, Listen, WebConfig,
        AllocatorMetrics<fn() -> AllocatorStatistics>, AllocatorStatistics, ProcessMetrics, TokioMetrics,
        RemoteWriteMetrics, RemoteWriteVersion, Textfile,
    );
}

#[test]
fn errors_are_errors() {
    all!(error: BodyError, PushError, ServeError, TextfileError, WebConfigError);
}

#[test]
fn no_exported_type_is_missing_here() {
    let listings = [
        include_str!("../../../docs/api/metrics-exposition.txt"),
        include_str!("../../../docs/api/metrics-http.txt"),
        include_str!("../../../docs/api/metrics-process.txt"),
    ];
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut types = Vec::new();
    for line in listings.iter().flat_map(|listing| listing.lines()) {
        let declared = ["pub struct ", "pub enum ", "pub union "];
        let Some(path) = declared.iter().find_map(|kind| Some(line.split_once(kind)?.1)) else { continue };
        let path = path.split(|c: char| !is_word(c) && c != ':').next().unwrap();
        types.push(path.rsplit("::").next().unwrap());
    }
    assert!(types.len() > 25, "{types:?}");
    // Once where it is imported, and once where it is checked.
    let this: Vec<&str> = include_str!("traits.rs").split(|c| !is_word(c)).collect();
    types.retain(|name| this.iter().filter(|word| *word == name).count() < 2);
    assert!(types.is_empty(), "not checked: {types:?}");
}
