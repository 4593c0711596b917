use alloc::vec::Vec;
use core::marker::PhantomData;

use metrics_core::{
    Counts, Descriptor, Encoder, Extras, HistogramValue, Labels, MetricName, MetricType, Number,
    StateSetValue, SummaryValue, Value,
};

use crate::bounds::BoundTexts;
use crate::cursor::{Cursor, Label};
use crate::dialect::Dialect;
use crate::head::{Head, Name, PUNCTUATION, push_escaped};
use crate::lines::Lines;
use crate::number::LONGEST;
use crate::page::Page;

/// Writes samples in one of the text formats.
///
/// What the lines of a family have in common is rendered when the family begins, and what the lines
/// of a series have in common when the series is written; the rest is copying.
pub(crate) struct TextEncoder<'p, P, D> {
    pub(crate) lines: Lines<&'p mut P>,
    pub(crate) metric_type: MetricType,
    pub(crate) head: Head,
    pub(crate) sum_head: Head,
    pub(crate) count_head: Head,
    /// Of the sample with the time of creation, if it is one of its own.
    pub(crate) created_head: Option<Head>,
    /// The label that tells the states of a state set apart: `jobs_state="`.
    state_label: Vec<u8>,
    /// The beginning of each line of a series with several: `jobs_seconds_bucket{queue="mail",le="`.
    pub(crate) line: Vec<u8>,
    /// The name of the family in the lines about it.
    name: Vec<u8>,
    pub(crate) bounds: BoundTexts,
    pub(crate) quantiles: BoundTexts,
    dialect: PhantomData<D>,
}

impl<'p, P: Page, D: Dialect> TextEncoder<'p, P, D> {
    pub(crate) fn new(page: &'p mut P) -> Self {
        Self {
            lines: Lines::new(page),
            metric_type: MetricType::Unknown,
            head: Head::default(),
            sum_head: Head::default(),
            count_head: Head::default(),
            created_head: None,
            state_label: Vec::new(),
            line: Vec::new(),
            name: Vec::new(),
            bounds: BoundTexts::default(),
            quantiles: BoundTexts::default(),
            dialect: PhantomData,
        }
    }

    /// Puts what is left on the page.
    pub(crate) fn finish(mut self) {
        if D::OPEN_METRICS {
            self.lines.write(PUNCTUATION, |out| out.push("# EOF\n"));
        }
        self.lines.flush();
    }

    /// What most pages consist of, in the fewest instructions: no call, and so no register to save.
    /// False if it is for [`any`](Self::any).
    #[inline(always)]
    fn count_of_short_labels(&mut self, labels: Labels<'_>, v: u64) -> bool {
        let [constant, own] = labels.parts();
        let head = self.head.text();
        let is_plain = constant.is_empty() && !own.is_empty();
        if !is_plain || own.len() > Cursor::SHORT || head.len() > Cursor::SHORT {
            return false;
        }
        let start = head.len() + own.len();
        let Some(mut out) = self.lines.room_left(start + LONGEST + PUNCTUATION) else { return false };
        out.push_short(head);
        out.push_short(own.as_bytes());
        if v < 10 {
            out.push_array([b'}', b' ', b'0' + v as u8, b'\n']);
            self.lines.take(start + 4);
        } else {
            out.push_array(*b"} ");
            self.lines.take_and_end(start + 2, v);
        }
        true
    }

    #[inline(never)]
    fn any(&mut self, labels: Labels<'_>, value: Value<'_>) {
        match value {
            Value::Number(number) => self.number(labels, number),
            Value::Histogram(value) if !D::COMPOSITE => match value.counts() {
                Counts::Integers(counts) if !counts.is_empty() => self.histogram(labels, &value, counts),
                _ => self.histogram_with(labels, &value, &Extras::NONE),
            },
            value => self.sample_with(labels, value, &Extras::NONE),
        }
    }

    #[inline]
    fn number(&mut self, labels: Labels<'_>, number: Number) {
        let mut out = self.lines.room(self.head.most(labels) + LONGEST);
        self.head.push(&mut out, labels);
        D::push_number(&mut out, number);
        out.push_array([b'\n']);
        let len = out.len();
        self.lines.take(len);
    }

    #[inline(never)]
    fn histogram(&mut self, labels: Labels<'_>, value: &HistogramValue<'_>, counts: &[u64]) {
        // First, so that the bytes have arrived when they are read again.
        self.head.set_line(&mut self.line, labels, b"le=\"");
        let has_sum = self.has_sum(value);
        let bounds = self.bounds.of::<D>(value.bounds().iter().copied());
        let bucket = self.line.len() + Label::SIZE + LONGEST;
        let ends = self.sum_head.most(labels) + self.count_head.most(labels) + 2 * LONGEST;
        let out = self.lines.room(counts.len() * bucket + ends);
        let line = &self.line[..];
        let (mut out, count) = if line.len() <= Cursor::SHORT {
            with_buckets(out, bounds, counts, |out| out.push_short(line))
        } else {
            with_buckets(out, bounds, counts, |out| out.push_bytes(line))
        };
        if has_sum {
            self.sum_head.push(&mut out, labels);
            D::push_f64(&mut out, value.sum());
            out.push_array([b'\n']);
            self.count_head.push(&mut out, labels);
            out.push_u64(count);
            out.push_array([b'\n']);
        }
        let len = out.len();
        self.lines.take(len);
    }

    /// Whether a histogram has `_sum` and `_count`: in OpenMetrics 1.0 not if it can go down, or is
    /// not a number.
    pub(crate) fn has_sum(&self, value: &HistogramValue<'_>) -> bool {
        if !D::OPEN_METRICS {
            return true;
        }
        let has_negative_bucket = value.bounds().first().is_some_and(|bound| *bound < 0.0);
        match self.metric_type {
            MetricType::GaugeHistogram => value.sum() >= 0.0 || has_negative_bucket && !value.sum().is_nan(),
            _ => value.sum() >= 0.0 && !has_negative_bucket,
        }
    }

    #[inline(never)]
    fn summary(&mut self, labels: Labels<'_>, value: &SummaryValue<'_>, extras: &Extras<'_>) {
        self.head.set_line(&mut self.line, labels, b"quantile=\"");
        let tail = self.tail(extras);
        let quantiles = self.quantiles.of::<D>(value.quantiles().iter().map(|(quantile, _)| *quantile));
        let each = self.line.len() + LINE_REST;
        let ends = self.sum_head.most(labels) + self.count_head.most(labels) + 2 * (LONGEST + Label::SIZE);
        let mut out = self.lines.room(value.quantiles().len() * each + ends);
        // In OpenMetrics 1.0, neither may be negative, and the sum must be a number.
        let is_written = |v: f64| !D::OPEN_METRICS || v >= 0.0 || v.is_nan();
        for (quantile, (_, v)) in quantiles.iter().zip(value.quantiles()) {
            if is_written(*v) {
                out.push_bytes(&self.line);
                out.push_label(quantile);
                D::push_f64(&mut out, *v);
                out.push_label(&tail);
            }
        }
        if is_written(value.sum()) && !(D::OPEN_METRICS && value.sum().is_nan()) {
            self.sum_head.push(&mut out, labels);
            D::push_f64(&mut out, value.sum());
            out.push_label(&tail);
        }
        self.count_head.push(&mut out, labels);
        out.push_u64(value.count());
        out.push_label(&tail);
        let len = out.len();
        self.lines.take(len);
        self.created(labels, extras, &tail);
    }

    #[inline(never)]
    fn state_set(&mut self, labels: Labels<'_>, value: StateSetValue<'_>, extras: &Extras<'_>) {
        self.head.set_line(&mut self.line, labels, &self.state_label);
        let tail = self.tail(extras);
        let most = |state: &str| self.line.len() + 2 * state.len() + PUNCTUATION + Label::SIZE;
        let mut out = self.lines.room(value.states().map(|(state, _)| most(state)).sum());
        for (state, active) in value.states() {
            out.push_bytes(&self.line);
            push_escaped(&mut out, state, true);
            out.push(if active { "\"} 1" } else { "\"} 0" });
            out.push_label(&tail);
        }
        let len = out.len();
        self.lines.take(len);
    }
}

impl<P: Page, D: Dialect> Encoder for TextEncoder<'_, P, D> {
    fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
        let mut metric_type = descriptor.metric_type();
        let mut parts = [name.prefix(), name.name()];
        // The suffix of samples, which the family has too unless it is without.
        let mut suffix = "";
        let mut is_part_of_family = true;
        match metric_type {
            // What core calls the base is what other formats add `_info` to as well.
            MetricType::Info => {
                (parts[1], suffix) = (descriptor.base(), "_info");
                is_part_of_family = !D::OPEN_METRICS || D::COMPOSITE;
            }
            MetricType::Counter if D::OPEN_METRICS && !D::COMPOSITE => {
                if descriptor.base().len() < name.name().len() {
                    (parts[1], suffix) = (descriptor.base(), "_total");
                    is_part_of_family = false;
                } else {
                    // There is no such counter, and another name would be another series.
                    metric_type = MetricType::Unknown;
                }
            }
            _ => {}
        }
        let name = Name::new(parts, descriptor.is_utf8());
        // A state set must be told by a label of just its name.
        let is_split = metric_type == MetricType::StateSet
            && !name.is_quoted()
            && parts.iter().any(|part| part.contains(':'));
        let word = if is_split { "gauge" } else { D::type_word(metric_type) };

        name.set(&mut self.name, if is_part_of_family { suffix } else { "" });
        let unit = descriptor.unit().filter(|_| D::OPEN_METRICS).unwrap_or_default();
        let most = 3 * (self.name.len() + LONGEST_WORD) + 2 * descriptor.help().len() + unit.len();
        let mut out = self.lines.room(most);
        if !descriptor.help().is_empty() {
            out.push("# HELP ");
            out.push_bytes(&self.name);
            out.push_array([b' ']);
            push_escaped(&mut out, descriptor.help(), D::OPEN_METRICS);
            out.push_array([b'\n']);
        }
        out.push("# TYPE ");
        out.push_bytes(&self.name);
        out.push_array([b' ']);
        out.push(word);
        out.push_array([b'\n']);
        if !unit.is_empty() {
            out.push("# UNIT ");
            out.push_bytes(&self.name);
            out.push_array([b' ']);
            out.push(unit);
            out.push_array([b'\n']);
        }
        let len = out.len();
        self.lines.take(len);

        self.metric_type = metric_type;
        if D::COMPOSITE {
            self.head.set(name, suffix);
        } else {
            self.set_heads(name, suffix);
        }
        if metric_type == MetricType::StateSet {
            name.set_state_label(&mut self.state_label);
        }
    }

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        if let Value::Number(Number::U64(v)) = value {
            if self.count_of_short_labels(labels, v) {
                return;
            }
        }
        self.any(labels, value);
    }

    fn sample_with(&mut self, labels: Labels<'_>, value: Value<'_>, extras: &Extras<'_>) {
        match value {
            Value::Number(number) => self.number_with(labels, number, extras),
            Value::Histogram(value) if D::COMPOSITE => self.composite_histogram(labels, &value, extras),
            Value::Histogram(value) => self.histogram_with(labels, &value, extras),
            Value::Summary(value) if D::COMPOSITE => self.composite_summary(labels, &value, extras),
            Value::Summary(value) => self.summary(labels, &value, extras),
            Value::StateSet(value) => self.state_set(labels, value, extras),
            // A value of no type that this format has.
            _ => {}
        }
    }

    fn checkpoint(&mut self) -> u64 {
        self.lines.position()
    }

    fn rollback(&mut self, checkpoint: u64) {
        self.lines.rollback(checkpoint);
    }
}

impl<P: Page, D: Dialect> TextEncoder<'_, P, D> {
    /// The heads of the samples of a family.
    fn set_heads(&mut self, name: Name<'_>, suffix: &str) {
        let mut created = D::OPEN_METRICS;
        match self.metric_type {
            MetricType::Histogram => {
                self.head.set(name, "_bucket");
                self.sum_head.set(name, "_sum");
                self.count_head.set(name, "_count");
            }
            MetricType::GaugeHistogram => {
                self.head.set(name, "_bucket");
                self.sum_head.set(name, if D::OPEN_METRICS { "_gsum" } else { "_sum" });
                self.count_head.set(name, if D::OPEN_METRICS { "_gcount" } else { "_count" });
                created = false;
            }
            MetricType::Summary => {
                self.head.set(name, suffix);
                self.sum_head.set(name, "_sum");
                self.count_head.set(name, "_count");
            }
            other => {
                self.head.set(name, suffix);
                created &= other == MetricType::Counter;
            }
        }
        if created {
            self.created_head.get_or_insert_default().set(name, "_created");
        } else {
            self.created_head = None;
        }
    }
}

/// What a line of a sample with several takes after its beginning: the value of the last label, its own, its
/// time, and what stands between them.
pub(crate) const LINE_REST: usize = Label::SIZE + LONGEST + PUNCTUATION + Label::SIZE;

/// More than `# HELP ` and a blank, or `# TYPE ` and the type.
const LONGEST_WORD: usize = 24;

/// A line for each bucket, and the cumulative count of the last.
#[inline(always)]
fn with_buckets<'a>(
    mut out: Cursor<'a>,
    bounds: &[Label],
    counts: &[u64],
    push_line: impl Fn(&mut Cursor<'a>),
) -> (Cursor<'a>, u64) {
    let mut total = 0u64;
    for (bound, count) in bounds.iter().zip(counts) {
        total = total.wrapping_add(*count);
        push_line(&mut out);
        out.push_label(bound);
        out.push_u64(total);
        out.push_array([b'\n']);
    }
    (out, total)
}
