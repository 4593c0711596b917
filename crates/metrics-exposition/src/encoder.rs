use alloc::string::String;

use metrics_core::{
    Counts, Descriptor, Encoder, HistogramValue, Labels, MetricName, MetricType, Number, StateSetValue,
    SummaryValue, Value,
};

use crate::bounds::BoundTexts;
use crate::number::{LONGEST, push_number};
use crate::page::Page;

/// Writes samples in the text format.
///
/// What the lines of a family have in common is rendered when the family begins, and what the lines
/// of a series have in common when the series is written; the rest is copying.
pub(crate) struct TextEncoder<'p, P> {
    page: &'p mut P,
    /// The beginning of a line: the full name, a suffix for some types, and `{`.
    head: String,
    sum_head: String,
    count_head: String,
    /// The label that tells the states of a state set apart: `jobs_state="`.
    state_label: String,
    /// The beginning of each line of a series with several, after the line feed of the one before:
    /// `\njobs_seconds_bucket{queue="mail",le="`.
    line: String,
    bounds: BoundTexts,
    quantiles: BoundTexts,
}

impl<'p, P: Page> TextEncoder<'p, P> {
    pub(crate) fn new(page: &'p mut P) -> Self {
        Self {
            page,
            head: String::new(),
            sum_head: String::new(),
            count_head: String::new(),
            state_label: String::new(),
            line: String::new(),
            bounds: BoundTexts::default(),
            quantiles: BoundTexts::default(),
        }
    }

    #[inline]
    fn number(&mut self, labels: Labels<'_>, number: Number) {
        let out = self.page.text();
        out.reserve(self.head.len() + length(labels) + LONGEST + PUNCTUATION);
        push_start(out, &self.head, labels);
        // The digits of an integer and the line feed need no call.
        let mut buffer = itoa::Buffer::new();
        match number {
            Number::U64(v) => out.push_str(buffer.format(v)),
            Number::I64(v) => out.push_str(buffer.format(v)),
            other => push_number(out, other),
        }
        out.push('\n');
    }

    #[inline(never)]
    fn histogram(&mut self, labels: Labels<'_>, value: &HistogramValue<'_>) {
        const INFINITE: &str = "+Inf\"} ";
        self.bounds.set(value.bounds().iter().copied());
        set_line(&mut self.line, &self.head, labels, "le=\"");

        let out = self.page.text();
        let bucket = self.line.len() + self.bounds.longest().max(INFINITE.len()) + LONGEST;
        let ends = self.sum_head.len() + self.count_head.len() + 2 * (length(labels) + LONGEST + PUNCTUATION);
        out.reserve((value.bounds().len() + 1) * bucket + ends);

        // A bucket that nothing was observed in has the cumulative count of the one before, and so has
        // `_count` that of the last: the text is made only where the number changes.
        let mut buffer = itoa::Buffer::new();
        let mut total = 0u64;
        let mut text = "0";
        // The first line has no other one before it, whose line feed the beginning contains.
        let mut line = &self.line[1..];
        let bounds = self.bounds.iter().chain([INFINITE]);
        match value.counts() {
            Counts::Integers(counts) if !value.is_native_only() => {
                for (bound, count) in bounds.zip(counts) {
                    if *count != 0 {
                        total = total.wrapping_add(*count);
                        text = buffer.format(total);
                    }
                    out.push_str(line);
                    out.push_str(bound);
                    out.push_str(text);
                    line = &self.line;
                }
            }
            _ => {
                for (bound, (_, count)) in bounds.zip(value.buckets()) {
                    out.push_str(line);
                    out.push_str(bound);
                    push_number(out, count);
                    line = &self.line;
                }
            }
        }
        out.push('\n');
        push_start(out, &self.sum_head, labels);
        push_number(out, Number::F64(value.sum()));
        out.push('\n');
        push_start(out, &self.count_head, labels);
        match value.counts() {
            Counts::Integers(_) if !value.is_native_only() => out.push_str(text),
            _ => push_number(out, value.count()),
        }
        out.push('\n');
    }

    #[inline(never)]
    fn summary(&mut self, labels: Labels<'_>, value: &SummaryValue<'_>) {
        let out = self.page.text();
        let ends = self.sum_head.len() + self.count_head.len() + 2 * (length(labels) + LONGEST + PUNCTUATION);
        if value.quantiles().is_empty() {
            out.reserve(ends);
        } else {
            self.quantiles.set(value.quantiles().iter().map(|(quantile, _)| *quantile));
            set_line(&mut self.line, &self.head, labels, "quantile=\"");
            let line = self.line.len() + self.quantiles.longest() + LONGEST;
            out.reserve(value.quantiles().len() * line + ends);
            for (quantile, (_, v)) in self.quantiles.iter().zip(value.quantiles()) {
                out.push_str(&self.line[1..]);
                out.push_str(quantile);
                push_number(out, Number::F64(*v));
                out.push('\n');
            }
        }
        push_start(out, &self.sum_head, labels);
        push_number(out, Number::F64(value.sum()));
        out.push('\n');
        push_start(out, &self.count_head, labels);
        push_number(out, Number::U64(value.count()));
        out.push('\n');
    }

    #[inline(never)]
    fn state_set(&mut self, labels: Labels<'_>, value: StateSetValue<'_>) {
        set_line(&mut self.line, &self.head, labels, &self.state_label);
        let out = self.page.text();
        for (state, active) in value.states() {
            out.push_str(&self.line[1..]);
            push_escaped(out, state, true);
            out.push_str(if active { "\"} 1\n" } else { "\"} 0\n" });
        }
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

        let out = self.page.text();
        if !descriptor.help().is_empty() {
            push_all(out, &["# HELP ", name[0], name[1], suffix, " "]);
            push_escaped(out, descriptor.help(), false);
            out.push('\n');
        }
        push_all(out, &["# TYPE ", name[0], name[1], suffix, type_word(metric_type)]);

        self.head.clear();
        match metric_type {
            MetricType::Histogram | MetricType::GaugeHistogram => {
                push_all(&mut self.head, &[name[0], name[1], "_bucket{"]);
            }
            _ => push_all(&mut self.head, &[name[0], name[1], suffix, "{"]),
        }
        match metric_type {
            MetricType::Histogram | MetricType::GaugeHistogram | MetricType::Summary => {
                self.sum_head.clear();
                push_all(&mut self.sum_head, &[name[0], name[1], "_sum{"]);
                self.count_head.clear();
                push_all(&mut self.count_head, &[name[0], name[1], "_count{"]);
            }
            MetricType::StateSet => {
                self.state_label.clear();
                // A metric name may have colons, a label name may not.
                for part in name[0].split_inclusive(':').chain(name[1].split_inclusive(':')) {
                    match part.strip_suffix(':') {
                        Some(part) => push_all(&mut self.state_label, &[part, "_"]),
                        None => self.state_label.push_str(part),
                    }
                }
                self.state_label.push_str("=\"");
            }
            _ => {}
        }
    }

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        match value {
            Value::Number(number) => self.number(labels, number),
            Value::Histogram(value) => self.histogram(labels, &value),
            Value::Summary(value) => self.summary(labels, &value),
            Value::StateSet(value) => self.state_set(labels, value),
            // A value of no type that this format has.
            _ => {}
        }
        self.page.end_sample();
    }

    fn checkpoint(&mut self) -> u64 {
        self.page.position()
    }

    fn rollback(&mut self, checkpoint: u64) {
        self.page.rollback(checkpoint);
    }
}

/// More than the braces, quotes, commas, blanks and the line feed of one line without its last label.
const PUNCTUATION: usize = 8;

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
fn push_start(out: &mut String, head: &str, labels: Labels<'_>) {
    let [constant, own] = labels.parts();
    if labels.is_empty() {
        out.push_str(&head[..head.len() - 1]);
        out.push(' ');
        return;
    }
    out.push_str(head);
    if !constant.is_empty() {
        out.push_str(constant);
        if !own.is_empty() {
            out.push(',');
        }
    }
    out.push_str(own);
    out.push_str("} ");
}

/// Makes `line` a line feed, `head`, the labels and the beginning of one more label.
fn set_line(line: &mut String, head: &str, labels: Labels<'_>, last: &str) {
    line.clear();
    line.push('\n');
    line.push_str(head);
    for part in labels.parts() {
        if !part.is_empty() {
            line.push_str(part);
            line.push(',');
        }
    }
    line.push_str(last);
}

fn push_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

/// Escapes `\` and line feeds, and in a label value also `"`: anything else is as it is, in every
/// version of the format.
fn push_escaped(out: &mut String, text: &str, in_quotes: bool) {
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'"' if in_quotes => "\\\"",
            _ => continue,
        };
        out.push_str(&text[start..at]);
        out.push_str(escape);
        start = at + 1;
    }
    out.push_str(&text[start..]);
}
