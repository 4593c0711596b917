use alloc::string::String;
use alloc::vec::Vec;

use metrics_core::{
    Counts, Descriptor, Encoder, HistogramValue, Labels, MetricName, MetricType, Number, StateSetValue,
    SummaryValue, Value,
};

use crate::bounds::BoundTexts;
use crate::cursor::{Cursor, Label};
use crate::lines::Lines;
use crate::number::{LONGEST, push_number};
use crate::page::Page;

/// Writes samples in the text format.
///
/// What the lines of a family have in common is rendered when the family begins, and what the lines
/// of a series have in common when the series is written; the rest is copying.
pub(crate) struct TextEncoder<'p, P> {
    lines: Lines<'p, P>,
    /// The beginning of a line: the full name, a suffix for some types, and `{`.
    head: Vec<u8>,
    sum_head: Vec<u8>,
    count_head: Vec<u8>,
    /// The label that tells the states of a state set apart: `jobs_state="`.
    state_label: String,
    /// The beginning of each line of a series with several: `jobs_seconds_bucket{queue="mail",le="`.
    line: Vec<u8>,
    bounds: BoundTexts,
    quantiles: BoundTexts,
}

impl<'p, P: Page> TextEncoder<'p, P> {
    pub(crate) fn new(page: &'p mut P) -> Self {
        Self {
            lines: Lines::new(page),
            head: Vec::new(),
            sum_head: Vec::new(),
            count_head: Vec::new(),
            state_label: String::new(),
            line: Vec::new(),
            bounds: BoundTexts::default(),
            quantiles: BoundTexts::default(),
        }
    }

    /// Puts what is left on the page.
    pub(crate) fn finish(mut self) {
        self.lines.flush();
    }

    /// What most pages consist of, in the fewest instructions: no call, and so no register to save.
    /// False if it is for [`any`](Self::any).
    #[inline(always)]
    fn count_of_short_labels(&mut self, labels: Labels<'_>, v: u64) -> bool {
        let [constant, own] = labels.parts();
        let is_plain = constant.is_empty() && !own.is_empty();
        if !is_plain || own.len() > Cursor::SHORT || self.head.len() > Cursor::SHORT {
            return false;
        }
        let most = self.head.len() + own.len() + LONGEST + PUNCTUATION;
        let Some(mut out) = self.lines.room_left(most) else { return false };
        out.push_short(&self.head);
        out.push_short(own.as_bytes());
        let start = self.head.len() + own.len();
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
            Value::Histogram(value) => self.histogram(labels, &value),
            Value::Summary(value) => self.summary(labels, &value),
            Value::StateSet(value) => self.state_set(labels, value),
            // A value of no type that this format has.
            _ => {}
        }
    }

    #[inline]
    fn number(&mut self, labels: Labels<'_>, number: Number) {
        let mut out = self.lines.room(self.head.len() + length(labels) + LONGEST + PUNCTUATION);
        push_start(&mut out, &self.head, labels);
        push_number(&mut out, number);
        out.push_array([b'\n']);
        let len = out.len();
        self.lines.take(len);
    }

    #[inline(never)]
    fn histogram(&mut self, labels: Labels<'_>, value: &HistogramValue<'_>) {
        // First, so that the bytes have arrived when they are read again.
        set_line(&mut self.line, &self.head, labels, "le=\"");
        let bounds = self.bounds.of(value.bounds().iter().copied());
        let bucket = self.line.len() + Label::SIZE + LONGEST;
        let ends = two_lines([&self.sum_head, &self.count_head], labels);
        let mut out = self.lines.room((value.bounds().len() + 1) * bucket + ends);
        let line = &self.line[..];
        match value.counts() {
            Counts::Integers(counts) if !value.is_native_only() && line.len() <= Cursor::SHORT => {
                out = with_buckets(out, bounds, counts, |out| out.push_short(line));
            }
            Counts::Integers(counts) if !value.is_native_only() => {
                out = with_buckets(out, bounds, counts, |out| out.push_bytes(line));
            }
            _ => {
                for (bound, (_, count)) in bounds.iter().zip(value.buckets()) {
                    out.push_bytes(line);
                    out.push_label(bound);
                    push_number(&mut out, count);
                    out.push_array([b'\n']);
                }
            }
        }
        push_start(&mut out, &self.sum_head, labels);
        push_number(&mut out, Number::F64(value.sum()));
        out.push_array([b'\n']);
        push_start(&mut out, &self.count_head, labels);
        push_number(&mut out, value.count());
        out.push_array([b'\n']);
        let len = out.len();
        self.lines.take(len);
    }

    #[inline(never)]
    fn summary(&mut self, labels: Labels<'_>, value: &SummaryValue<'_>) {
        let mut most = two_lines([&self.sum_head, &self.count_head], labels);
        let mut quantiles = &[][..];
        if !value.quantiles().is_empty() {
            quantiles = self.quantiles.of(value.quantiles().iter().map(|(quantile, _)| *quantile));
            set_line(&mut self.line, &self.head, labels, "quantile=\"");
            most += value.quantiles().len() * (self.line.len() + Label::SIZE + LONGEST + PUNCTUATION);
        }
        let mut out = self.lines.room(most);
        for (quantile, (_, v)) in quantiles.iter().zip(value.quantiles()) {
            out.push_bytes(&self.line);
            out.push_label(quantile);
            push_number(&mut out, Number::F64(*v));
            out.push_array([b'\n']);
        }
        push_start(&mut out, &self.sum_head, labels);
        push_number(&mut out, Number::F64(value.sum()));
        out.push_array([b'\n']);
        push_start(&mut out, &self.count_head, labels);
        push_number(&mut out, Number::U64(value.count()));
        out.push_array([b'\n']);
        let len = out.len();
        self.lines.take(len);
    }

    #[inline(never)]
    fn state_set(&mut self, labels: Labels<'_>, value: StateSetValue<'_>) {
        set_line(&mut self.line, &self.head, labels, &self.state_label);
        let most = |state: &str| self.line.len() + 2 * state.len() + PUNCTUATION;
        let mut out = self.lines.room(value.states().map(|(state, _)| most(state)).sum());
        for (state, active) in value.states() {
            out.push_bytes(&self.line);
            push_escaped(&mut out, state, true);
            out.push(if active { "\"} 1\n" } else { "\"} 0\n" });
        }
        let len = out.len();
        self.lines.take(len);
    }
}

impl<P: Page> Encoder for TextEncoder<'_, P> {
    fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
        let metric_type = descriptor.metric_type();
        // What core calls the base is what other formats add `_info` to as well.
        let (name, suffix) = match metric_type {
            MetricType::Info => ([name.prefix(), descriptor.base()], "_info"),
            _ => ([name.prefix(), name.name()], ""),
        };

        let full = name[0].len() + name[1].len() + suffix.len();
        let mut out = self.lines.room(2 * (full + LONGEST_WORD) + 2 * descriptor.help().len());
        if !descriptor.help().is_empty() {
            for part in ["# HELP ", name[0], name[1], suffix, " "] {
                out.push(part);
            }
            push_escaped(&mut out, descriptor.help(), false);
            out.push_array([b'\n']);
        }
        for part in ["# TYPE ", name[0], name[1], suffix, type_word(metric_type)] {
            out.push(part);
        }
        let len = out.len();
        self.lines.take(len);

        match metric_type {
            MetricType::Histogram | MetricType::GaugeHistogram => {
                set_all(&mut self.head, &[name[0], name[1], "_bucket{"]);
            }
            _ => set_all(&mut self.head, &[name[0], name[1], suffix, "{"]),
        }
        match metric_type {
            MetricType::Histogram | MetricType::GaugeHistogram | MetricType::Summary => {
                set_all(&mut self.sum_head, &[name[0], name[1], "_sum{"]);
                set_all(&mut self.count_head, &[name[0], name[1], "_count{"]);
            }
            MetricType::StateSet => {
                self.state_label.clear();
                // A metric name may have colons, a label name may not.
                for part in name[0].split_inclusive(':').chain(name[1].split_inclusive(':')) {
                    match part.strip_suffix(':') {
                        Some(part) => self.state_label.extend([part, "_"]),
                        None => self.state_label.push_str(part),
                    }
                }
                self.state_label.push_str("=\"");
            }
            _ => {}
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

    fn checkpoint(&mut self) -> u64 {
        self.lines.position()
    }

    fn rollback(&mut self, checkpoint: u64) {
        self.lines.rollback(checkpoint);
    }
}

/// More than the braces, quotes, commas, blanks and the line feed of one line without its last label.
const PUNCTUATION: usize = 8;

/// More than `# HELP ` and a blank, or `# TYPE ` and the type.
const LONGEST_WORD: usize = 24;

fn type_word(metric_type: MetricType) -> &'static str {
    match metric_type {
        MetricType::Counter => " counter\n",
        MetricType::Gauge | MetricType::Info | MetricType::StateSet => " gauge\n",
        MetricType::Histogram | MetricType::GaugeHistogram => " histogram\n",
        MetricType::Summary => " summary\n",
        _ => " untyped\n",
    }
}

#[inline]
fn length(labels: Labels<'_>) -> usize {
    let [constant, own] = labels.parts();
    constant.len() + own.len()
}

/// `name{labels} `, or without labels `name `; `head` ends with the brace.
#[inline(always)]
fn push_start(out: &mut Cursor<'_>, head: &[u8], labels: Labels<'_>) {
    let [constant, own] = labels.parts();
    if labels.is_empty() {
        out.push_bytes(&head[..head.len() - 1]);
        out.push_array([b' ']);
        return;
    }
    out.push_bytes(head);
    if !constant.is_empty() {
        out.push(constant);
        if !own.is_empty() {
            out.push_array([b',']);
        }
    }
    out.push(own);
    out.push_array(*b"} ");
}

/// A line for each bucket.
#[inline(always)]
fn with_buckets<'a>(
    mut out: Cursor<'a>,
    bounds: &[Label],
    counts: &[u64],
    push_line: impl Fn(&mut Cursor<'a>),
) -> Cursor<'a> {
    let mut total = 0u64;
    for (bound, count) in bounds.iter().zip(counts) {
        total = total.wrapping_add(*count);
        push_line(&mut out);
        out.push_label(bound);
        out.push_u64(total);
        out.push_array([b'\n']);
    }
    out
}

/// The most that a line with each of `heads`, the labels and a number takes.
fn two_lines(heads: [&[u8]; 2], labels: Labels<'_>) -> usize {
    let start = |head: &[u8]| head.len() + length(labels) + PUNCTUATION;
    heads.map(start).iter().sum::<usize>() + 2 * LONGEST
}

/// Makes `line` `head`, the labels and the beginning of one more label.
fn set_line(line: &mut Vec<u8>, head: &[u8], labels: Labels<'_>, last: &str) {
    line.clear();
    line.extend_from_slice(head);
    for part in labels.parts() {
        if !part.is_empty() {
            line.extend_from_slice(part.as_bytes());
            line.push(b',');
        }
    }
    line.extend_from_slice(last.as_bytes());
}

fn set_all(text: &mut Vec<u8>, parts: &[&str]) {
    text.clear();
    for part in parts {
        text.extend_from_slice(part.as_bytes());
    }
}

/// Escapes `\` and line feeds, and in a label value also `"`: anything else is as it is, in every
/// version of the format. It takes at most twice the length of `text`.
fn push_escaped(out: &mut Cursor<'_>, text: &str, in_quotes: bool) {
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape = match byte {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'"' if in_quotes => "\\\"",
            _ => continue,
        };
        out.push_bytes(&bytes[start..at]);
        out.push(escape);
        start = at + 1;
    }
    out.push_bytes(&bytes[start..]);
}
