//! What may cross threads, and what may cross a caught panic.

use std::panic::{RefUnwindSafe, UnwindSafe};

use metrics_core::{
    Buckets, Child, Collector, Counter, Family, Gauge, Handle, Histogram, HistogramSnapshot, InProgress,
    Info, InvalidBuckets, InvalidDescriptor, InvalidIncrement, LabelError, LabelSet, Metric, Partial,
    PartialByName, ScrapeError, StateSet, States, Summary, Timer, UnknownState,
};

fn shared<T: Send + Sync>() {}
fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn everything_a_user_holds_is_send_and_sync() {
    shared::<(Counter, Counter<f64>, Gauge, Gauge<i64>, Histogram, Summary, Info, StateSet)>();
    shared::<(Metric<Counter>, Family<Histogram, 2>, Child<'static, Gauge>, Handle<Summary>)>();
    shared::<(Timer<'static>, InProgress<'static>, Partial<'static, Counter, 2, 1>)>();
    shared::<(PartialByName<'static, Counter, 2>, Buckets, States, HistogramSnapshot, LabelSet)>();
    shared::<Box<dyn Collector>>();
    unwinds::<(Counter, Counter<f64>, Gauge, Histogram, Summary, Info, StateSet, Metric<Counter>)>();
    unwinds::<(Handle<Counter>, Family<Counter, 2>, Family<Histogram, 1>)>();
    error::<InvalidDescriptor>();
    error::<InvalidBuckets>();
    error::<InvalidIncrement>();
    error::<LabelError>();
    error::<ScrapeError>();
    error::<UnknownState>();
}
