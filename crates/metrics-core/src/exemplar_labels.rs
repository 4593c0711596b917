//! Labels of exemplars on the way from whoever has them to a slot: given with an update, or supplied by
//! the process-wide source.

use alloc::boxed::Box;
use alloc::string::String;
use core::cell::Cell;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use crate::labels::push_checked;
use crate::{Exemplar, InvalidDescriptor, InvalidExemplar, MetricType};

/// The labels of one exemplar while they are put together; a source gets one to fill.
///
/// ```
/// use metrics_core::{Exemplar, ExemplarLabels, InvalidExemplarReason};
///
/// let mut labels = ExemplarLabels::default();
/// labels.push("trace_id", "4bf92f3577b34da6")?;
/// let long = "x".repeat(Exemplar::MAX_CHARS);
/// assert_eq!(labels.push("baggage", &long).unwrap_err().reason(), InvalidExemplarReason::TooLong);
/// assert_eq!(labels.to_string(), r#"trace_id="4bf92f3577b34da6""#);
/// # Ok::<(), metrics_core::InvalidExemplar>(())
/// ```
#[derive(Debug, Default)]
pub struct ExemplarLabels {
    rendered: String,
    chars: usize,
}

impl ExemplarLabels {
    /// Adds a label.
    ///
    /// # Errors
    ///
    /// If the name is invalid or there already, or if names and values together would have more than
    /// [`Exemplar::MAX_CHARS`] characters; the labels stay as they are.
    pub fn push(&mut self, name: &str, value: &str) -> Result<(), InvalidExemplar> {
        let chars = self.chars + name.chars().count() + value.chars().count();
        if chars > Exemplar::MAX_CHARS {
            return Err(InvalidExemplar::too_long(chars));
        }
        push_checked(&mut self.rendered, name, value, MetricType::Unknown)
            .map_err(|reason| InvalidDescriptor::with_label("", name, reason))?;
        self.chars = chars;
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rendered.is_empty()
    }

    fn clear(&mut self) {
        self.rendered.clear();
        self.chars = 0;
    }
}

impl fmt::Display for ExemplarLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

/// Makes `source` supply the labels of exemplars from now on, in the whole process: each update of a
/// counter or a histogram asks it, so that the id of the current trace gets onto the page without a
/// change where things are counted.
///
/// A source that adds no label, because there is no trace or it is not kept, makes no exemplar. It is
/// called after the update is counted; if it panics, the update has no exemplar, and updates that it
/// makes itself have none. It should be quick: it runs in every update. One that was set earlier is
/// not called any more, but is not dropped either, as other threads may be in it.
///
/// ```
/// use metrics_core::{Counter, remove_exemplar_source, set_exemplar_source};
/// use std::cell::Cell;
///
/// thread_local! {
///     static TRACE: Cell<Option<u64>> = const { Cell::new(None) };
/// }
///
/// set_exemplar_source(|labels| {
///     if let Some(id) = TRACE.get() {
///         let _ = labels.push("trace_id", &format!("{id:x}"));
///     }
/// });
///
/// static REQUESTS: Counter = Counter::new();
/// TRACE.set(Some(0xcafe));
/// REQUESTS.inc(); // its exemplar is trace_id="cafe"
/// # remove_exemplar_source();
/// ```
pub fn set_exemplar_source(source: impl Fn(&mut ExemplarLabels) + Send + Sync + 'static) {
    add(Some(Box::new(source)));
}

/// Ends what [`set_exemplar_source`] began: only exemplars that are given with an update are kept.
pub fn remove_exemplar_source() {
    add(None);
}

type Source = Box<dyn Fn(&mut ExemplarLabels) + Send + Sync>;

/// The sources that were set, the last of which counts. A list that only grows is read without a lock
/// and without a reference count.
struct Node {
    source: Option<Source>,
    next: OnceLock<Box<Node>>,
}

static FIRST: Node = Node { source: None, next: OnceLock::new() };
/// Whether the last node has a source. Relaxed: it guards nothing, as the list is read with its own
/// order; it only lets updates skip the list where there is no source.
static IS_SET: AtomicBool = AtomicBool::new(false);

fn add(source: Option<Source>) {
    let mut node = Box::new(Node { source, next: OnceLock::new() });
    let mut last = &FIRST;
    loop {
        last = last_after(last);
        match last.next.set(node) {
            Ok(()) => break,
            Err(refused) => node = refused,
        }
    }
    IS_SET.store(last_after(last).source.is_some(), Relaxed);
}

fn last_after(mut node: &'static Node) -> &'static Node {
    while let Some(next) = node.next.get() {
        node = next;
    }
    node
}

/// Whether updates are to ask the source.
#[inline]
pub(crate) fn has_source() -> bool {
    IS_SET.load(Relaxed)
}

std::thread_local! {
    /// Reused from exemplar to exemplar.
    static BUFFER: Cell<ExemplarLabels> = Cell::default();
    /// Whether this thread is in the source.
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Asks the source and gives `keep` the rendered labels, if there are any.
pub(crate) fn ask(keep: impl FnOnce(&str)) {
    let Some(source) = &last_after(&FIRST).source else { return };
    if ASKING.replace(true) {
        return;
    }
    with_buffer(|labels| {
        // What a panic may leave half-done is the buffer, which is cleared before its next use.
        let asked = catch_unwind(AssertUnwindSafe(|| source(labels)));
        ASKING.set(false);
        match asked {
            Ok(()) if !labels.is_empty() => keep(&labels.rendered),
            Ok(()) => {}
            // The payload is the user's, and its drop may panic in turn.
            Err(payload) => _ = catch_unwind(AssertUnwindSafe(move || drop(payload))),
        }
    });
}

/// Checks labels that came with an update and gives `keep` the rendered ones.
pub(crate) fn given<'l>(
    labels: impl IntoIterator<Item = (&'l str, &'l str)>,
    keep: impl FnOnce(&str),
) -> Result<(), InvalidExemplar> {
    with_buffer(|buffer| {
        for (name, value) in labels {
            buffer.push(name, value)?;
        }
        keep(&buffer.rendered);
        Ok(())
    })
}

fn with_buffer<R>(f: impl FnOnce(&mut ExemplarLabels) -> R) -> R {
    // There is none while the thread ends, and where `f` is on the stack already: then a new one.
    let mut labels = BUFFER.try_with(Cell::take).unwrap_or_default();
    labels.clear();
    let result = f(&mut labels);
    let _ = BUFFER.try_with(|buffer| buffer.set(labels));
    result
}
