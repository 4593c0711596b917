//! What the tests of pytheus 0.6.1 hold it to, held here.
//!
//! Each test cites the behaviour that it carries over. Where this library differs on purpose, a line
//! that begins with "differs" says how and why, and the test holds what is done instead. What
//! concerns the global registry is in `pytheus_global.rs`. Redis, the choice of a backend and the
//! inner attributes of Python objects have no counterpart.

#![cfg(feature = "labels")]

use std::error::Error;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rutheus::{Collector, generate_metrics};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// The lines of a page that are samples.
fn samples(collector: &impl Collector) -> Vec<String> {
    let page = generate_metrics(collector);
    page.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future to its end, and says how often it had to.
fn run<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    for polls in 1..100 {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return (output, polls);
        }
    }
    panic!("the future does not end");
}

/// Pending once, as a task is that waits for another.
async fn pause() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Runs what unwinds, without the message of a panic.
fn unwind(f: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err(), "it was to unwind");
}

fn fail() {
    resume_unwind(Box::new("on purpose"));
}

/// Whether a type can be updated like the instrument it stands for. The inherent constant is found
/// before that of the trait, where its bound holds.
struct Observable<T>(PhantomData<T>);

impl<T: Deref> Observable<T> {
    const IS: bool = true;
}

trait Otherwise {
    const IS: bool = false;
}

impl<T> Otherwise for Observable<T> {}

/// What a failing body of these tests fails with.
#[derive(Debug, PartialEq)]
enum Failure {
    Index,
    Value,
}

mod registry;

mod labels;

mod metrics;

mod exposition;

mod custom_collectors;
