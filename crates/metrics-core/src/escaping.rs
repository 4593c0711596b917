use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write};

use crate::name::is_label_name;

/// What becomes of a name that has other characters than letters, digits, `_` and `:`, where the
/// reader of a page does not want it as it is.
///
/// Prometheus from version 3 on reads names of any UTF-8 and says so with each scrape; older
/// servers and other readers get such a name in the letters they know. A server and a client
/// agree on a scheme in the headers of a scrape; where they do not, it is
/// [`Underscores`](Self::Underscores).
///
/// ```
/// use metrics_core::Escaping;
///
/// assert_eq!(Escaping::AllowUtf8.escape("http.status"), "http.status");
/// assert_eq!(Escaping::Underscores.escape("http.status"), "http_status");
/// assert_eq!(Escaping::Dots.escape("http.status"), "http_dot_status");
/// assert_eq!(Escaping::Values.escape("http.status"), "U__http_2e_status");
/// assert_eq!(Escaping::Values.escape("http_status"), "http_status");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Escaping {
    /// Names stay as they are, in quotes where they need them.
    AllowUtf8,
    /// Every character that is not allowed becomes `_`.
    #[default]
    Underscores,
    /// `.` becomes `_dot_`, `_` becomes `__`, and so does every other character that is not allowed.
    Dots,
    /// The name begins with `U__`, `_` becomes `__`, and a character that is not allowed becomes its
    /// number in hexadecimal digits between two underscores.
    Values,
}

impl Escaping {
    /// The scheme of this name, as headers have it.
    ///
    /// ```
    /// use metrics_core::Escaping;
    ///
    /// assert_eq!(Escaping::from_name("allow-utf-8"), Some(Escaping::AllowUtf8));
    /// assert_eq!(Escaping::from_name("none"), None);
    /// ```
    pub const fn from_name(name: &str) -> Option<Self> {
        match name.as_bytes() {
            b"allow-utf-8" => Some(Self::AllowUtf8),
            b"underscores" => Some(Self::Underscores),
            b"dots" => Some(Self::Dots),
            b"values" => Some(Self::Values),
            _ => None,
        }
    }

    /// The name of the scheme, as headers have it: `allow-utf-8`, `underscores`, `dots`, `values`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// The metric name under this scheme.
    ///
    /// [`Dots`](Self::Dots) doubles the underscores of a name that needs no escape too; on a page, such
    /// a name stays as it is.
    pub fn escape(self, name: &str) -> Cow<'_, str> {
        if self == Self::AllowUtf8 || name.is_empty() {
            return Cow::Borrowed(name);
        }
        self.escape_with(name, true)
    }

    /// The label name under this scheme: of these, `:` is no letter.
    ///
    /// A name that needs no escape stays as it is.
    ///
    /// ```
    /// use metrics_core::Escaping;
    ///
    /// assert_eq!(Escaping::Underscores.escape_label("k8s:pod.name"), "k8s_pod_name");
    /// assert_eq!(Escaping::Dots.escape_label("pod_name"), "pod_name");
    /// ```
    pub fn escape_label(self, name: &str) -> Cow<'_, str> {
        if self == Self::AllowUtf8 || is_label_name(name) {
            return Cow::Borrowed(name);
        }
        self.escape_with(name, false)
    }

    fn escape_with(self, name: &str, colon: bool) -> Cow<'_, str> {
        let is_legal = |(at, c): (usize, char)| match c {
            'a'..='z' | 'A'..='Z' | '_' => true,
            '0'..='9' => at > 0,
            ':' => colon,
            _ => false,
        };
        if name.char_indices().all(is_legal) && (self != Self::Dots || !name.contains('_')) {
            return Cow::Borrowed(name);
        }
        let mut escaped = String::with_capacity(name.len() + 8);
        if self == Self::Values {
            escaped.push_str("U__");
        }
        for (at, c) in name.char_indices() {
            match (self, c) {
                (Self::Dots | Self::Values, '_') => escaped.push_str("__"),
                (Self::Dots, '.') => escaped.push_str("_dot_"),
                _ if is_legal((at, c)) => escaped.push(c),
                (Self::Dots, _) => escaped.push_str("__"),
                // Writing into a string cannot fail.
                (Self::Values, _) => drop(write!(escaped, "_{:x}_", u32::from(c))),
                _ => escaped.push('_'),
            }
        }
        Cow::Owned(escaped)
    }
}

impl fmt::Display for Escaping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::is_metric_name;

    const SCHEMES: [Escaping; 4] =
        [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

    #[test]
    fn escaped_names_are_names() {
        for name in ["a", "a.b", "9 lives", "_", "ä:ö", "\u{10ffff}", "a\nb", "\"", "U__a", ":"] {
            for scheme in &SCHEMES[1..] {
                let escaped = scheme.escape(name);
                assert!(is_metric_name(&escaped), "{scheme} {name:?}: {escaped}");
                let escaped = scheme.escape_label(name);
                assert!(is_label_name(&escaped), "{scheme} {name:?}: {escaped}");
            }
            assert_eq!(Escaping::AllowUtf8.escape(name), name);
            assert_eq!(Escaping::AllowUtf8.escape_label(name), name);
        }
    }

    #[test]
    fn a_digit_is_escaped_at_the_beginning_only() {
        let escaped = SCHEMES.map(|scheme| scheme.escape("1a1").into_owned());
        assert_eq!(escaped, ["1a1", "_a1", "__a1", "U___31_a1"]);
    }

    #[test]
    fn a_colon_is_escaped_in_labels_only() {
        let escaped = SCHEMES.map(|scheme| scheme.escape("a:b").into_owned());
        assert_eq!(escaped, ["a:b"; 4]);
        let escaped = SCHEMES.map(|scheme| scheme.escape_label("a:b").into_owned());
        assert_eq!(escaped, ["a:b", "a_b", "a__b", "U__a_3a_b"]);
    }

    #[test]
    fn each_scheme_has_its_own_signs() {
        let escaped = SCHEMES.map(|scheme| scheme.escape("a.b_c d").into_owned());
        assert_eq!(escaped, ["a.b_c d", "a_b_c_d", "a_dot_b__c__d", "U__a_2e_b__c_20_d"]);
        let escaped = SCHEMES.map(|scheme| scheme.escape("a_b").into_owned());
        assert_eq!(escaped, ["a_b", "a_b", "a__b", "a_b"]);
        assert_eq!(SCHEMES.map(|scheme| scheme.escape("ab").into_owned()), ["ab"; 4]);
    }

    #[test]
    fn schemes_are_found_by_their_names() {
        for scheme in SCHEMES {
            assert_eq!(Escaping::from_name(&alloc::format!("{scheme}")), Some(scheme));
        }
        assert_eq!(SCHEMES.map(Escaping::as_str), ["allow-utf-8", "underscores", "dots", "values"]);
        assert_eq!(Escaping::from_name("Values"), None);
    }
}
