//! Which family owns which name in one registry.
//!
//! A family claims its base name and the base with every suffix of its type. Two families clash if
//! their bases are equal, or if the base of one is a suffixed name of the other; two suffixed names
//! cannot be equal unless their bases are, as no suffix ends with another. So only the base is a
//! key, and a check looks up a handful of names, however many families there are.
//!
//! Whoever changes the map holds the mutex of the registry's entries; the map is a concurrent one so
//! that who only looks a name up need not wait for that. No guard of the map leaves this file, and
//! nothing is called while one is held.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use dashmap::DashMap;
use metrics_core::__private::{key, mix};
use metrics_core::{Descriptor, MetricName, MetricType};

use crate::entries::Entry;

/// Few, as writers come one at a time anyway: an empty map is to cost hundreds of bytes.
const SHARDS: usize = 4;

/// The name, type and base of one family. As a key, it is its base.
#[derive(Clone)]
pub(crate) struct Family {
    name: Arc<str>,
    base: usize,
    metric_type: MetricType,
}

impl Family {
    pub(crate) fn new(name: MetricName<'_>, descriptor: &Descriptor<'_>) -> Self {
        let base = name.prefix().len() + descriptor.base().len();
        Self {
            name: [name.prefix(), descriptor.name()].concat().into(),
            base,
            metric_type: descriptor.metric_type(),
        }
    }

    /// The name in full, with the suffix that the type may imply.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn base(&self) -> &str {
        &self.name[..self.base]
    }

    /// The family that `find` has under a name that this one claims, or that claims the base of this.
    ///
    /// `any_suffixed` says whether a claimed base ends with a suffix at all; hardly any does, and then
    /// one look-up is enough.
    fn clash(&self, any_suffixed: bool, find: impl Fn(&str) -> Option<Self>) -> Option<Self> {
        let base = self.base();
        if let Some(other) = find(base) {
            return Some(other);
        }
        let suffixed = if any_suffixed { self.clash_of_suffixes(&find) } else { None };
        if suffixed.is_some() {
            return suffixed;
        }
        let (shorter, suffix) = base.split_at(base.rfind('_')?);
        if !is_suffix(suffix) {
            return None;
        }
        find(shorter).filter(|other| other.metric_type.suffixes().contains(&suffix))
    }

    /// The family whose base is a name with a suffix that this one claims.
    fn clash_of_suffixes(&self, find: impl Fn(&str) -> Option<Self>) -> Option<Self> {
        let base = self.base();
        let mut name = String::with_capacity(base.len() + 8);
        name.push_str(base);
        for suffix in self.metric_type.suffixes() {
            name.truncate(base.len());
            name.push_str(suffix);
            if let Some(other) = find(&name) {
                return Some(other);
            }
        }
        None
    }

    /// Whether the base ends with what a type may add to another one.
    fn is_suffixed(&self) -> bool {
        let base = self.base();
        base.rfind('_').is_some_and(|at| is_suffix(&base[at..]))
    }
}

fn is_suffix(text: &str) -> bool {
    use MetricType::{Counter, GaugeHistogram, Histogram, Info, Summary};
    [Counter, Histogram, GaugeHistogram, Summary, Info].iter().any(|of| of.suffixes().contains(&text))
}

impl Borrow<str> for Family {
    fn borrow(&self) -> &str {
        self.base()
    }
}

impl Hash for Family {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.base().hash(state);
    }
}

impl PartialEq for Family {
    fn eq(&self, other: &Self) -> bool {
        self.base() == other.base()
    }
}

impl Eq for Family {}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The first of `families` that clashes with one before it, and that one.
pub(crate) fn clash_within(families: &[Family]) -> Option<(Family, Family)> {
    if families.len() < 2 {
        return None;
    }
    let mut before: HashSet<Family> = HashSet::with_capacity(families.len());
    for family in families {
        if let Some(other) = family.clash(true, |name| before.get(name).cloned()) {
            return Some((family.clone(), other));
        }
        before.insert(family.clone());
    }
    None
}

/// The families of a registry, and the entry that each belongs to.
pub(crate) struct Claims {
    by_base: DashMap<Family, Arc<Entry>, ByText>,
    /// How many bases end with a suffix. Changed and read under the mutex of the entries.
    suffixed: AtomicUsize,
}

impl Claims {
    pub(crate) fn new() -> Self {
        Self { by_base: DashMap::with_hasher_and_shard_amount(ByText, SHARDS), suffixed: AtomicUsize::new(0) }
    }

    /// The first of `families` that clashes with a claimed one, and that one.
    pub(crate) fn clash(&self, families: &[Family]) -> Option<(Family, Family)> {
        families.iter().find_map(|family| {
            let any_suffixed = self.suffixed.load(Relaxed) > 0;
            let other =
                family.clash(any_suffixed, |name| self.by_base.get(name).map(|found| found.key().clone()))?;
            Some((family.clone(), other))
        })
    }

    /// The entry that has the family `name`, to the letter.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Entry>> {
        let bases = [Some(name), name.strip_suffix("_total"), name.strip_suffix("_info")];
        bases.into_iter().flatten().find_map(|base| {
            let found = self.by_base.get(base)?;
            (found.key().name() == name).then(|| Arc::clone(found.value()))
        })
    }

    /// Claims the names of an entry, which were found free under the same lock.
    pub(crate) fn insert(&self, entry: &Arc<Entry>) {
        for family in entry.families() {
            let before = self.by_base.insert(family.clone(), Arc::clone(entry));
            debug_assert!(before.is_none(), "{family:?} was claimed");
            self.suffixed.fetch_add(usize::from(family.is_suffixed()), Relaxed);
        }
    }

    /// Frees the names of an entry. The caller holds the entry, so its collector is not dropped here.
    pub(crate) fn remove(&self, entry: &Arc<Entry>) {
        for family in entry.families() {
            self.by_base.remove(family.base());
            self.suffixed.fetch_sub(usize::from(family.is_suffixed()), Relaxed);
        }
    }
}

/// Hashes names as the core hashes label values: several times as fast as the standard way.
#[derive(Clone, Default)]
struct ByText;

struct TextHasher(u64);

impl BuildHasher for ByText {
    type Hasher = TextHasher;

    fn build_hasher(&self) -> TextHasher {
        TextHasher(key())
    }
}

impl Hasher for TextHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(self.0, bytes);
    }

    /// The end of a text, which `mix` knows from its length.
    fn write_u8(&mut self, _: u8) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(prefix: &str, metric_type: MetricType, name: &str) -> Family {
        Family::new(MetricName::new(prefix, name), &Descriptor::new(metric_type, name, ""))
    }

    #[test]
    fn the_rule_agrees_with_claiming_every_name() {
        use MetricType::*;
        let types = [Counter, Gauge, Histogram, Summary, Info, StateSet, GaugeHistogram, Unknown];
        let tails = ["", "_total", "_info", "_created", "_bucket", "_sum", "_count", "_gsum", "_gcount"];
        let mut all = Vec::new();
        for metric_type in types {
            for tail in tails {
                all.push(family("", metric_type, &format!("a{tail}")));
                all.push(family("", metric_type, &format!("a_total{tail}")));
                all.push(family("a_", metric_type, &format!("b{tail}")));
            }
            all.push(family("a_", metric_type, "total"));
            all.push(family("a_", metric_type, "count"));
        }
        let names = |family: &Family| -> HashSet<String> {
            let base = family.base();
            let suffixed = family.metric_type.suffixes().iter().map(|suffix| format!("{base}{suffix}"));
            suffixed.chain([base.to_owned()]).collect()
        };
        for a in &all {
            for b in &all {
                let expected = !names(a).is_disjoint(&names(b));
                let pair = [a.clone(), b.clone()];
                assert_eq!(clash_within(&pair).is_some(), expected, "{a:?} {b:?} {:?}", a.metric_type);
            }
        }
    }
}
