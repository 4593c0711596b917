//! Lines with a time, with exemplars, and with the time of creation.

use metrics_core::{Exemplar, Extras, HistogramValue, Labels, MetricType, Number};

use crate::cursor::{Cursor, Label};
use crate::dialect::Dialect;
use crate::encoder::{LINE_REST, TextEncoder};
use crate::exemplars::ByBucket;
use crate::head::PUNCTUATION;
use crate::number::{LONGEST, LONGEST_SECONDS};
use crate::page::Page;

impl<P: Page, D: Dialect> TextEncoder<'_, P, D> {
    #[inline(never)]
    pub(crate) fn number_with(&mut self, labels: Labels<'_>, number: Number, extras: &Extras<'_>) {
        let tail = self.tail(extras);
        // A counter that has become an unknown has none.
        let exemplar = match self.metric_type {
            MetricType::Counter => extras.exemplars().last(),
            _ => None,
        };
        let exemplar = exemplar.filter(|exemplar| is_written::<D>(exemplar));
        let most = self.head.most(labels) + LONGEST + 2 * Label::SIZE + exemplar.map_or(0, most_of_exemplar);
        let mut out = self.lines.room(most);
        self.head.push(&mut out, labels);
        D::push_number(&mut out, number);
        push_rest::<D>(&mut out, &tail, extras, exemplar);
        let len = out.len();
        self.lines.take(len);
        self.created(labels, extras, &tail);
    }

    #[inline(never)]
    pub(crate) fn histogram_with(
        &mut self,
        labels: Labels<'_>,
        value: &HistogramValue<'_>,
        extras: &Extras<'_>,
    ) {
        let tail = self.tail(extras);
        let has_sum = self.has_sum(value);
        self.head.set_line(&mut self.line, labels, b"le=\"");
        let exemplars = if D::OPEN_METRICS { extras.exemplars() } else { &[] };
        let bounds = self.bounds.of::<D>(value.bounds().iter().copied());
        let bucket = self.line.len() + LINE_REST;
        let ends = self.sum_head.most(labels) + self.count_head.most(labels) + 2 * (LONGEST + Label::SIZE);
        let most = bounds.len() * bucket + ends + exemplars.iter().map(most_of_exemplar).sum::<usize>();

        let mut out = self.lines.room(most);
        let mut exemplars = ByBucket::new(exemplars);
        for (text, (bound, count)) in bounds.iter().zip(value.buckets()) {
            out.push_bytes(&self.line);
            out.push_label(text);
            D::push_number(&mut out, count);
            let exemplar = exemplars.next(bound, is_written::<D>);
            push_rest::<D>(&mut out, &tail, extras, exemplar);
        }
        if has_sum {
            self.sum_head.push(&mut out, labels);
            D::push_f64(&mut out, value.sum());
            out.push_label(&tail);
            self.count_head.push(&mut out, labels);
            D::push_number(&mut out, value.count());
            out.push_label(&tail);
        }
        let len = out.len();
        self.lines.take(len);
        self.created(labels, extras, &tail);
    }

    /// The sample with the time of creation, in the formats where it is one.
    pub(crate) fn created(&mut self, labels: Labels<'_>, extras: &Extras<'_>, tail: &Label) {
        let (Some(head), Some(created)) = (&self.created_head, extras.created()) else { return };
        self.lines.write(head.most(labels) + LONGEST + Label::SIZE, |out| {
            head.push(out, labels);
            D::push_time(out, created);
            out.push_label(tail);
        });
    }

    /// What every line of a sample ends with: its time, if it has one, and a line feed.
    pub(crate) fn tail(&self, extras: &Extras<'_>) -> Label {
        Label::new(|out| {
            if let Some(time) = extras.timestamp() {
                out.push_array([b' ']);
                D::push_timestamp(out, time);
            }
            out.push_array([b'\n']);
        })
    }
}

/// A line after its value, with an exemplar before the line feed.
fn push_rest<D: Dialect>(
    out: &mut Cursor<'_>,
    tail: &Label,
    extras: &Extras<'_>,
    exemplar: Option<&Exemplar<'_>>,
) {
    if !D::COMPOSITE && exemplar.is_none() {
        return out.push_label(tail);
    }
    push_rest_with::<D>(out, extras, exemplar);
}

/// The same with what only some formats have in a line.
#[inline(never)]
pub(crate) fn push_rest_with<'e, D: Dialect>(
    out: &mut Cursor<'_>,
    extras: &Extras<'_>,
    exemplars: impl IntoIterator<Item = &'e Exemplar<'e>>,
) {
    if let Some(time) = extras.timestamp() {
        out.push_array([b' ']);
        D::push_timestamp(out, time);
    }
    if let (true, Some(created)) = (D::COMPOSITE, extras.created()) {
        out.push(" st@");
        D::push_time(out, created);
    }
    for exemplar in exemplars {
        push_exemplar::<D>(out, exemplar);
    }
    out.push_array([b'\n']);
}

/// Whether the format has this exemplar: as in Go, one without labels is left out, as it leads to
/// nothing; OpenMetrics 2.0 wants a time.
pub(crate) fn is_written<D: Dialect>(exemplar: &Exemplar<'_>) -> bool {
    D::OPEN_METRICS && !exemplar.labels().is_empty() && (!D::COMPOSITE || exemplar.timestamp().is_some())
}

pub(crate) fn most_of_exemplar(exemplar: &Exemplar<'_>) -> usize {
    let [constant, own] = exemplar.labels().parts();
    constant.len() + own.len() + LONGEST + LONGEST_SECONDS + PUNCTUATION
}

/// ` # {labels} value time`, without a time if it has none.
fn push_exemplar<D: Dialect>(out: &mut Cursor<'_>, exemplar: &Exemplar<'_>) {
    out.push(" # {");
    let [constant, own] = exemplar.labels().parts();
    out.push(constant);
    if !constant.is_empty() && !own.is_empty() {
        out.push_array([b',']);
    }
    out.push(own);
    out.push("} ");
    D::push_f64(out, exemplar.value());
    if let Some(time) = exemplar.timestamp() {
        out.push_array([b' ']);
        D::push_time(out, time);
    }
}
