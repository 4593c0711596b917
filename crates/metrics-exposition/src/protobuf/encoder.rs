use alloc::string::String;

use metrics_core::{
    Descriptor, Encoder, Exemplar, Extras, HistogramValue, Labels, MetricName, MetricType, Number,
    StateSetValue, SummaryValue, Timestamp, Value,
};

use super::families::Families;
use super::histogram::{most_of_histogram, push_histogram};
use super::labels::{LabelWriter, SMALL, most, push_labels};
use super::wire::{LONGEST_VARINT, Out, double, fixed64, message};
use crate::cursor::Cursor;
use crate::head::Name;
use crate::lines::Lines;
use crate::page::FamilyPage;

/// Writes families as messages `io.prometheus.client.MetricFamily`, each behind its length.
pub(crate) struct ProtobufEncoder<'p, P: FamilyPage> {
    lines: Lines<Families<'p, P>>,
    /// The labels that registries add, and those of the series.
    labels: [LabelWriter; 2],
    /// The field of a metric that holds its one number.
    value_field: u8,
    /// What stands at the end of the family.
    unit: String,
    /// The label that tells the states of a state set apart.
    state_label: String,
}

impl<'p, P: FamilyPage> ProtobufEncoder<'p, P> {
    pub(crate) fn new(page: &'p mut P) -> Self {
        Self {
            lines: Lines::new(Families::new(page)),
            labels: Default::default(),
            value_field: 0,
            unit: String::new(),
            state_label: String::new(),
        }
    }

    /// Puts what is left on the page.
    pub(crate) fn finish(mut self) {
        self.end_family();
    }

    /// Appends what `write` writes, which is at most `most` bytes.
    #[inline]
    fn write(&mut self, most: usize, write: impl FnOnce(&mut Out<'_>)) {
        let mut out = Out::new(self.lines.room(most).into_rest());
        write(&mut out);
        let len = out.len();
        self.lines.take(len);
    }

    /// Appends a metric with these labels and what `write` writes, which is at most `most` bytes.
    #[inline(always)]
    fn metric(&mut self, labels: Labels<'_>, most: usize, write: impl FnOnce(&mut Out<'_>)) {
        let mut out = Out::new(self.lines.room(most_of_labels(labels) + most + OVERHEAD).into_rest());
        let metric = out.begin_message(4);
        let [constant, own] = labels.parts();
        if !constant.is_empty() {
            self.labels[0].push(&mut out, constant);
        }
        self.labels[1].push(&mut out, own);
        write(&mut out);
        out.end_message(metric);
        let len = out.len();
        self.lines.take(len);
    }

    fn end_family(&mut self) {
        if !self.unit.is_empty() {
            let mut unit = core::mem::take(&mut self.unit);
            self.write(unit.len() + OVERHEAD, |out| out.push_text_field(5, &[&unit]));
            unit.clear();
            self.unit = unit;
        }
        self.lines.flush();
        self.lines.page().end();
    }

    #[inline(never)]
    fn any(&mut self, labels: Labels<'_>, value: Value<'_>) {
        match value {
            Value::Number(number) => self.number(labels, number),
            value => self.sample_with(labels, value, &Extras::NONE),
        }
    }

    /// A metric with one number, which is most of them.
    #[inline]
    fn number(&mut self, labels: Labels<'_>, number: Number) {
        let field = self.value_field;
        self.metric(labels, 0, |out| {
            out.push_array([message(field), 9, fixed64(1)]);
            out.push_array(double(number.as_f64()));
        });
    }

    /// The same in the fewest instructions, if its labels allow for that.
    #[inline(always)]
    fn small_number(&mut self, labels: Labels<'_>, number: Number) -> Option<()> {
        let [constant, own] = labels.parts();
        if !constant.is_empty() || own.len() > Cursor::SHORT {
            return None;
        }
        let room = self.lines.room_left(SMALL)?.into_rest().first_chunk_mut::<SMALL>()?;
        let len = self.labels[1].push_small(room, 2, own)?;
        let value = room.get_mut(len..)?.first_chunk_mut::<11>()?;
        *value.first_chunk_mut()? = [message(self.value_field), 9, fixed64(1)];
        *value.last_chunk_mut()? = double(number.as_f64());
        // With a length of one byte.
        let metric = len + 11 - 2;
        if metric >= 0x80 {
            return None;
        }
        room[..2].copy_from_slice(&[message(4), metric as u8]);
        self.lines.take(metric + 2);
        Some(())
    }

    #[inline(never)]
    fn number_with(&mut self, labels: Labels<'_>, number: Number, extras: &Extras<'_>) {
        let exemplar = extras.exemplars().last();
        let field = self.value_field;
        self.metric(labels, exemplar.map_or(0, most_of_exemplar) + LONGEST_TIME, |out| {
            let value = out.begin_message(field);
            out.push_double_field(1, number.as_f64());
            if let Some(exemplar) = exemplar {
                push_exemplar(out, [message(2)], exemplar);
            }
            if let Some(created) = extras.created() {
                push_time(out, 3, created);
            }
            out.end_message(value);
            push_timestamp(out, extras);
        });
    }

    #[inline(never)]
    fn histogram(&mut self, labels: Labels<'_>, value: &HistogramValue<'_>, extras: &Extras<'_>) {
        self.metric(labels, most_of_histogram(value, extras), |out| {
            push_timestamp(out, extras);
            push_histogram(out, value, extras);
        });
    }

    #[inline(never)]
    fn summary(&mut self, labels: Labels<'_>, value: &SummaryValue<'_>, extras: &Extras<'_>) {
        const QUANTILE: usize = 20;
        self.metric(labels, value.quantiles().len() * QUANTILE + LONGEST_TIME, |out| {
            let summary = out.begin_message(4);
            out.push_varint_field(1, value.count());
            out.push_double_field(2, value.sum());
            for (quantile, v) in value.quantiles() {
                out.push_array([message(3), 18]);
                out.push_double_field(1, *quantile);
                out.push_double_field(2, *v);
            }
            if let Some(created) = extras.created() {
                push_time(out, 4, created);
            }
            out.end_message(summary);
            push_timestamp(out, extras);
        });
    }

    #[inline(never)]
    fn state_set(&mut self, labels: Labels<'_>, value: StateSetValue<'_>, extras: &Extras<'_>) {
        let label = core::mem::take(&mut self.state_label);
        for (state, active) in value.states() {
            self.metric(labels, label.len() + state.len(), |out| {
                let pair = out.begin_message(1);
                out.push_text_field(1, &[&label]);
                out.push_text_field(2, &[state]);
                out.end_message(pair);
                out.push_array([message(2), 9]);
                out.push_double_field(1, f64::from(u8::from(active)));
                push_timestamp(out, extras);
            });
        }
        self.state_label = label;
    }
}

impl<P: FamilyPage> Encoder for ProtobufEncoder<'_, P> {
    fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
        self.end_family();
        self.lines.page().begin();

        let metric_type = descriptor.metric_type();
        let name = match metric_type {
            MetricType::Info => [name.prefix(), descriptor.base(), "_info"],
            _ => [name.prefix(), name.name(), ""],
        };
        let most = name.iter().map(|part| part.len()).sum::<usize>() + descriptor.help().len() + OVERHEAD;
        self.write(most, |out| {
            out.push_text_field(1, &name);
            if !descriptor.help().is_empty() {
                out.push_text_field(2, &[descriptor.help()]);
            }
            out.push_varint_field(3, type_number(metric_type));
        });
        self.value_field = value_field(metric_type);
        self.unit.push_str(descriptor.unit().unwrap_or_default());
        if metric_type == MetricType::StateSet {
            // A metric name may have colons, a label name may not unless it needs quotes anyway.
            let is_quoted = Name::new([name[0], name[1]], descriptor.is_utf8()).is_quoted();
            let letter = |c| if c == ':' && !is_quoted { '_' } else { c };
            self.state_label.clear();
            self.state_label.extend(name.iter().flat_map(|part| part.chars()).map(letter));
        }
    }

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        if let Value::Number(number) = value {
            if self.small_number(labels, number).is_some() {
                return;
            }
        }
        self.any(labels, value);
    }

    fn sample_with(&mut self, labels: Labels<'_>, value: Value<'_>, extras: &Extras<'_>) {
        match value {
            Value::Number(number) => self.number_with(labels, number, extras),
            Value::Histogram(value) => self.histogram(labels, &value, extras),
            Value::Summary(value) => self.summary(labels, &value, extras),
            Value::StateSet(value) => self.state_set(labels, value, extras),
            // A value of no type that this format has.
            _ => {}
        }
    }

    fn checkpoint(&mut self) -> u64 {
        // So that what comes after this mark is whole families.
        self.end_family();
        self.lines.position()
    }

    fn rollback(&mut self, checkpoint: u64) {
        self.unit.clear();
        self.lines.rollback(checkpoint);
    }
}

/// More than the fields of a fixed size, and the tags and lengths of the others, take in a metric or
/// a family.
const OVERHEAD: usize = 64;

fn most_of_labels(labels: Labels<'_>) -> usize {
    let [constant, own] = labels.parts();
    most(constant.len()) + most(own.len())
}

/// The most bytes of an exemplar with its tag and length.
pub(super) fn most_of_exemplar(exemplar: &Exemplar<'_>) -> usize {
    most_of_labels(exemplar.labels()) + OVERHEAD
}

fn push_timestamp(out: &mut Out<'_>, extras: &Extras<'_>) {
    if let Some(timestamp) = extras.timestamp() {
        out.push_varint_field(6, timestamp.as_millis() as u64);
    }
}

/// An exemplar behind its tag, which has one byte or two.
pub(super) fn push_exemplar<const N: usize>(out: &mut Out<'_>, tag: [u8; N], exemplar: &Exemplar<'_>) {
    out.push_array(tag);
    out.push_array([0]);
    let start = out.len();
    let [constant, own] = exemplar.labels().parts();
    push_labels(out, constant);
    push_labels(out, own);
    out.push_double_field(2, exemplar.value());
    if let Some(timestamp) = exemplar.timestamp() {
        push_time(out, 3, timestamp);
    }
    out.end_message(start);
}

/// The most bytes of a time with its tag and length.
pub(super) const LONGEST_TIME: usize = 4 + 2 * LONGEST_VARINT;

/// A message `google.protobuf.Timestamp`, of which zeros are left out.
pub(super) fn push_time(out: &mut Out<'_>, field: u8, time: Timestamp) {
    let start = out.begin_message(field);
    if time.seconds() != 0 {
        out.push_varint_field(1, time.seconds() as u64);
    }
    if time.subsec_nanos() != 0 {
        out.push_varint_field(2, u64::from(time.subsec_nanos()));
    }
    out.end_message(start);
}

fn type_number(metric_type: MetricType) -> u64 {
    match metric_type {
        MetricType::Counter => 0,
        MetricType::Gauge | MetricType::Info | MetricType::StateSet => 1,
        MetricType::Summary => 2,
        MetricType::Histogram => 4,
        MetricType::GaugeHistogram => 5,
        _ => 3,
    }
}

/// The field of a metric that holds its one number.
#[inline]
fn value_field(metric_type: MetricType) -> u8 {
    match metric_type {
        MetricType::Counter => 3,
        MetricType::Gauge | MetricType::Info => 2,
        _ => 5,
    }
}
