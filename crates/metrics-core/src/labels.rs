use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::name::{InvalidDescriptor, InvalidReason, check_label_name, check_utf8_label_name, is_label_name};
use crate::{Escaping, MetricType};

/// The labels of one sample, already rendered and escaped: `a="x",b="y"`.
///
/// ```
/// use metrics_core::{LabelSet, Labels};
///
/// let set = LabelSet::new([("queue", "mail")])?;
/// assert_eq!(set.labels().parts(), ["", r#"queue="mail""#]);
/// assert!(Labels::EMPTY.is_empty());
/// # Ok::<(), metrics_core::InvalidDescriptor>(())
/// ```
///
/// The text formats copy [`parts`](Self::parts); other formats read the pairs from
/// [`iter`](Self::iter). Make one with a [`LabelSet`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Labels<'a> {
    /// Labels that a registry adds to everything; empty, or rendered pairs.
    constant: &'a str,
    own: &'a str,
}

impl<'a> Labels<'a> {
    /// No labels.
    pub const EMPTY: Labels<'static> = Labels { constant: "", own: "" };

    pub(crate) const fn rendered(constant: &'a str, own: &'a str) -> Self {
        Self { constant, own }
    }

    pub(crate) const fn own(&self) -> &'a str {
        self.own
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.constant.is_empty() && self.own.is_empty()
    }

    /// The rendered pairs, in two parts of which either may be empty: those that registries add,
    /// and those of the series. Each reads `a="x",b="y"`, with `\`, `"` and line feeds escaped as the
    /// text formats want it; a name that has other characters than letters, digits and `_` is in
    /// quotes too, with the same escapes.
    pub const fn parts(&self) -> [&'a str; 2] {
        [self.constant, self.own]
    }

    /// The pairs, with quotes and escapes undone.
    ///
    /// ```
    /// use metrics_core::LabelSet;
    ///
    /// let set = LabelSet::new([("path", "/a"), ("quote", "\"")])?;
    /// let pairs: Vec<_> = set.labels().iter().collect();
    /// assert_eq!(pairs, [("path".into(), "/a".into()), ("quote".into(), "\"".into())]);
    /// # Ok::<(), metrics_core::InvalidDescriptor>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        Pairs(self.constant).chain(Pairs(self.own)).map(|(name, value)| (unquote(name), unescape(value)))
    }
}

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.constant)?;
        if !self.constant.is_empty() && !self.own.is_empty() {
            f.write_str(",")?;
        }
        f.write_str(self.own)
    }
}

impl fmt::Debug for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// Label pairs of one's own, checked and rendered once, to be pushed as often as wanted.
///
/// ```
/// use metrics_core::LabelSet;
///
/// let disk = LabelSet::new([("device", "sda"), ("mount", "/")])?;
/// assert_eq!(disk.labels().to_string(), r#"device="sda",mount="/""#);
///
/// assert!(LabelSet::new([("device", "sda"), ("device", "sdb")]).is_err());
/// # Ok::<(), metrics_core::InvalidDescriptor>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSet {
    rendered: String,
}

impl LabelSet {
    /// Checks and renders the pairs in the order given.
    ///
    /// # Errors
    ///
    /// If a label name is empty, does not match `[a-zA-Z_][a-zA-Z0-9_]*`, starts with `__`, or
    /// stands twice.
    pub fn new<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Result<Self, InvalidDescriptor> {
        let mut rendered = String::new();
        for (name, value) in pairs {
            push_checked(&mut rendered, name, value, MetricType::Unknown)
                .map_err(|reason| InvalidDescriptor::with_label("", name, reason))?;
        }
        Ok(Self { rendered })
    }

    /// The same with names of any UTF-8, for a family whose descriptor is made by
    /// [`Descriptor::utf8`](crate::Descriptor::utf8).
    ///
    /// # Errors
    ///
    /// If a label name is empty, starts with `__`, or stands twice.
    ///
    /// ```
    /// use metrics_core::LabelSet;
    ///
    /// let pod = LabelSet::utf8([("k8s.pod.name", "web-1"), ("zone", "a")])?;
    /// assert_eq!(pod.labels().to_string(), r#""k8s.pod.name"="web-1",zone="a""#);
    /// # Ok::<(), metrics_core::InvalidDescriptor>(())
    /// ```
    pub fn utf8<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Result<Self, InvalidDescriptor> {
        let mut rendered = String::new();
        for (name, value) in pairs {
            push_checked_utf8(&mut rendered, name, value, MetricType::Unknown)
                .map_err(|reason| InvalidDescriptor::with_label("", name, reason))?;
        }
        Ok(Self { rendered })
    }

    /// The labels, to hand to [`Samples::sample`](crate::Samples::sample).
    pub fn labels(&self) -> Labels<'_> {
        Labels::rendered("", &self.rendered)
    }
}

/// Adds `name="value"` to rendered pairs, unless the name is invalid or already there.
pub(crate) fn push_checked(
    rendered: &mut String,
    name: &str,
    value: &str,
    metric_type: MetricType,
) -> Result<(), InvalidReason> {
    check_label_name(name, metric_type)?;
    if has_name(rendered, name) {
        return Err(InvalidReason::DuplicateLabelName);
    }
    push_pair(rendered, name, value);
    Ok(())
}

/// The same for a name of any UTF-8.
pub(crate) fn push_checked_utf8(
    rendered: &mut String,
    name: &str,
    value: &str,
    metric_type: MetricType,
) -> Result<(), InvalidReason> {
    check_utf8_label_name(name, metric_type)?;
    if Pairs(rendered).any(|(other, _)| unquote(other) == name) {
        return Err(InvalidReason::DuplicateLabelName);
    }
    push_pair(rendered, name, value);
    Ok(())
}

/// Adds `name="value"` to rendered pairs.
pub(crate) fn push_pair(rendered: &mut String, name: &str, value: &str) {
    if !rendered.is_empty() {
        rendered.push(',');
    }
    push_name(rendered, name);
    rendered.push_str("=\"");
    push_escaped(rendered, value);
    rendered.push('"');
}

/// The name of a rendered pair.
pub(crate) fn push_name(rendered: &mut String, name: &str) {
    if is_label_name(name) {
        rendered.push_str(name);
    } else {
        rendered.push('"');
        push_escaped(rendered, name);
        rendered.push('"');
    }
}

/// Whether a name of rendered pairs is in quotes.
pub(crate) fn has_quoted_name(rendered: &str) -> bool {
    Pairs(rendered).any(|(name, _)| name.starts_with('"'))
}

/// Adds rendered pairs with their names escaped, which can make two of them one.
pub(crate) fn push_escaped_pairs(
    out: &mut String,
    rendered: &str,
    escaping: Escaping,
) -> Result<(), InvalidReason> {
    for (name, value) in Pairs(rendered) {
        let plain = unquote(name);
        let escaped = escaping.escape_label(&plain);
        // Others that begin with `__` have no meaning to a server, and the series is worth more.
        if escaped == "__name__" {
            return Err(InvalidReason::ReservedLabelName);
        }
        if has_name(out, &escaped) {
            return Err(InvalidReason::DuplicateLabelName);
        }
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(&escaped);
        out.push_str("=\"");
        out.push_str(value);
        out.push('"');
    }
    Ok(())
}

/// The escapes of label values: `\\`, `\"` and `\n`, in every text format.
pub(crate) fn push_escaped(out: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(needs_escape) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'"' => "\\\"",
            _ => "\\n",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

pub(crate) fn needs_escape(c: char) -> bool {
    matches!(c, '\\' | '"' | '\n')
}

/// Whether rendered pairs hold the label `name`, which is in quotes if it needs them.
pub(crate) fn has_name(rendered: &str, name: &str) -> bool {
    Pairs(rendered).any(|(other, _)| other == name)
}

/// (name, escaped value) of each rendered pair; the name is in quotes if it needs them, so that names
/// are equal where they are equal as rendered.
pub(crate) struct Pairs<'a>(pub(crate) &'a str);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = match self.0.strip_prefix('"') {
            Some(quoted) => {
                let (name, rest) = self.0.split_at(end_of_quoted(quoted) + 2);
                (name, rest.strip_prefix("=\"")?)
            }
            None => self.0.split_once("=\"")?,
        };
        let end = end_of_quoted(rest);
        let rest_after = &rest[end + 1..];
        self.0 = rest_after.strip_prefix(',').unwrap_or(rest_after);
        Some((name, &rest[..end]))
    }
}

/// Where the quote is that ends the escaped text `rest` begins with.
fn end_of_quoted(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut end = 0;
    while bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    end
}

/// The name of a rendered pair, without quotes and escapes.
pub(crate) fn unquote(name: &str) -> Cow<'_, str> {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => unescape(quoted),
        None => Cow::Borrowed(name),
    }
}

pub(crate) fn unescape(escaped: &str) -> Cow<'_, str> {
    if !escaped.contains('\\') {
        return Cow::Borrowed(escaped);
    }
    let mut plain = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            c => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn rendered_pairs_read_back_as_they_were() {
        let pairs = [("a", "x\\\"\n"), ("b", ""), ("c", "=\"},{"), ("d", "\\"), ("e", "ü\u{0}\r")];
        let set = LabelSet::new(pairs).unwrap();
        assert_eq!(set.rendered, "a=\"x\\\\\\\"\\n\",b=\"\",c=\"=\\\"},{\",d=\"\\\\\",e=\"ü\u{0}\r\"");
        let read: Vec<_> = set.labels().iter().collect();
        assert_eq!(read.len(), 5);
        for ((name, value), (other, read)) in pairs.iter().zip(&read) {
            assert_eq!((*name, *value), (&**other, &**read));
        }
    }

    #[test]
    fn labels_are_empty_if_both_parts_are() {
        for (constant, own, expected) in
            [("", "", true), ("a=\"\"", "", false), ("", "a=\"\"", false), ("a=\"\"", "b=\"\"", false)]
        {
            assert_eq!(Labels::rendered(constant, own).is_empty(), expected, "{constant} {own}");
        }
        assert!(has_quoted_name("a=\"\",\"b.c\"=\"\"") && !has_quoted_name("a=\"\\\"\""));
    }

    #[test]
    fn names_of_any_utf8_read_back_as_they_were() {
        let pairs =
            [("a.b", "x"), ("a", "\""), ("\"=\"", "\\"), ("a\nb\\", ""), (",", ","), ("ü", "y"), ("1", "z")];
        let set = LabelSet::utf8(pairs).unwrap();
        assert_eq!(set.rendered, r#""a.b"="x",a="\"","\"=\""="\\","a\nb\\"="",","=",","ü"="y","1"="z""#);
        let read: Vec<_> = set.labels().iter().collect();
        assert!(read.iter().map(|(name, value)| (&**name, &**value)).eq(pairs));
        for (name, reason) in [
            ("", InvalidReason::EmptyLabelName),
            ("__a.b", InvalidReason::ReservedLabelName),
            ("a.b", InvalidReason::DuplicateLabelName),
            ("a", InvalidReason::DuplicateLabelName),
        ] {
            let pairs = pairs.into_iter().chain([(name, "v")]);
            assert_eq!(LabelSet::utf8(pairs).unwrap_err().reason(), reason, "{name:?}");
        }
    }

    #[test]
    fn two_parts_are_one_list() {
        let labels = Labels::rendered("a=\"1\"", "b=\"2\"");
        assert_eq!(labels.iter().count(), 2);
        assert_eq!(alloc::format!("{labels}"), "a=\"1\",b=\"2\"");
        assert!(!labels.is_empty() && Labels::EMPTY.is_empty());
    }

    #[test]
    fn invalid_labels_are_refused() {
        for (name, reason) in [
            ("", InvalidReason::EmptyLabelName),
            ("a:b", InvalidReason::InvalidLabelName),
            ("1a", InvalidReason::InvalidLabelName),
            ("ä", InvalidReason::InvalidLabelName),
            ("__a", InvalidReason::ReservedLabelName),
        ] {
            assert_eq!(LabelSet::new([(name, "v")]).unwrap_err().reason(), reason, "{name:?}");
        }
    }
}
