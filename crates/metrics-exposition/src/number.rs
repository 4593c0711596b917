//! Numbers as text: integers exact, floats in the form of Go's `strconv.FormatFloat(v, 'g', -1, 64)`.

use metrics_core::{Number, Timestamp};

use crate::cursor::{Cursor, pair};

/// The most bytes that a number can take: `-2.2250738585072014e-308`.
pub(crate) const LONGEST: usize = 24;

#[inline]
pub(crate) fn push_number(out: &mut Cursor<'_>, number: Number) {
    match number {
        Number::U64(v) => out.push_u64(v),
        Number::I64(v) => push_i64(out, v),
        Number::F64(v) => push_f64(out, v),
        other => push_f64(out, other.as_f64()),
    }
}

#[inline]
fn push_i64(out: &mut Cursor<'_>, v: i64) {
    if v < 0 {
        out.push_array([b'-']);
    }
    out.push_u64(v.unsigned_abs());
}

#[inline]
pub(crate) fn push_f64(out: &mut Cursor<'_>, v: f64) {
    /// From here on Go writes an exponent.
    const EXPONENT_FROM: i64 = 1_000_000;
    // Most floats of a page are small whole numbers, for which this is several times as fast as the
    // general way. The cast saturates and turns NaN into 0, which the comparison then refuses.
    let integer = v as i64;
    let whole = integer as f64 == v;
    if whole && -EXPONENT_FROM < integer && integer < EXPONENT_FROM && (integer != 0 || v.is_sign_positive())
    {
        push_i64(out, integer);
    } else {
        push_other(out, v, whole, integer);
    }
}

/// The same with `.0` behind a whole number that has no exponent.
#[inline]
pub(crate) fn push_canonical_f64(out: &mut Cursor<'_>, v: f64) {
    push_f64(out, v);
    if (v as i64) as f64 == v && v.abs() < 1e6 {
        out.push_array(*b".0");
    }
}

/// The most bytes that seconds can take: a sign, 19 digits, a point and nine digits.
pub(crate) const LONGEST_SECONDS: usize = 30;

/// All that is known of a time, as a decimal number of seconds.
pub(crate) fn push_seconds(out: &mut Cursor<'_>, time: Timestamp) {
    const NANOS_PER_SECOND: u32 = 1_000_000_000;
    let (mut seconds, mut nanos) = (time.seconds(), time.subsec_nanos());
    if seconds < 0 {
        out.push_array([b'-']);
        if nanos > 0 {
            // Nanoseconds count forwards, decimals away from zero.
            (seconds, nanos) = (seconds + 1, NANOS_PER_SECOND - nanos);
        }
    }
    out.push_u64(seconds.unsigned_abs());
    if nanos > 0 {
        let mut digits = [0; 9];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (nanos % 10) as u8;
            nanos /= 10;
        }
        out.push_array([b'.']);
        out.push_bytes(&digits[..length_without_zeros(&digits)]);
    }
}

fn push_other(out: &mut Cursor<'_>, v: f64, whole: bool, integer: i64) {
    /// Up to here every whole number is a float, so that its own digits are the shortest ones.
    const EXACT: u64 = 1 << 53;
    if v.is_nan() {
        return out.push("NaN");
    }
    if v.is_sign_negative() {
        out.push_array([b'-']);
    }
    let magnitude = v.abs();
    if magnitude == f64::INFINITY {
        if v.is_sign_positive() {
            out.push_array([b'+']);
        }
        out.push("Inf");
    } else if magnitude == 0.0 {
        out.push_array([b'0']);
    } else if (1e-4..1e6).contains(&magnitude) {
        push_plain(out, magnitude);
    } else if whole && integer.unsigned_abs() <= EXACT {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(integer.unsigned_abs());
        push_exponential(out, trim_zeros(digits), "", digits.len() as i32 - 1);
    } else {
        push_from_ryu(out, ryu::Buffer::new().format_finite(magnitude));
    }
}

/// A number below a million that is not whole, as a plain decimal.
fn push_plain(out: &mut Cursor<'_>, magnitude: f64) {
    // Few decimals are what rounded values and whole milliseconds have, and what ryu is slowest at. If
    // a quotient of two exact numbers is this float, its at most 12 digits parse back to it; as any two
    // decimals of up to 15 digits are different floats, no fewer digits do.
    let millionths = (magnitude * 1e6 + 0.5) as u64;
    if millionths as f64 / 1e6 == magnitude {
        out.push_u64(millionths / 1_000_000);
        let decimals = millionths % 1_000_000;
        let [a, b] = pair(decimals / 10_000);
        let [c, d] = pair(decimals / 100 % 100);
        let [e, f] = pair(decimals % 100);
        out.push_array([b'.']);
        let decimals = [a, b, c, d, e, f];
        out.push_bytes(&decimals[..length_without_zeros(&decimals)]);
    } else {
        // Here the form of ryu is that of Go.
        out.push(ryu::Buffer::new().format_finite(magnitude));
    }
}

/// `digits` without the zeros at the end.
fn trim_zeros(digits: &str) -> &str {
    &digits[..length_without_zeros(digits.as_bytes())]
}

#[inline]
fn length_without_zeros(mut digits: &[u8]) -> usize {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits.len()
}

/// Rewrites what ryu gives for a number that Go writes with an exponent: `1234.5` of some form, with
/// or without an `e`.
fn push_from_ryu(out: &mut Cursor<'_>, text: &str) {
    let (decimal, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (before, after) = decimal.split_once('.').unwrap_or((decimal, ""));
    let after = trim_zeros(after);
    if before == "0" {
        // 0.00001234: the first digit is behind the zeros.
        let digits = after.trim_start_matches('0');
        let zeros = (after.len() - digits.len()) as i32;
        push_exponential(out, digits, "", exponent - zeros - 1);
    } else {
        let last = exponent + before.len() as i32 - 1;
        let before = if after.is_empty() { trim_zeros(before) } else { before };
        push_exponential(out, before, after, last);
    }
}

/// The digits `head` and `tail` with a point after the first, and the exponent in two digits at least.
fn push_exponential(out: &mut Cursor<'_>, head: &str, tail: &str, exponent: i32) {
    let (first, rest) = head.split_at(1);
    out.push(first);
    if !rest.is_empty() || !tail.is_empty() {
        out.push_array([b'.']);
        out.push(rest);
        out.push(tail);
    }
    out.push(if exponent < 0 { "e-" } else { "e+" });
    let exponent = exponent.unsigned_abs();
    if exponent < 10 {
        out.push_array([b'0']);
    }
    out.push_u64(u64::from(exponent));
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::{String, ToString};
    use proptest::prelude::*;

    fn text(number: impl Into<Number>) -> String {
        let mut bytes = [0; LONGEST];
        let mut out = Cursor::new(&mut bytes);
        push_number(&mut out, number.into());
        let len = out.len();
        core::str::from_utf8(&bytes[..len]).unwrap().to_string()
    }

    #[test]
    fn seconds_before_and_after_1970_have_their_digits() {
        for (seconds, nanos, expected) in [
            (0, 0, "0"),
            (0, 1, "0.000000001"),
            (5, 120_000_000, "5.12"),
            (-1, 0, "-1"),
            (-1, 750_000_000, "-0.25"),
            (-2, 1, "-1.999999999"),
            (i64::MAX, 999_999_999, "9223372036854775807.999999999"),
            (i64::MIN, 0, "-9223372036854775808"),
        ] {
            let mut bytes = [0; LONGEST_SECONDS];
            let mut out = Cursor::new(&mut bytes);
            push_seconds(&mut out, Timestamp::new(seconds, nanos).unwrap());
            let len = out.len();
            assert_eq!(core::str::from_utf8(&bytes[..len]), Ok(expected));
        }
    }

    #[test]
    fn integers_are_exact() {
        for v in [0, 1, 999_999, 1_000_000, (1 << 53) + 1, u64::MAX - 1, u64::MAX] {
            assert_eq!(text(v), v.to_string());
        }
        for v in [i64::MIN, i64::MIN + 1, -(1 << 53) - 1, -1, 0, i64::MAX] {
            assert_eq!(text(v), v.to_string());
        }
    }

    #[test]
    fn floats_have_the_form_of_go() {
        for (v, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.0, "-1"),
            (0.5, "0.5"),
            (-2.75, "-2.75"),
            (0.30000000000000004, "0.30000000000000004"),
            (0.0001, "0.0001"),
            (0.00009999999999999999, "9.999999999999999e-05"),
            (1e-5, "1e-05"),
            (-1.234e-5, "-1.234e-05"),
            (1.5e-7, "1.5e-07"),
            (999_999.0, "999999"),
            (999_999.5, "999999.5"),
            (999_999.9999999999, "999999.9999999999"),
            (1e6, "1e+06"),
            (-1e6, "-1e+06"),
            (1_000_000.5, "1.0000005e+06"),
            (1_000_001.0, "1.000001e+06"),
            (21e6, "2.1e+07"),
            (1_604_676_851.123, "1.604676851123e+09"),
            (9_007_199_254_740_991.0, "9.007199254740991e+15"),
            (9_007_199_254_740_992.0, "9.007199254740992e+15"),
            (9_007_199_254_740_994.0, "9.007199254740994e+15"),
            (1e16, "1e+16"),
            (u64::MAX as f64, "1.8446744073709552e+19"),
            (i64::MIN as f64, "-9.223372036854776e+18"),
            (1.2e10, "1.2e+10"),
            (1e21, "1e+21"),
            (1.1e23, "1.1e+23"),
            (1e100, "1e+100"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
            (f64::NAN, "NaN"),
            (-f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(text(v), expected, "{v:e}");
        }
    }

    /// The form of Go, derived from the digits of the standard library.
    fn model(v: f64) -> String {
        let sign = if v.is_sign_negative() { "-" } else { "" };
        let magnitude = v.abs();
        let scientific = format!("{magnitude:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap();
        let exponent: i32 = exponent.parse().unwrap();
        if magnitude == 0.0 || (-4..6).contains(&exponent) {
            format!("{sign}{magnitude}")
        } else {
            let direction = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{digits}e{direction}{:02}", exponent.abs())
        }
    }

    fn check(v: f64) {
        let text = text(v);
        assert!(text.len() <= LONGEST, "{text}");
        let back: f64 = text.parse().unwrap();
        if v.is_nan() {
            assert_eq!(text, "NaN");
        } else if v.is_infinite() {
            assert_eq!(text, if v > 0.0 { "+Inf" } else { "-Inf" });
        } else {
            assert_eq!(back.to_bits(), v.to_bits(), "{text}");
            // Where two decimals of the fewest digits are equally near, the standard library takes the
            // upper one and Go the even one; the form is the same.
            let model = model(v);
            assert_eq!(text.len(), model.len(), "{text} {model}");
            assert_eq!(text.find(['.', 'e']), model.find(['.', 'e']), "{text} {model}");
            assert_eq!(
                text.split_once('e').map(|x| x.1),
                model.split_once('e').map(|x| x.1),
                "{text} {model}"
            );
        }
    }

    #[test]
    fn every_power_of_ten_and_of_two_and_their_neighbours() {
        let tens = (-323..=308).map(|exponent| format!("1e{exponent}").parse::<f64>().unwrap());
        let twos = (0..2047).map(|exponent| f64::from_bits(exponent << 52));
        for v in tens.chain(twos) {
            // The floats beside it; below 0.0 there is a NaN.
            for v in [v.to_bits().wrapping_sub(1), v.to_bits(), v.to_bits() + 1].map(f64::from_bits) {
                check(v);
                check(-v);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn any_bits_read_back_as_the_same_float(bits: u64) {
            check(f64::from_bits(bits));
        }

        #[test]
        fn decimals_read_back_as_the_same_float(integer: i64, shift in 0u32..64, digits in 0i32..25) {
            check((integer >> shift) as f64 / 10f64.powi(digits));
        }

        #[test]
        fn integers_read_back(unsigned: u64, signed: i64, shift in 0u32..64) {
            prop_assert_eq!(text(unsigned >> shift).parse(), Ok(unsigned >> shift));
            prop_assert_eq!(text(signed >> shift).parse(), Ok(signed >> shift));
        }
    }
}
