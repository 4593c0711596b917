use std::fmt::Write;

/// A float as it stands in the labels `le` and `quantile` of a page: as Go writes it, so that the series are
/// the same whether they are scraped or sent.
pub(crate) fn label_of(value: f64) -> String {
    if value == f64::INFINITY {
        return "+Inf".to_owned();
    }
    if value == f64::NEG_INFINITY || value.is_nan() {
        return if value.is_nan() { "NaN" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..21).contains(&exponent) && value.abs() < 1e6 || value == 0.0 {
        return value.to_string();
    }
    let mut label = digits.to_owned();
    let sign = if exponent < 0 { '-' } else { '+' };
    // Writing to a string does not fail.
    let _ = write!(label, "e{sign}{:02}", exponent.abs());
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_read_as_on_a_page() {
        for (value, expected) in [
            (0.0, "0"),
            (0.005, "0.005"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.000025, "2.5e-05"),
            (1.0, "1"),
            (2.5, "2.5"),
            (-3.0, "-3"),
            (100_000.0, "100000"),
            (999_999.0, "999999"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (1e100, "1e+100"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(label_of(value), expected);
        }
    }
}
