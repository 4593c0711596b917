use alloc::vec::Vec;

use metrics_core::Labels;

use crate::cursor::Cursor;

/// More than the braces, quotes, commas, blanks and the line feed of one line without its last label.
pub(crate) const PUNCTUATION: usize = 8;

/// The full name of a family, in parts, which may need quotes.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a> {
    parts: [&'a str; 2],
    is_quoted: bool,
}

impl<'a> Name<'a> {
    pub(crate) fn new(parts: [&'a str; 2], is_utf8: bool) -> Self {
        let mut bytes = parts.iter().flat_map(|part| part.bytes());
        let is_first = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':');
        let is_classic = !is_utf8
            || bytes.next().is_some_and(is_first)
                && bytes.all(|byte| is_first(byte) || byte.is_ascii_digit());
        Self { parts, is_quoted: !is_classic }
    }

    pub(crate) fn is_quoted(self) -> bool {
        self.is_quoted
    }

    /// Makes `text` the name with a suffix, in quotes if it needs them.
    pub(crate) fn set(self, text: &mut Vec<u8>, suffix: &str) {
        text.clear();
        if !self.is_quoted {
            for part in self.parts.into_iter().chain([suffix]) {
                text.extend_from_slice(part.as_bytes());
            }
            return;
        }
        text.push(b'"');
        for part in self.parts {
            escape(part, true, |piece| text.extend_from_slice(piece));
        }
        text.extend_from_slice(suffix.as_bytes());
        text.push(b'"');
    }

    /// The name of the label that tells the states of a state set apart, up to its value.
    pub(crate) fn set_state_label(self, text: &mut Vec<u8>) {
        self.set(text, "");
        // A metric name may have colons, a label name may not.
        if !self.is_quoted {
            text.iter_mut().filter(|byte| **byte == b':').for_each(|byte| *byte = b'_');
        }
        text.extend_from_slice(b"=\"");
    }
}

/// The beginning of a line, up to its labels: `name{`, or `{"name",` for a name in quotes.
#[derive(Default)]
pub(crate) struct Head {
    text: Vec<u8>,
    /// What comes instead of the last byte where there are no labels.
    without_labels: &'static str,
}

impl Head {
    pub(crate) fn set(&mut self, name: Name<'_>, suffix: &str) {
        name.set(&mut self.text, suffix);
        if name.is_quoted {
            self.text.insert(0, b'{');
            self.text.push(b',');
            self.without_labels = "} ";
        } else {
            self.text.push(b'{');
            self.without_labels = " ";
        }
    }

    #[inline(always)]
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The most that a line with these labels and no value takes.
    #[inline]
    pub(crate) fn most(&self, labels: Labels<'_>) -> usize {
        let [constant, own] = labels.parts();
        self.text.len() + constant.len() + own.len() + PUNCTUATION
    }

    /// A line up to its value: `name{labels} `, or without labels `name `.
    #[inline(always)]
    pub(crate) fn push(&self, out: &mut Cursor<'_>, labels: Labels<'_>) {
        let [constant, own] = labels.parts();
        if labels.is_empty() {
            out.push_bytes(&self.text[..self.text.len() - 1]);
            return out.push(self.without_labels);
        }
        out.push_bytes(&self.text);
        if !constant.is_empty() {
            out.push(constant);
            if !own.is_empty() {
                out.push_array([b',']);
            }
        }
        out.push(own);
        out.push_array(*b"} ");
    }

    /// Makes `line` a line up to the value of one more label.
    pub(crate) fn set_line(&self, line: &mut Vec<u8>, labels: Labels<'_>, last: &[u8]) {
        line.clear();
        line.extend_from_slice(&self.text);
        for part in labels.parts() {
            if !part.is_empty() {
                line.extend_from_slice(part.as_bytes());
                line.push(b',');
            }
        }
        line.extend_from_slice(last);
    }
}

/// Escapes `\` and line feeds, and between quotes also `"`: anything else is as it is, in every
/// version of the formats. It takes at most twice the length of `text`.
pub(crate) fn push_escaped(out: &mut Cursor<'_>, text: &str, quotes: bool) {
    escape(text, quotes, |piece| out.push_bytes(piece));
}

fn escape(text: &str, quotes: bool, mut push: impl FnMut(&[u8])) {
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape = match byte {
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'"' if quotes => b"\\\"",
            _ => continue,
        };
        push(&bytes[start..at]);
        push(escape);
        start = at + 1;
    }
    push(&bytes[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use metrics_core::LabelSet;

    fn line(head: &Head, labels: Labels<'_>) -> String {
        let mut bytes = alloc::vec![0; head.most(labels)];
        let mut out = Cursor::new(&mut bytes);
        head.push(&mut out, labels);
        let len = out.len();
        bytes.truncate(len);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn names_are_in_quotes_where_they_need_them() {
        let labels = LabelSet::new([("a", "1")]).unwrap();
        for (parts, expected) in [
            (["", "up"], ["up_sum ", "up_sum{a=\"1\"} "]),
            (["db:", "up2"], ["db:up2_sum ", "db:up2_sum{a=\"1\"} "]),
            (["", "2up"], ["{\"2up_sum\"} ", "{\"2up_sum\",a=\"1\"} "]),
            (["db_", "2up"], ["db_2up_sum ", "db_2up_sum{a=\"1\"} "]),
            (["", "a\"\\\nb"], ["{\"a\\\"\\\\\\nb_sum\"} ", "{\"a\\\"\\\\\\nb_sum\",a=\"1\"} "]),
        ] {
            let mut head = Head::default();
            head.set(Name::new(parts, true), "_sum");
            assert_eq!([line(&head, Labels::EMPTY), line(&head, labels.labels())], expected);
        }
    }
}
