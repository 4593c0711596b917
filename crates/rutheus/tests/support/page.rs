//! A strict reader of the text format 0.0.4: what it does not accept, a server may not accept either.

use std::fmt;

/// One family as it stands on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageFamily {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: String,
    pub(crate) samples: Vec<PageSample>,
}

/// One line: the name with its suffix, the labels as they were before they were escaped, and the text of
/// the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageSample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: String,
}

/// The line that is not of the format, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    line: String,
    why: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.why, self.line)
    }
}

/// Reads a whole page. Each family must begin with its `# TYPE`, at most one `# HELP` before it, and
/// have at least one sample; no family, and no series in it, comes twice.
pub(crate) fn parse(page: &str) -> Result<Vec<PageFamily>, Malformed> {
    let mut families: Vec<PageFamily> = Vec::new();
    let mut help: Option<(String, String)> = None;
    if !page.is_empty() && !page.ends_with('\n') {
        return Err(malformed(page.lines().last().unwrap_or_default(), "the last line has no line feed"));
    }
    for line in page.split_terminator('\n') {
        let fail = |why| Err(malformed(line, why));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let Some((name, text)) = rest.split_once(' ') else { return fail("a HELP without text") };
            let Some(text) = unescape(text, false) else { return fail("an unknown escape") };
            if help.replace((name.to_owned(), text)).is_some() {
                return fail("a second HELP");
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = rest.split_once(' ') else { return fail("a TYPE without type") };
            if !is_metric_name(name) || families.iter().any(|family| family.name == name) {
                return fail("not a name, or one that was there");
            }
            if !["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind) {
                return fail("an unknown type");
            }
            let text = match help.take() {
                Some((of, _)) if of != name => return fail("the HELP is of another family"),
                help => help.map(|(_, text)| text).unwrap_or_default(),
            };
            if families.last().is_some_and(|family| family.samples.is_empty()) {
                return fail("the family before has no samples");
            }
            families.push(PageFamily {
                name: name.to_owned(),
                help: text,
                kind: kind.to_owned(),
                samples: Vec::new(),
            });
        } else {
            let sample = sample(line)?;
            let Some(family) = families.last_mut() else { return fail("a sample before any TYPE") };
            if help.is_some() || !belongs(&sample, family) {
                return fail("a sample of another family");
            }
            if family.samples.iter().any(|other| other.name == sample.name && other.labels == sample.labels) {
                return fail("a series that was there");
            }
            family.samples.push(sample);
        }
    }
    match families.last() {
        Some(family) if family.samples.is_empty() => Err(malformed(&family.name, "a family without samples")),
        _ if help.is_some() => Err(malformed("", "a HELP at the end")),
        _ => Ok(families),
    }
}

fn belongs(sample: &PageSample, family: &PageFamily) -> bool {
    let has = |label: &str| sample.labels.iter().any(|(name, _)| name == label);
    let Some(suffix) = sample.name.strip_prefix(&family.name) else { return false };
    match &*family.kind {
        "histogram" => matches!(suffix, "_sum" | "_count") && !has("le") || suffix == "_bucket" && has("le"),
        "summary" => matches!(suffix, "_sum" | "_count") && !has("quantile") || suffix.is_empty(),
        _ => suffix.is_empty(),
    }
}

fn sample(line: &str) -> Result<PageSample, Malformed> {
    let fail = |why| Err(malformed(line, why));
    let end = line.find(['{', ' ']).unwrap_or(line.len());
    let (name, mut rest) = line.split_at(end);
    if !is_metric_name(name) {
        return fail("not a metric name");
    }
    let mut labels: Vec<(String, String)> = Vec::new();
    if let Some(pairs) = rest.strip_prefix('{') {
        rest = pairs;
        loop {
            let Some((label, after)) = rest.split_once("=\"") else { return fail("not a label") };
            if !is_label_name(label) || labels.iter().any(|(other, _)| other == label) {
                return fail("not a label name, or one that was there");
            }
            let Some(quote) = closing_quote(after) else { return fail("a value without end") };
            let Some(value) = unescape(&after[..quote], true) else { return fail("an unknown escape") };
            labels.push((label.to_owned(), value));
            rest = &after[quote + 1..];
            match rest.as_bytes().first() {
                Some(b',') => rest = &rest[1..],
                Some(b'}') => break,
                _ => return fail("neither `,` nor `}` after a label"),
            }
        }
        rest = &rest[1..];
    }
    match rest.strip_prefix(' ') {
        Some(value) if is_number(value) => {
            Ok(PageSample { name: name.to_owned(), labels, value: value.to_owned() })
        }
        _ => fail("not a number"),
    }
}

/// Where the first quote is that no backslash stands before.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })
}

fn unescape(text: &str, in_quotes: bool) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        plain.push(match character {
            '\\' => match rest.next()? {
                '\\' => '\\',
                'n' => '\n',
                '"' if in_quotes => '"',
                _ => return None,
            },
            '"' if in_quotes => return None,
            other => other,
        });
    }
    Some(plain)
}

fn is_metric_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || b"_:".contains(&byte))
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte))
}

fn is_label_name(name: &str) -> bool {
    is_metric_name(name) && !name.contains(':') && !name.starts_with("__")
}

fn is_number(text: &str) -> bool {
    matches!(text, "+Inf" | "-Inf" | "NaN")
        || text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte))
            && text.parse::<f64>().is_ok()
}

#[cold]
fn malformed(line: &str, why: &'static str) -> Malformed {
    Malformed { line: line.to_owned(), why }
}
