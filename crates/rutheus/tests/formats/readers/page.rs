//! What a page says, whatever it is written in.

use rutheus::{Escaping, Timestamp};

/// A family: the lines about it, and its samples in their order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PageFamily {
    pub(crate) name: String,
    pub(crate) metric_type: String,
    pub(crate) help: String,
    pub(crate) unit: String,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: Content,
    pub(crate) timestamp: Option<Time>,
    pub(crate) created: Option<Time>,
    pub(crate) exemplars: Vec<SeenExemplar>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeenExemplar {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: Num,
    pub(crate) timestamp: Option<Time>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Number(Num),
    /// Name and value of each part of a composite one.
    Parts(Vec<(String, Part)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Number(Num),
    List(Vec<Num>),
    Pairs(Vec<(Num, Num)>),
}

/// A number: integers are equal as integers, and everything else as floats, bit for bit.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Num {
    Integer(i128),
    Float(f64),
}

impl Num {
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Integer(v) => v as f64,
            Self::Float(v) => v,
        }
    }
}

impl PartialEq for Num {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (a, b) => {
                let (a, b) = (a.as_f64(), b.as_f64());
                a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
            }
        }
    }
}

/// Seconds since 1970, as exact as the format has them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Time {
    Seconds(f64),
    Nanos(i128),
}

impl Time {
    pub(crate) fn exact(time: Timestamp) -> Self {
        Self::Nanos(i128::from(time.seconds()) * 1_000_000_000 + i128::from(time.subsec_nanos()))
    }
}

/// Whether every reader knows the letters of this metric name.
pub(crate) fn is_classic(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':');
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

pub(crate) fn is_classic_label(name: &str) -> bool {
    is_classic(name) && !name.contains(':')
}

pub(crate) fn escape(escaping: Escaping, name: &str) -> String {
    if is_classic(name) { name.to_owned() } else { escaping.escape(name).into_owned() }
}

/// Makes the texts of bounds and quantiles their floats, and whether they end with `.0`: where two
/// decimals of the fewest digits are equally near to a float, either will do.
pub(crate) fn by_value(mut families: Vec<PageFamily>) -> Vec<PageFamily> {
    let samples = families.iter_mut().flat_map(|family| &mut family.samples);
    let labels = samples.flat_map(|sample| &mut sample.labels);
    for (_, value) in labels.filter(|(name, _)| matches!(&**name, "le" | "quantile")) {
        let v: f64 = value.parse().unwrap();
        *value = format!("{v:e} {} {}", value.len(), value.ends_with(".0"));
    }
    families
}
