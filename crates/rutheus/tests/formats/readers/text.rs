//! A reader of the text formats that takes nothing but what a careful writer writes.

use super::Kind;
use super::page::{Content, Num, PageFamily, Part, Sample, SeenExemplar, Time, is_classic, is_classic_label};

type Read<T> = Result<T, String>;

pub(crate) fn read(page: &str, kind: Kind) -> Read<Vec<PageFamily>> {
    let mut lines: Vec<_> = page.split('\n').collect();
    if lines.pop() != Some("") {
        return Err("no line feed at the end".to_owned());
    }
    if kind != Kind::Text && lines.pop() != Some("# EOF") {
        return Err("no # EOF at the end".to_owned());
    }
    let mut families: Vec<PageFamily> = Vec::new();
    for line in lines {
        read_line(line, kind, &mut families).map_err(|error| format!("{error} in {line:?}"))?;
    }
    for (i, family) in families.iter().enumerate() {
        if family.samples.is_empty() {
            return Err(format!("{} has no samples", family.name));
        }
        if families[..i].iter().any(|other| other.name == family.name) {
            return Err(format!("{} comes twice", family.name));
        }
        for (i, sample) in family.samples.iter().enumerate() {
            let is_same = |other: &Sample| other.name == sample.name && other.labels == sample.labels;
            if family.samples[..i].iter().any(is_same) {
                return Err(format!("{} {:?} comes twice", sample.name, sample.labels));
            }
        }
    }
    Ok(families)
}

fn read_line(line: &str, kind: Kind, families: &mut Vec<PageFamily>) -> Read<()> {
    let Some(about) = line.strip_prefix("# ") else {
        let sample = read_sample(line, kind)?;
        let family = families.last_mut().ok_or("a sample before any family")?;
        let suffix = sample.name.strip_prefix(&family.name).ok_or("a sample of another family")?;
        let suffixes: &[&str] = match (&*family.metric_type, kind) {
            (_, Kind::OpenMetrics2) => &[""],
            ("histogram", Kind::Text) => &["_bucket", "_sum", "_count"],
            ("summary", Kind::Text) => &["", "_sum", "_count"],
            (_, Kind::Text) => &[""],
            ("counter", _) => &["_total", "_created"],
            ("histogram", _) => &["_bucket", "_sum", "_count", "_created"],
            ("gaugehistogram", _) => &["_bucket", "_gsum", "_gcount"],
            ("summary", _) => &["", "_sum", "_count", "_created"],
            ("info", _) => &["_info"],
            _ => &[""],
        };
        if !suffixes.contains(&suffix) {
            return Err(format!("suffix {suffix:?} in a {}", family.metric_type));
        }
        let takes_exemplars =
            matches!((&*family.metric_type, suffix), ("counter", "_total") | (_, "_bucket"))
                || kind == Kind::OpenMetrics2
                    && matches!(&*family.metric_type, "counter" | "histogram" | "gaugehistogram");
        if !sample.exemplars.is_empty() && !takes_exemplars {
            return Err("an exemplar in the wrong place".to_owned());
        }
        family.samples.push(sample);
        return Ok(());
    };
    let (word, rest) = about.split_once(' ').ok_or("no word")?;
    let (name, rest) = read_name(rest)?;
    let text = rest.strip_prefix(' ').ok_or("no blank after the name")?;
    if word == "HELP"
        || word == "TYPE"
            && families.last().is_none_or(|family| family.name != name || !family.metric_type.is_empty())
    {
        let (help, metric_type) = match word {
            "HELP" => (unescape(text, kind != Kind::Text)?, String::new()),
            _ => (String::new(), text.to_owned()),
        };
        families.push(PageFamily { name, metric_type, help, unit: String::new(), samples: Vec::new() });
        return Ok(());
    }
    let family = families.last_mut().filter(|family| family.name == name && family.samples.is_empty());
    let family = family.ok_or("a line about another family")?;
    match word {
        "TYPE" if family.metric_type.is_empty() => family.metric_type = text.to_owned(),
        "UNIT" if family.unit.is_empty() && kind != Kind::Text => family.unit = text.to_owned(),
        _ => return Err(format!("unexpected {word}")),
    }
    Ok(())
}

fn read_sample(line: &str, kind: Kind) -> Read<Sample> {
    let (name, labels, rest) = match line.strip_prefix('{') {
        Some(rest) => {
            let (name, rest) = read_quoted(rest)?;
            if is_classic(&name) {
                return Err(format!("{name} needs no quotes"));
            }
            let (labels, rest) = match rest.strip_prefix(',') {
                Some(rest) => read_labels(rest)?,
                None => (Vec::new(), rest.strip_prefix('}').ok_or("no brace at the end")?),
            };
            (name, labels, rest)
        }
        None => {
            let (name, rest) = read_name(line)?;
            let (labels, rest) = match rest.strip_prefix('{') {
                Some(rest) => read_labels(rest)?,
                None => (Vec::new(), rest),
            };
            (name, labels, rest)
        }
    };
    let mut rest = rest.strip_prefix(' ').ok_or("no blank before the value")?;
    let mut exemplars = Vec::new();
    if kind != Kind::Text {
        // No value and no time has a `#`.
        if let Some((before, mut after)) = rest.split_once(" # ") {
            rest = before;
            loop {
                let (exemplar, left) = read_exemplar(after, kind)?;
                exemplars.push(exemplar);
                match left.strip_prefix(" # ") {
                    Some(next) => after = next,
                    None if left.is_empty() => break,
                    None => return Err(format!("{left:?} after an exemplar")),
                }
            }
        }
    }
    let mut words = rest.split(' ');
    let value = words.next().ok_or("no value")?;
    let value = match value.strip_prefix('{') {
        Some(parts) if kind == Kind::OpenMetrics2 => {
            Content::Parts(read_parts(parts.strip_suffix('}').ok_or("no brace")?)?)
        }
        _ => Content::Number(read_number(value)?),
    };
    let (mut timestamp, mut created) = (None, None);
    for word in words {
        match word.strip_prefix("st@") {
            Some(word) if kind == Kind::OpenMetrics2 && created.is_none() => {
                created = Some(read_time(word, kind)?);
            }
            None if timestamp.is_none() && created.is_none() => timestamp = Some(read_time(word, kind)?),
            _ => return Err(format!("unexpected {word:?}")),
        }
    }
    Ok(Sample { name, labels, value, timestamp, created, exemplars })
}

fn read_exemplar(text: &str, kind: Kind) -> Read<(SeenExemplar, &str)> {
    let (labels, rest) = read_labels(text.strip_prefix('{').ok_or("no brace")?)?;
    let rest = rest.strip_prefix(' ').ok_or("no blank after the labels")?;
    let end = rest.find(" # ").unwrap_or(rest.len());
    let (rest, left) = rest.split_at(end);
    let (value, time) = match rest.split_once(' ') {
        Some((value, time)) => (value, Some(read_time(time, kind)?)),
        None => (rest, None),
    };
    let chars: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if chars > 128 || kind == Kind::OpenMetrics2 && time.is_none() {
        return Err("an exemplar that is not allowed".to_owned());
    }
    Ok((SeenExemplar { labels, value: read_number(value)?, timestamp: time }, left))
}

fn read_parts(text: &str) -> Read<Vec<(String, Part)>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once(':').ok_or("no colon")?;
        let part = match after.strip_prefix('[') {
            Some(list) => {
                let (list, after) = list.split_once(']').ok_or("no bracket")?;
                rest = after;
                read_list(list)?
            }
            None => {
                let (number, after) = after.split_at(after.find(',').unwrap_or(after.len()));
                rest = after;
                Part::Number(read_number(number)?)
            }
        };
        parts.push((name.to_owned(), part));
        match rest.strip_prefix(',') {
            Some(after) if !after.is_empty() => rest = after,
            None if rest.is_empty() => {}
            _ => return Err(format!("{rest:?} after {name}")),
        }
    }
    Ok(parts)
}

fn read_list(text: &str) -> Read<Part> {
    if text.is_empty() {
        return Ok(Part::Pairs(Vec::new()));
    }
    if !text.contains(':') {
        return text.split(',').map(read_number).collect::<Result<_, _>>().map(Part::List);
    }
    let pair = |text: &str| -> Read<(Num, Num)> {
        let (a, b) = text.split_once(':').ok_or("no colon")?;
        Ok((read_number(a)?, read_number(b)?))
    };
    text.split(',').map(pair).collect::<Result<_, _>>().map(Part::Pairs)
}

/// The name at the beginning, in quotes if it needs them and only then.
fn read_name(text: &str) -> Read<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, rest) = read_quoted(&text[text.len() - quoted.len() - 1..])?;
        return if is_classic(&name) { Err(format!("{name} needs no quotes")) } else { Ok((name, rest)) };
    }
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if is_classic(name) { Ok((name.to_owned(), rest)) } else { Err(format!("bad name {name:?}")) }
}

/// The labels up to the brace.
fn read_labels(text: &str) -> Read<(Vec<(String, String)>, &str)> {
    let mut labels: Vec<(String, String)> = Vec::new();
    if let Some(rest) = text.strip_prefix('}') {
        return Ok((labels, rest));
    }
    let mut rest = text;
    loop {
        let name;
        if rest.starts_with('"') {
            (name, rest) = read_quoted(rest)?;
            if is_classic_label(&name) {
                return Err(format!("{name} needs no quotes"));
            }
        } else {
            let (plain, after) = rest.split_at(rest.find('=').ok_or("no =")?);
            if !is_classic_label(plain) {
                return Err(format!("bad label {plain:?}"));
            }
            (name, rest) = (plain.to_owned(), after);
        }
        let value;
        (value, rest) = read_quoted(rest.strip_prefix('=').ok_or("no =")?)?;
        if labels.iter().any(|(other, _)| *other == name) {
            return Err(format!("label {name} twice"));
        }
        labels.push((name, value));
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok((labels, rest.strip_prefix('}').ok_or("no brace")?)),
        }
    }
}

/// A text in quotes, which has the three escapes and no others.
fn read_quoted(text: &str) -> Read<(String, &str)> {
    let text = text.strip_prefix('"').ok_or("no quote")?;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Ok((unescape(&text[..at], true)?, &text[at + 1..])),
            _ => {}
        }
    }
    Err("no quote at the end".to_owned())
}

fn unescape(text: &str, quotes: bool) -> Read<String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\\') => plain.push('\\'),
                Some('n') => plain.push('\n'),
                Some('"') if quotes => plain.push('"'),
                other => return Err(format!("bad escape {other:?}")),
            },
            '"' if quotes => return Err("a quote that is not escaped".to_owned()),
            c => plain.push(c),
        }
    }
    Ok(plain)
}

fn read_number(text: &str) -> Read<Num> {
    let is_integer = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        "NaN" => return Ok(Num::Float(f64::NAN)),
        "+Inf" => return Ok(Num::Float(f64::INFINITY)),
        "-Inf" => return Ok(Num::Float(f64::NEG_INFINITY)),
        "-0" => return Ok(Num::Float(-0.0)),
        _ => {}
    }
    if is_integer(text.strip_prefix('-').unwrap_or(text)) {
        return text.parse().map(Num::Integer).map_err(|error| format!("{text:?}: {error}"));
    }
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte));
    match text.parse() {
        Ok(v) if is_plain => Ok(Num::Float(v)),
        _ => Err(format!("bad number {text:?}")),
    }
}

fn read_time(text: &str, kind: Kind) -> Read<Time> {
    let error = |error: &dyn std::fmt::Display| format!("bad time {text:?}: {error}");
    match kind {
        Kind::Text => Ok(Time::Nanos(text.parse::<i128>().map_err(|e| error(&e))? * 1_000_000)),
        Kind::OpenMetrics1 => text.parse().map(Time::Seconds).map_err(|e| error(&e)),
        Kind::OpenMetrics2 => {
            let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
            let whole: i128 = whole.parse().map_err(|e| error(&e))?;
            let decimals: i128 = format!("{decimals:0<9}").parse().map_err(|e| error(&e))?;
            Ok(Time::Nanos(whole * 1_000_000_000 + decimals))
        }
    }
}
