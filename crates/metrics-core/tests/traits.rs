//! What may cross threads, and what may cross a caught panic: every type that the crate exports is here.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use metrics_core::{
    Buckets, Child, CollectFn, Collector, Counter, CounterFn, CounterValue, Counts, Descriptor, Encoder,
    Escaping, Exemplar, ExemplarLabels, Extras, Family, FromOptions, Gauge, GaugeFn, GaugeValue, Handle,
    Histogram, HistogramSnapshot, HistogramValue, InProgress, Info, Instrument, InvalidBuckets,
    InvalidBucketsReason, InvalidDescriptor, InvalidExemplar, InvalidExemplarReason, InvalidIncrement,
    InvalidNative, InvalidNativeReason, InvalidReason, InvalidUpdate, LabelError, LabelErrorReason, LabelSet,
    LabelValue, LabelValues, Labels, Metric, MetricName, MetricType, Native, NativeBucket, NativeBuckets,
    NativeHistogram, NativeSpan, Number, Owned, Partial, PartialByName, Samples, Scrape, ScrapeError,
    ScrapeErrorReason, Select, SeriesLimitReached, StateSet, StateSetValue, States, Summary, SummaryValue,
    Timer, Timestamp, UnknownState, Value,
};

fn shared<T: Send + Sync>() {}
fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
fn error<T: std::error::Error + Send + Sync + UnwindSafe + RefUnwindSafe + 'static>() {}

macro_rules! all {
    ($check:ident: $($ty:ty),* $(,)?) => { $($check::<$ty>();)* };
}

#[test]
fn what_a_user_holds_is_send_and_sync() {
    all!(shared:
        Counter, Counter<f64>, Gauge, Gauge<i64>, Histogram, Summary, Info, StateSet, CounterFn<fn() -> u64>,
        GaugeFn<fn() -> u64>, CollectFn<fn(&mut Scrape<'_>)>, Metric<Counter>, Family<Histogram, 2>,
        Child<'static, Gauge>, Handle<Summary>, Owned<Counter>, Partial<'static, Counter, 2, 1>,
        PartialByName<'static, Counter, 2>, Timer<'static>, InProgress<'static>, InProgress<'static, i64>,
        HistogramSnapshot, Box<dyn Collector>, Select<Metric<Counter>>,
    );
}

#[test]
fn plain_values_are_send_sync_and_cross_a_caught_panic() {
    macro_rules! plain {
        ($($ty:ty),* $(,)?) => { $(shared::<$ty>(); unwinds::<$ty>();)* };
    }
    plain!(
        Buckets,
        States,
        LabelSet,
        Labels<'static>,
        Descriptor<'static>,
        MetricName<'static>,
        MetricType,
        Escaping,
        Number,
        Value<'static>,
        HistogramValue<'static>,
        Counts<'static>,
        SummaryValue<'static>,
        StateSetValue<'static>,
        NativeHistogram<'static>,
        NativeBuckets<'static>,
        NativeBucket,
        NativeSpan,
        Exemplar<'static>,
        ExemplarLabels,
        Extras<'static>,
        Native,
        Timestamp,
        Escaping,
        HistogramSnapshot,
        InvalidReason,
        InvalidBucketsReason,
        InvalidExemplarReason,
        InvalidNativeReason,
        LabelErrorReason,
        ScrapeErrorReason,
    );
}

#[test]
fn a_caught_panic_leaves_every_instrument_usable() {
    all!(unwinds:
        Counter, Counter<f64>, Gauge, Gauge<i64>, Histogram, Summary, Info, StateSet, CounterFn<fn() -> u64>,
        GaugeFn<fn() -> u64>, CollectFn<fn(&mut Scrape<'_>)>, Metric<Counter>, Metric<Histogram>,
        Family<Counter, 2>, Family<Histogram, 1>, Child<'static, Gauge>, Child<'static, Histogram>,
        Handle<Counter>, Handle<Histogram>, Owned<Counter>, Partial<'static, Counter, 2, 1>, PartialByName<'static, Counter, 2>,
    );
}

#[test]
fn errors_can_be_boxed_and_sent() {
    all!(error:
        InvalidDescriptor, InvalidBuckets, InvalidIncrement, InvalidExemplar, InvalidNative, InvalidUpdate, LabelError, ScrapeError, SeriesLimitReached, UnknownState
    );
}

/// Whether a type has a trait, for types that are to be without.
struct Probe<T: ?Sized>(PhantomData<T>);

/// What a [`Probe`] says where its own constants do not apply.
trait Otherwise {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T: ?Sized> Otherwise for Probe<T> {}

impl<T: ?Sized + Send> Probe<T> {
    const SEND: bool = true;
}

impl<T: ?Sized + Sync> Probe<T> {
    const SYNC: bool = true;
}

#[test]
fn a_scrape_stays_on_its_thread() {
    const { assert!(Probe::<Counter>::SEND && Probe::<Counter>::SYNC, "the probe finds what is there") };
    // Which registries are being scraped is noted per thread.
    const { assert!(!Probe::<Scrape<'static>>::SEND && !Probe::<Scrape<'static>>::SYNC) };
    const { assert!(!Probe::<Samples<'static>>::SEND && !Probe::<Samples<'static>>::SYNC) };
}

#[test]
fn a_closure_that_may_not_be_shared_makes_nothing_that_may() {
    const { assert!(!Probe::<GaugeFn<Cell<u64>>>::SYNC && Probe::<GaugeFn<Cell<u64>>>::SEND) };
    const { assert!(!Probe::<CounterFn<*const u64>>::SEND && !Probe::<CounterFn<*const u64>>::SYNC) };
    const { assert!(!Probe::<CollectFn<*const u64>>::SEND && !Probe::<CollectFn<*const u64>>::SYNC) };
    const { assert!(!Probe::<Metric<GaugeFn<Cell<u64>>>>::SYNC) };
    const { assert!(Probe::<dyn Collector>::SEND && Probe::<dyn Collector>::SYNC) };
}

/// Traits have their bounds, and are named here to be complete.
#[allow(dead_code)]
trait Bounds<Kind>: Encoder {
    type Shared: Instrument + FromOptions;
    type Numbers: CounterValue + GaugeValue;
    type One: LabelValue<Kind>;
    type All: LabelValues<1, Kind>;
}

#[test]
fn no_exported_type_is_missing_here() {
    let (library, this) = (include_str!("../src/lib.rs"), include_str!("traits.rs"));
    let code = library.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<String>();
    let exports = code.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
    let words = exports.flat_map(|export| export.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    let mut types: Vec<_> = words.filter(|word| word.starts_with(|c: char| c.is_uppercase())).collect();
    assert!(types.len() > 50, "{types:?}");
    // Once where it is imported, and once where it is checked.
    types.retain(|name| {
        this.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| w == name).count() < 2
    });
    assert!(types.is_empty(), "not checked: {types:?}");
}
