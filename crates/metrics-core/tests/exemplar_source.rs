//! A source supplies exemplars without a change where things are counted. The source is of the whole
//! process, so this is one test.

mod common;

use std::cell::Cell;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::Beside;
use metrics_core::{
    Counter, Family, Histogram, Metric, Native, Summary, remove_exemplar_source, set_exemplar_source,
};

thread_local! {
    static TRACE: Cell<Option<u32>> = const { Cell::new(None) };
}

static ASKED: AtomicUsize = AtomicUsize::new(0);
static UNTRACED: Counter = Counter::new();

#[test]
fn a_source_supplies_exemplars_while_it_is_set() {
    let counter = Metric::counter("a_total", "A.");
    let float = Metric::counter_f64("b_total", "B.");
    let histogram = Metric::histogram("h", "H.", &[1.0]);
    let native = Metric::new("n", "N.", Histogram::native(Native::DEFAULT));
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]);

    counter.inc();
    set_exemplar_source(|labels| {
        ASKED.fetch_add(1, Relaxed);
        // An update by the source itself asks nobody.
        UNTRACED.inc();
        match TRACE.get() {
            Some(666) => {
                labels.push("half", "done").unwrap();
                panic!("on purpose");
            }
            Some(id) => labels.push("trace_id", &id.to_string()).unwrap(),
            None => {}
        }
    });
    counter.inc();
    assert_eq!(Beside::of(&counter), ["{} 2"], "there is no trace");

    TRACE.set(Some(7));
    counter.inc();
    float.inc();
    float.inc_by(2.5).unwrap();
    assert!(float.inc_by(-1.0).is_err());
    histogram.observe(0.5);
    histogram.time(|| ());
    native.observe(3.0);
    family.with(["x"]).inc_by(3);
    Summary::new().observe(1.0); // has none, and does not ask
    assert_eq!(Beside::of(&counter), [r#"{} 3 # {trace_id="7"} 1"#]);
    assert_eq!(Beside::of(&float), [r#"{} 3.5 # {trace_id="7"} 2.5"#]);
    assert!(Beside::of(&histogram)[0].starts_with(r#"{} 2 # {trace_id="7"} "#));
    assert_eq!(Beside::of(&native), [r#"{} 1 # {trace_id="7"} 3"#]);
    assert_eq!(Beside::of(&family), [r#"{a="x"} 3 # {trace_id="7"} 3"#]);
    assert_eq!(ASKED.load(Relaxed), 8);
    assert_eq!(UNTRACED.get(), 8);

    // Labels that are given go before the source.
    counter.inc_with_exemplar([("trace_id", "mine")]).unwrap();
    assert_eq!(Beside::of(&counter), [r#"{} 4 # {trace_id="mine"} 1"#]);
    assert_eq!(ASKED.load(Relaxed), 8);

    // A panic costs the exemplar and nothing else.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    TRACE.set(Some(666));
    counter.inc();
    histogram.observe(0.5);
    panic::set_hook(hook);
    assert_eq!(Beside::of(&counter), [r#"{} 5 # {trace_id="mine"} 1"#]);
    TRACE.set(Some(8));
    counter.inc();
    assert_eq!(Beside::of(&counter), [r#"{} 6 # {trace_id="8"} 1"#]);

    // Another one takes its place.
    set_exemplar_source(|labels| labels.push("second", "").unwrap());
    let asked = ASKED.load(Relaxed);
    counter.inc();
    assert_eq!(Beside::of(&counter), [r#"{} 7 # {second=""} 1"#]);

    // Threads that meet for the first time, and stripes.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..1000).for_each(|_| counter.inc()));
        }
    });
    assert_eq!(Beside::of(&counter), [r#"{} 2007 # {second=""} 1"#]);

    remove_exemplar_source();
    let fresh = Counter::<u64>::new();
    fresh.inc();
    counter.inc();
    assert_eq!(ASKED.load(Relaxed), asked);
    let fresh = Metric::new("c_total", "C.", fresh);
    assert_eq!(Beside::of(&fresh), ["{} 1"]);
}
