//! Every signature of the public interface, called as a user would write it. What this file calls, users
//! compile against.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use rutheus::{
    Buckets, Collector, CollectorRegistry, Counter, Descriptor, Encoder, Family, Gauge, Handle, Histogram,
    HistogramSnapshot, Info, InvalidDescriptor, InvalidIncrement, LabelError, LabelSet, Labels, Metric,
    MetricName, MetricType, Number, REGISTRY, Register, RegisterError, Registry, RegistryProxy, Scrape,
    SetRegistryError, StateSet, Summary, Timer, UnregisterError, Value, collect_fn, generate_metrics, text,
};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

#[test]
fn counters() -> Result {
    static WHOLE: Counter = Counter::<u64>::new();
    WHOLE.inc();
    WHOLE.inc_by(41);
    let value: u64 = WHOLE.get();
    assert_eq!(value, 42);

    static FLOAT: Counter<f64> = Counter::<f64>::new();
    FLOAT.inc();
    FLOAT.inc_by(0.5)?;
    let refused: InvalidIncrement = FLOAT.inc_by(-1.0).unwrap_err();
    assert_eq!(refused.value(), -1.0);
    let value: f64 = FLOAT.get();
    assert_eq!(value, 1.5);

    let failures: Counter = Counter::default();
    assert_eq!(failures.count_err("7".parse::<u8>())?, 7);
    assert!(failures.count_err("seven".parse::<u8>()).is_err());
    assert_eq!(failures.count_panics(|| "no panic"), "no panic");
    let caught = std::panic::catch_unwind(|| WHOLE.count_panics(|| std::panic::resume_unwind(Box::new(()))));
    assert!(caught.is_err());
    assert_eq!((failures.get(), WHOLE.get()), (1, 43));
    Ok(())
}

#[test]
fn gauges() {
    static FLOAT: Gauge = Gauge::<f64>::new();
    FLOAT.set(1.0);
    FLOAT.inc();
    FLOAT.dec();
    FLOAT.add(2.5);
    FLOAT.sub(0.5);
    let value: f64 = FLOAT.get();
    assert_eq!(value, 3.0);
    FLOAT.set_to_current_time();
    assert!(FLOAT.get() > 0.0);

    static WHOLE: Gauge<i64> = Gauge::<i64>::new();
    WHOLE.set(-3);
    WHOLE.inc();
    WHOLE.dec();
    WHOLE.add(5);
    WHOLE.sub(1);
    let value: i64 = WHOLE.get();
    assert_eq!(value, 1);
    {
        let _guard = WHOLE.track_in_progress();
        assert_eq!(WHOLE.get(), 2);
    }
    assert_eq!(WHOLE.get(), 1);
}

#[test]
fn histograms() -> Result {
    static SECONDS: Histogram = Histogram::new(&Histogram::DEFAULT_BUCKETS);
    SECONDS.observe(0.3);
    let timer: Timer<'_> = SECONDS.start_timer();
    let seconds: f64 = timer.observe();
    SECONDS.start_timer().discard();
    drop(SECONDS.start_timer());
    assert_eq!(SECONDS.time(|| 7), 7);
    let snapshot: HistogramSnapshot = SECONDS.snapshot();
    assert_eq!(snapshot.count(), 4);
    assert!(snapshot.sum() >= 0.3 + seconds);
    let last: Option<(f64, u64)> = snapshot.buckets().last();
    assert_eq!(last, Some((f64::INFINITY, 4)));

    let sizes = Histogram::with_buckets(Buckets::try_new([1.0, 2.0])?);
    sizes.observe(2.0);
    assert!(sizes.snapshot().buckets().eq([(1.0, 0), (2.0, 1), (f64::INFINITY, 1)]));
    Histogram::with_buckets(Buckets::try_new(vec![1.0])?);
    Histogram::with_buckets(Buckets::linear(0.0, 10.0, 5)?);
    Histogram::with_buckets(Buckets::exponential(0.001, 10.0, 5)?);
    assert!(Buckets::try_new([2.0, 1.0]).is_err());
    Ok(())
}

#[test]
fn summaries_info_and_state_sets() -> Result {
    static SECONDS: Summary = Summary::new();
    SECONDS.observe(2.0);
    assert_eq!(SECONDS.time(|| 7), 7);
    drop(SECONDS.start_timer());
    assert_eq!(SECONDS.count(), 3);

    static BUILD: Info = Info::new(&[("version", "1.0")]);
    assert!(BUILD.pairs().eq([("version", "1.0")]));

    static STATE: StateSet = StateSet::new(&["open", "closed"]);
    STATE.set("closed")?;
    assert_eq!(STATE.get(), "closed");
    Ok(())
}

#[test]
fn futures() -> Result {
    static FAILURES: Counter = Counter::<u64>::new();
    static IN_PROGRESS: Gauge<i64> = Gauge::<i64>::new();
    static SECONDS: Histogram = Histogram::new(&[1.0]);
    static LATENCY: Summary = Summary::new();

    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let work = async {
        let failed = FAILURES.count_err_future(async { "seven".parse::<u8>() }).await;
        assert_eq!(IN_PROGRESS.get(), 1);
        failed.is_err()
    };
    assert!(runtime.block_on(LATENCY.time_future(SECONDS.time_future(IN_PROGRESS.track_future(work)))));
    assert_eq!((FAILURES.get(), IN_PROGRESS.get()), (1, 0));
    assert_eq!((SECONDS.snapshot().count(), LATENCY.count()), (1, 1));
    Ok(())
}

#[test]
fn descriptors() -> Result {
    const QUEUE: Descriptor<'_> = Descriptor::new(MetricType::Gauge, "queue_depth", "Jobs that wait.");
    assert_eq!((QUEUE.name(), QUEUE.help(), QUEUE.unit()), ("queue_depth", "Jobs that wait.", None));
    assert_eq!(QUEUE.metric_type(), MetricType::Gauge);
    let invalid: InvalidDescriptor = Descriptor::try_new(MetricType::Gauge, "queue depth", "").unwrap_err();
    assert_eq!(invalid.metric(), "queue depth");
    let read = Descriptor::try_new(MetricType::Counter, "read_bytes_total", "")?.try_with_unit("bytes")?;
    assert_eq!(read.unit(), Some("bytes"));

    // New types can come.
    match QUEUE.metric_type() {
        MetricType::Counter
        | MetricType::Gauge
        | MetricType::Histogram
        | MetricType::Summary
        | MetricType::Info
        | MetricType::StateSet
        | MetricType::GaugeHistogram
        | MetricType::Unknown => {}
        _ => unreachable!(),
    }
    Ok(())
}

#[test]
fn metrics_with_names() -> Result {
    static COUNTER: Metric<Counter> = Metric::counter("a_total", "A.");
    static GAUGE: Metric<Gauge> = Metric::gauge("b", "B.");
    static SUMMARY: Metric<Summary> = Metric::summary("c", "C.");
    static HISTOGRAM: Metric<Histogram> = Metric::histogram("d", "D.", &[1.0]);
    static INFO: Metric<Info> = Metric::info("e", "E.", &[("version", "1.0")]);
    static STATES: Metric<StateSet> = Metric::state_set("f", "F.", &["on", "off"]);
    static WHOLE: Metric<Gauge<i64>> = Metric::new("g", "G.", Gauge::<i64>::new());

    COUNTER.inc();
    GAUGE.set(2.0);
    SUMMARY.observe(3.0);
    HISTOGRAM.observe(4.0);
    STATES.set("off")?;
    WHOLE.sub(5);
    let named: Metric<Counter> = Metric::try_new(format!("{}_total", "h"), "H.", Counter::<u64>::new())?;
    let boxed: Metric<Counter> = Metric::try_new("i_total", String::from("I."), Counter::<u64>::new())?;
    assert!(Metric::try_new("i total", "I.", Counter::<u64>::new()).is_err());

    let all: &[&dyn Collector] =
        &[&COUNTER, &GAUGE, &SUMMARY, &HISTOGRAM, &INFO, &STATES, &WHOLE, &named, &boxed];
    let page = generate_metrics(all);
    let samples: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        samples,
        [
            "a_total 1",
            "b 2",
            "c_sum 3",
            "c_count 1",
            "d_bucket{le=\"1\"} 0",
            "d_bucket{le=\"+Inf\"} 1",
            "d_sum 4",
            "d_count 1",
            "e_info{version=\"1.0\"} 1",
            "f{f=\"on\"} 0",
            "f{f=\"off\"} 1",
            "g -5",
            "h_total 0",
            "i_total 0",
        ]
    );
    Ok(())
}

#[test]
fn families() -> Result {
    static REQUESTS: Family<Counter, 2> =
        Family::counter("requests_total", "Requests.", ["method", "status"])
            .default_labels([Some("GET"), None]);
    static DEPTH: Family<Gauge, 1> =
        Family::gauge("depth", "Depth.", ["queue"]).default_labels([Some("main")]);
    static SIZES: Family<Summary, 1> = Family::summary("size_bytes", "Size.", ["kind"]);
    static SECONDS: Family<Histogram, 1> = Family::histogram("seconds", "Time.", ["kind"], &[0.1, 1.0]);

    REQUESTS.with(["GET", "200"]).inc();
    REQUESTS.with([String::from("GET"), String::from("200")]).inc();
    REQUESTS.with(("GET", 200)).inc();
    REQUESTS.with((String::from("GET"), 200u16)).inc();
    REQUESTS.with((Cow::Borrowed("GET"), true)).inc();
    assert_eq!(REQUESTS.with(["GET", "200"]).get(), 4);

    let hot: Handle<Counter> = REQUESTS.handle(["GET", "200"]);
    let thread = hot.clone();
    std::thread::spawn(move || thread.inc()).join().map_err(|_| "the thread panicked")?;
    assert_eq!(hot.get(), 5);

    DEPTH.with_defaults()?.set(3.0);
    assert_eq!(DEPTH.with(["main"]).get(), 3.0);
    let missing: LabelError = REQUESTS.with_defaults().unwrap_err();
    assert_eq!(missing.family(), "requests_total");

    REQUESTS.curry(["GET"]).with(["200"]).inc();
    REQUESTS.label("status", "200")?.label("method", "GET")?.get()?.inc();
    REQUESTS.label("status", "200")?.get()?.inc();
    assert!(REQUESTS.label("path", "/").is_err());

    assert_eq!(REQUESTS.get(["GET", "200"]).map(|child| child.get()), Some(8));
    assert!(REQUESTS.get(["GET", "404"]).is_none());
    assert_eq!((REQUESTS.len(), REQUESTS.is_empty()), (2, false));
    assert!(REQUESTS.remove(("GET", true)));
    assert_eq!(REQUESTS.remove_matching(&[("method", "GET")]), 1);
    REQUESTS.clear();
    assert!(REQUESTS.is_empty());

    SIZES.with(["image"]).observe(10.0);
    SECONDS.with(["image"]).observe(0.5);
    assert!(generate_metrics(&(&SIZES, &SECONDS)).contains("\nseconds_bucket{kind=\"image\",le=\"1\"} 1\n"));

    // What is known at run time only.
    let counters: Family<Counter, 1> = Family::try_new("x_total", "X.", [String::from("peer")], ())?;
    let times: Family<Histogram, 1> = Family::try_new("y", "Y.", ["peer"], Buckets::try_new([1.0])?)?;
    counters.with(["a"]).inc();
    times.with(["a"]).time(|| ());
    let reserved = Family::<Histogram, 1>::try_new("y", "Y.", ["le"], Buckets::try_new([1.0])?).unwrap_err();
    assert_eq!((reserved.metric(), reserved.label()), ("y", "le"));
    Ok(())
}

#[test]
fn collectors_and_encoders() -> Result {
    struct Rooms;

    impl Collector for Rooms {
        fn collect(&self, scrape: &mut Scrape<'_>) {
            const CELSIUS: Descriptor<'_> =
                Descriptor::new(MetricType::Gauge, "room_celsius", "Temperature.");
            const OPENED: Descriptor<'_> =
                Descriptor::new(MetricType::Counter, "doors_total", "Doors opened.");
            let mut samples = scrape.family(&CELSIUS);
            samples.push([("room", "kitchen")], 21.5);
            samples.push([("room", "cellar")], 12);
            let door = LabelSet::new([("door", "front")]).expect("a valid name");
            scrape.family(&OPENED).sample(door.labels(), Value::Number(Number::U64(3)));
            scrape.prefixed("upstairs", |scrape| {
                scrape.labelled(&[("floor", "1")], |scrape| scrape.family(&CELSIUS).push([], 19u64));
            });
        }
    }

    #[derive(Default)]
    struct Recorder(Vec<String>);

    impl Encoder for Recorder {
        fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
            self.0.push(format!("{name} {}", descriptor.metric_type()));
        }

        fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
            self.0.push(format!("{labels:?} {value:?}"));
        }
    }

    let mut recorder = Recorder::default();
    Rooms.collect(&mut Scrape::new(&mut recorder));
    assert_eq!(recorder.0.len(), 7, "{:?}", recorder.0);
    assert_eq!(recorder.0[5], "upstairs_room_celsius gauge");

    let mut names = Vec::new();
    Rooms.describe(&mut |name, _| names.push(name.to_string()));
    assert_eq!(names, ["room_celsius", "doors_total", "upstairs_room_celsius"]);

    // References, shared ones, closures and groups are collectors.
    let shared: Arc<dyn Collector> = Arc::new(Rooms);
    let page = generate_metrics(&shared);
    assert_eq!(page, generate_metrics(&Rooms));
    assert_eq!(page, generate_metrics(&collect_fn(|scrape| Rooms.collect(scrape))));
    assert_eq!(page, generate_metrics(&vec![&*shared]));
    assert!(page.ends_with("upstairs_room_celsius{floor=\"1\"} 19\n"));
    let computed = Metric::gauge_fn("threads", "Threads.", || 4u64);
    let counted = Metric::counter_fn("faults_total", "Faults.", || 0.5);
    assert!(generate_metrics(&(computed, counted)).ends_with("faults_total 0.5\n"));
    Ok(())
}

#[test]
fn registries() -> Result {
    let registry = CollectorRegistry::new();
    let prefixed = CollectorRegistry::with_prefix("service_a")?;
    let built = CollectorRegistry::builder().prefix("shop").label("region", "eu").build()?;
    assert!(CollectorRegistry::with_prefix("service a").is_err());
    assert_eq!((registry.prefix(), prefixed.prefix().as_deref()), (None, Some("service_a")));

    let hits: Arc<Metric<Counter>> = Metric::counter("hits_total", "Hits.").register_in(&registry)?;
    let family = Family::counter("misses_total", "Misses.", ["key"]).register_in(&registry)?;
    prefixed.register(hits.clone())?;
    built.register(family.clone())?;
    hits.inc();
    family.with(["a"]).inc();
    assert!(generate_metrics(&prefixed).ends_with("service_a_hits_total 1\n"));
    assert!(generate_metrics(&built).ends_with("shop_misses_total{region=\"eu\",key=\"a\"} 1\n"));

    let duplicate: RegisterError = registry.register(hits.clone()).unwrap_err();
    assert!(matches!(duplicate, RegisterError::Duplicate { .. }));
    let left: Arc<dyn Collector> = registry.unregister("hits_total")?;
    assert!(generate_metrics(&left).ends_with("hits_total 1\n"));
    let absent: UnregisterError = registry.unregister("hits_total").err().ok_or("it is gone")?;
    assert!(absent.to_string().contains("hits_total"));
    // A registry of one's own makes these errors.
    assert_ne!(RegisterError::duplicate("a", "b").to_string(), RegisterError::refused("a", "no").to_string());
    assert_ne!(UnregisterError::not_registered("a"), UnregisterError::refused("a", "no"));

    static PROXY: RegistryProxy = RegistryProxy::new();
    let current: Arc<dyn Registry> = PROXY.current();
    let previous: Arc<dyn Registry> = PROXY.set_registry(Arc::new(registry))?;
    assert!(Arc::ptr_eq(&current, &previous));
    let outer = Arc::new(CollectorRegistry::new());
    outer.register(Arc::new(&PROXY))?;
    let cycle: SetRegistryError = PROXY.set_registry(outer).err().ok_or("it contains the proxy")?;
    assert_eq!(cycle, SetRegistryError::Cycle);

    let global = Metric::counter("global_total", "Global.").register()?;
    global.inc();
    assert!(generate_metrics(&REGISTRY).contains("\nglobal_total 1\n"));
    Ok(())
}

#[test]
fn pages() -> Result {
    let up = Metric::gauge("up", "Up.");
    let page: String = generate_metrics(&up);
    let mut encoded = String::from("kept\n");
    text::encode(&up, &mut encoded);
    let mut written = Vec::new();
    text::write(&up, &mut written)?;
    assert_eq!(page, "# HELP up Up.\n# TYPE up gauge\nup 0\n");
    assert_eq!(encoded, format!("kept\n{page}"));
    assert_eq!(written, page.as_bytes());
    let content_type: &str = text::CONTENT_TYPE;
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    Ok(())
}

mod declared {
    rutheus::metrics! {
        /// A metric that other modules update.
        pub(crate) static HITS: rutheus::Metric<rutheus::Counter> =
            rutheus::Metric::counter("declared_hits_total", "Hits.");
    }
}

#[test]
fn declared_metrics() {
    declared::HITS.inc();
    assert!(rutheus::gather().contains("\ndeclared_hits_total 1\n"));
}

#[test]
fn what_threads_share_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Metric<Counter>>();
    shared::<Family<Histogram, 2>>();
    shared::<Handle<Histogram>>();
    shared::<CollectorRegistry>();
    shared::<RegistryProxy>();
    shared::<Arc<dyn Registry>>();
    shared::<RegisterError>();
}
