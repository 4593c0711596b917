use metrics_core::{Counts, Extras, HistogramValue, NativeBuckets, NativeHistogram, Number};

use super::encoder::{LONGEST_TIME, most_of_exemplar, push_exemplar, push_time};
use super::wire::{LONGEST_VARINT, Out, fixed64, message, varint, varint_len, zigzag};
use crate::exemplars::ByBucket;

/// The most bytes of a histogram with its tag and length.
pub(super) fn most_of_histogram(value: &HistogramValue<'_>, extras: &Extras<'_>) -> usize {
    const OVERHEAD: usize = 96 + LONGEST_TIME;
    const BUCKET: usize = 2 + 9 + 1 + LONGEST_VARINT;
    let native = value.native().map_or(0, |native| {
        // Each bucket can be a span of its own or follow two that fill a gap.
        (native.positive().len() + native.negative().len()) * (3 * (1 + LONGEST_VARINT) + 2 + 2 * (1 + 5))
    });
    // An exemplar can stand beside a classic bucket and beside the native ones.
    let exemplars = extras.exemplars().iter().map(|exemplar| 2 * most_of_exemplar(exemplar)).sum::<usize>();
    (value.bounds().len() + 1) * BUCKET + native + exemplars + OVERHEAD
}

/// The value of a metric that is a histogram, as its field 7.
#[inline(never)]
pub(super) fn push_histogram(out: &mut Out<'_>, value: &HistogramValue<'_>, extras: &Extras<'_>) {
    let histogram = out.begin_message(7);
    let count = value.count();
    if let Number::U64(count) = count {
        out.push_varint_field(1, count);
    }
    out.push_double_field(2, value.sum());
    push_buckets(out, value, extras);
    if let Number::F64(count) = count {
        out.push_double_field(4, count);
    }
    if let Some(native) = value.native() {
        push_native(out, native);
    }
    if let Some(created) = extras.created() {
        push_time(out, 15, created);
    }
    if value.native().is_some() {
        /// The tag of field 16, which has two bytes.
        const EXEMPLAR: [u8; 2] = [0x82, 1];
        // Prometheus takes those that have a time.
        for exemplar in extras.exemplars().iter().filter(|exemplar| exemplar.timestamp().is_some()) {
            push_exemplar(out, EXEMPLAR, exemplar);
        }
    }
    out.end_message(histogram);
}

/// The classic buckets; the one above all bounds goes without saying unless it has an exemplar.
fn push_buckets(out: &mut Out<'_>, value: &HistogramValue<'_>, extras: &Extras<'_>) {
    let mut exemplars = ByBucket::new(extras.exemplars());
    match value.counts() {
        Counts::Integers(counts) if extras.exemplars().is_empty() => {
            let mut total = 0u64;
            for (bound, count) in value.bounds().iter().zip(counts) {
                total = total.wrapping_add(*count);
                out.push_array([message(3), (10 + varint_len(total)) as u8, varint(1)]);
                out.push_varint(total);
                out.push_array([fixed64(2)]);
                out.push_array(bound.to_le_bytes());
            }
        }
        Counts::Integers(&[]) => {}
        _ => {
            for (bound, count) in value.buckets() {
                let exemplar = exemplars.next(bound, |_| true);
                if bound == f64::INFINITY && exemplar.is_none() {
                    break;
                }
                let bucket = out.begin_message(3);
                if let Number::U64(count) = count {
                    out.push_varint_field(1, count);
                }
                out.push_double_field(2, bound);
                if let Some(exemplar) = exemplar {
                    push_exemplar(out, [message(3)], exemplar);
                }
                if let Number::F64(count) = count {
                    out.push_double_field(4, count);
                }
                out.end_message(bucket);
            }
        }
    }
}

fn push_native(out: &mut Out<'_>, native: &NativeHistogram<'_>) {
    out.push_varint_field(5, zigzag(i64::from(native.schema())));
    out.push_double_field(6, native.zero_threshold());
    match native.zero_count() {
        Number::F64(count) => {
            out.push_varint_field(7, 0);
            out.push_double_field(8, count);
        }
        Number::U64(count) => out.push_varint_field(7, count),
        _ => {}
    }
    push_side(out, [9, 10, 11], native.negative());
    push_side(out, [12, 13, 14], native.positive());
    if native.positive().is_empty() && native.negative().is_empty() {
        // A span of no buckets, by which readers tell a native histogram from a classic one.
        push_span(out, 12, 0, 0);
    }
}

/// The buckets on one side of zero: spans, then integers as differences or floats as they are.
fn push_side(out: &mut Out<'_>, [span_field, delta_field, count_field]: [u8; 3], buckets: NativeBuckets<'_>) {
    for span in buckets.spans() {
        push_span(out, span_field, span.offset, span.length);
    }
    let mut before = 0u64;
    for count in buckets.span_counts() {
        match count {
            Number::U64(count) => {
                out.push_varint_field(delta_field, zigzag(count.wrapping_sub(before) as i64));
                before = count;
            }
            count => out.push_double_field(count_field, count.as_f64()),
        }
    }
}

fn push_span(out: &mut Out<'_>, field: u8, offset: i32, length: u32) {
    let span = out.begin_message(field);
    out.push_varint_field(1, zigzag(i64::from(offset)));
    out.push_varint_field(2, u64::from(length));
    out.end_message(span);
}
