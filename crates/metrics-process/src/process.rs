use metrics_core::{Collector, Descriptor, MetricName, MetricType, Number, Scrape};

/// The standard metrics of a process, under the names that every client library of Prometheus has:
///
/// | Metric | Meaning |
/// |---|---|
/// | `process_cpu_seconds_total` | CPU time of the process, its own and that of the system for it |
/// | `process_open_fds`, `process_max_fds` | open files, and how many may be open |
/// | `process_virtual_memory_bytes`, `process_virtual_memory_max_bytes` | address space, and how much there may be (absent if there is no limit) |
/// | `process_resident_memory_bytes` | memory in use |
/// | `process_start_time_seconds` | when the process began, in Unix time |
/// | `process_threads` | threads |
/// | `process_network_receive_bytes_total`, `process_network_transmit_bytes_total` | traffic of the network namespace, which a container has for itself |
///
/// They are read from `/proc`, on Linux; what is not to be had there, such as in a sandbox, is left out. On
/// other systems there are none.
///
/// ```
/// use metrics_process::ProcessMetrics;
///
/// let page = metrics_exposition::generate_metrics(&ProcessMetrics::new());
/// # #[cfg(target_os = "linux")]
/// assert!(page.contains("\nprocess_cpu_seconds_total "));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessMetrics {}

impl ProcessMetrics {
    /// The metrics of this process.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

/// What was read; `None` is what could not be.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Readings {
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) open_files: Option<u64>,
    pub(crate) most_files: Option<u64>,
    pub(crate) virtual_bytes: Option<u64>,
    pub(crate) most_virtual_bytes: Option<u64>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) start_seconds: Option<f64>,
    pub(crate) threads: Option<u64>,
    pub(crate) received_bytes: Option<u64>,
    pub(crate) sent_bytes: Option<u64>,
}

const fn gauge(name: &'static str, help: &'static str) -> Descriptor<'static> {
    Descriptor::new(MetricType::Gauge, name, help)
}

const fn counter(name: &'static str, help: &'static str) -> Descriptor<'static> {
    Descriptor::new(MetricType::Counter, name, help)
}

/// In the order of [`Readings::numbers`].
const FAMILIES: [Descriptor<'_>; 10] = [
    counter("process_cpu_seconds_total", "CPU time of the process and of the system for it."),
    gauge("process_open_fds", "Open files."),
    gauge("process_max_fds", "Files that may be open."),
    gauge("process_virtual_memory_bytes", "Address space in use."),
    gauge("process_virtual_memory_max_bytes", "Address space that may be in use."),
    gauge("process_resident_memory_bytes", "Memory in use."),
    gauge("process_start_time_seconds", "When the process began, in Unix time."),
    gauge("process_threads", "Threads."),
    counter("process_network_receive_bytes_total", "Bytes received in the network namespace."),
    counter("process_network_transmit_bytes_total", "Bytes sent in the network namespace."),
];

impl Readings {
    fn numbers(&self) -> [Option<Number>; 10] {
        [
            self.cpu_seconds.map(Into::into),
            self.open_files.map(Into::into),
            self.most_files.map(Into::into),
            self.virtual_bytes.map(Into::into),
            self.most_virtual_bytes.map(Into::into),
            self.resident_bytes.map(Into::into),
            self.start_seconds.map(Into::into),
            self.threads.map(Into::into),
            self.received_bytes.map(Into::into),
            self.sent_bytes.map(Into::into),
        ]
    }
}

impl Collector for ProcessMetrics {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        #[cfg(target_os = "linux")]
        let readings = crate::procfs::read();
        #[cfg(not(target_os = "linux"))]
        let readings = Readings::default();
        for (family, number) in FAMILIES.iter().zip(readings.numbers()) {
            if let Some(number) = number {
                scrape.family(family).push([], number);
            }
        }
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        for family in &FAMILIES {
            visit(MetricName::new("", family.name()), family);
        }
    }
}
