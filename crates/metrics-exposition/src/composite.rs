//! Histograms and summaries as one value, as OpenMetrics 2.0 has them:
//! `{count:3,sum:4.5,bucket:[1:2,+Inf:3]}`.

use metrics_core::{
    Extras, HistogramValue, Labels, MetricType, NativeBuckets, NativeHistogram, Number, SummaryValue,
};

use crate::cursor::{Cursor, Label};
use crate::dialect::Dialect;
use crate::encoder::TextEncoder;
use crate::extras::{is_written, most_of_exemplar, push_rest_with};
use crate::number::{LONGEST, LONGEST_SECONDS};
use crate::page::Page;

impl<P: Page, D: Dialect> TextEncoder<'_, P, D> {
    #[inline(never)]
    pub(crate) fn composite_histogram(
        &mut self,
        labels: Labels<'_>,
        value: &HistogramValue<'_>,
        extras: &Extras<'_>,
    ) {
        let native = value.native().map_or(0, |native| native.positive().len() + native.negative().len());
        let exemplars = extras.exemplars().iter().filter(|exemplar| is_written::<D>(exemplar));
        let most = self.head.most(labels)
            + (value.bounds().len() + 1) * PAIR
            + native * NATIVE
            + exemplars.clone().map(most_of_exemplar).sum::<usize>()
            + OVERHEAD;
        let bounds = self.bounds.of::<D>(value.bounds().iter().copied());
        let prefix = if self.metric_type == MetricType::GaugeHistogram { "g" } else { "" };
        let head = &self.head;
        self.lines.write(most, |out| {
            head.push(out, labels);
            out.push("{");
            out.push(prefix);
            out.push("count:");
            D::push_number(out, value.count());
            out.push(",");
            out.push(prefix);
            out.push("sum:");
            D::push_f64(out, value.sum());
            if let Some(native) = value.native() {
                push_native::<D>(out, native);
            }
            if !value.is_native_only() {
                out.push(",bucket:");
                push_list(out, bounds.iter().zip(value.buckets()), |out, (bound, (_, count))| {
                    out.push_label(bound);
                    D::push_number(out, count);
                });
            }
            out.push("}");
            push_rest_with::<D>(out, extras, exemplars);
        });
    }

    #[inline(never)]
    pub(crate) fn composite_summary(
        &mut self,
        labels: Labels<'_>,
        value: &SummaryValue<'_>,
        extras: &Extras<'_>,
    ) {
        let quantiles = self.quantiles.of::<D>(value.quantiles().iter().map(|(quantile, _)| *quantile));
        let most = self.head.most(labels) + quantiles.len() * PAIR + OVERHEAD;
        let head = &self.head;
        self.lines.write(most, |out| {
            head.push(out, labels);
            out.push("{count:");
            out.push_u64(value.count());
            out.push(",sum:");
            D::push_f64(out, value.sum());
            out.push(",quantile:");
            push_list(out, quantiles.iter().zip(value.quantiles()), |out, (quantile, (_, v))| {
                out.push_label(quantile);
                D::push_f64(out, *v);
            });
            out.push("}");
            push_rest_with::<D>(out, extras, []);
        });
    }
}

/// A bound and a count, or a quantile and its value, or the parts of a span, with a comma and a colon.
const PAIR: usize = 2 * (Label::SIZE + 1);

/// A native bucket, which can be a span and follow two that fill a gap.
const NATIVE: usize = PAIR + 3 * LONGEST;

/// More than all words and the numbers that come once take in a line.
const OVERHEAD: usize = 200 + 4 * LONGEST + 2 * LONGEST_SECONDS;

fn push_native<D: Dialect>(out: &mut Cursor<'_>, native: &NativeHistogram<'_>) {
    out.push(",schema:");
    D::push_number(out, Number::I64(native.schema().into()));
    out.push(",zero_threshold:");
    D::push_f64(out, native.zero_threshold());
    out.push(",zero_count:");
    D::push_number(out, native.zero_count());
    push_side::<D>(out, [",negative_spans:", ",negative_buckets:"], native.negative());
    push_side::<D>(out, [",positive_spans:", ",positive_buckets:"], native.positive());
}

fn push_side<D: Dialect>(out: &mut Cursor<'_>, [spans, counts]: [&str; 2], buckets: NativeBuckets<'_>) {
    if buckets.is_empty() {
        return;
    }
    out.push(spans);
    push_list(out, buckets.spans(), |out, span| {
        D::push_number(out, Number::I64(span.offset.into()));
        out.push(":");
        out.push_u64(span.length.into());
    });
    out.push(counts);
    push_list(out, buckets.span_counts(), |out, count| D::push_number(out, count));
}

fn push_list<T>(out: &mut Cursor<'_>, list: impl Iterator<Item = T>, push: impl Fn(&mut Cursor<'_>, T)) {
    out.push("[");
    for (i, item) in list.enumerate() {
        if i > 0 {
            out.push(",");
        }
        push(out, item);
    }
    out.push("]");
}
