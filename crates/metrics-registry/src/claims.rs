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
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use dashmap::DashMap;
use metrics_core::__private::{TextSet, key, mix};
use metrics_core::{Descriptor, MetricName, MetricType};

use crate::entries::Entry;

/// Few, as writers come one at a time anyway: an empty map is to cost hundreds of bytes.
const SHARDS: usize = 4;

/// The name, type and base of one family.
#[derive(Clone)]
pub(crate) struct Family {
    name: Arc<str>,
    base: usize,
    metric_type: MetricType,
    /// Whether the base ends with what a type may add to another one.
    is_suffixed: bool,
}

impl Family {
    pub(crate) fn new(name: MetricName<'_>, descriptor: &Descriptor<'_>) -> Self {
        let base = name.prefix().len() + descriptor.base().len();
        let name: Arc<str> = match name.prefix() {
            "" => descriptor.name().into(),
            prefix => [prefix, descriptor.name()].concat().into(),
        };
        let is_suffixed = split_suffix(&name[..base]).is_some();
        Self { name, base, metric_type: descriptor.metric_type(), is_suffixed }
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
    fn clash(&self, any_suffixed: bool, find: &dyn Fn(&str) -> Option<Self>) -> Option<Self> {
        let base = self.base();
        if let Some(other) = find(base) {
            return Some(other);
        }
        let suffixed = if any_suffixed { self.clash_of_suffixes(find) } else { None };
        if suffixed.is_some() {
            return suffixed;
        }
        if !self.is_suffixed {
            return None;
        }
        let (shorter, suffix) = split_suffix(base)?;
        find(shorter).filter(|other| other.metric_type.suffixes().contains(&suffix))
    }

    /// The family whose base is a name with a suffix that this one claims.
    fn clash_of_suffixes(&self, find: &dyn Fn(&str) -> Option<Self>) -> Option<Self> {
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
}

/// What is before a suffix that some type adds, and the suffix.
fn split_suffix(base: &str) -> Option<(&str, &str)> {
    let (shorter, suffix) = base.split_at(base.rfind('_')?);
    // Those of all types: one comparison for most texts.
    let is_suffix = matches!(
        suffix,
        "_total" | "_created" | "_bucket" | "_sum" | "_count" | "_gsum" | "_gcount" | "_info"
    );
    is_suffix.then_some((shorter, suffix))
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The families of one collector. Hardly any has more than one, so the first needs no list.
#[derive(Debug, Default)]
pub(crate) struct Families {
    first: Option<Family>,
    more: Vec<Family>,
}

impl Families {
    pub(crate) fn push(&mut self, family: Family) {
        match self.first {
            None => self.first = Some(family),
            Some(_) => self.more.push(family),
        }
    }

    pub(crate) fn first(&self) -> Option<&Family> {
        self.first.as_ref()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn get(&self, at: usize) -> Option<&Family> {
        if at == 0 { self.first() } else { self.more.get(at - 1) }
    }

    fn iter(&self) -> impl Iterator<Item = &Family> {
        self.first.iter().chain(&self.more)
    }

    /// The first that clashes with one before it, and that one.
    pub(crate) fn clash(&self) -> Option<(Family, Family)> {
        if self.more.is_empty() {
            return None;
        }
        // Its members are found by their place among the families.
        let mut before = TextSet::default();
        for family in self.iter() {
            let find = |name: &str| before.find(name).and_then(|at| self.get(at)).cloned();
            if let Some(other) = family.clash(true, &find) {
                return Some((family.clone(), other));
            }
            before.insert(family.base());
        }
        None
    }
}

/// One family of an entry. As a key, it is its base.
struct Claim {
    /// Kept, so that a map that grows need not read the names again, which lie all over the memory.
    hash: u64,
    entry: Arc<Entry>,
    at: u32,
}

impl Claim {
    fn family(&self) -> &Family {
        self.entry.families().get(self.at as usize).expect("a claim is of a family of its entry")
    }
}

impl Borrow<str> for Claim {
    fn borrow(&self) -> &str {
        self.family().base()
    }
}

impl Hash for Claim {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for Claim {
    fn eq(&self, other: &Self) -> bool {
        self.family().base() == other.family().base()
    }
}

impl Eq for Claim {}

/// The families of a registry, and the entry that each belongs to.
pub(crate) struct Claims {
    by_base: DashMap<Claim, (), ByText>,
    /// How many bases end with a suffix. Changed and read under the mutex of the entries.
    suffixed: AtomicUsize,
    #[cfg(loom)]
    steps: crate::sync::Mutex<()>,
}

impl Claims {
    pub(crate) fn new() -> Self {
        Self {
            by_base: DashMap::with_hasher_and_shard_amount(ByText, SHARDS),
            suffixed: AtomicUsize::new(0),
            #[cfg(loom)]
            steps: crate::sync::Mutex::new(()),
        }
    }

    /// The map; in a model, each use of it is a step that those of other threads come before or after.
    fn by_base(&self) -> &DashMap<Claim, (), ByText> {
        #[cfg(loom)]
        drop(self.steps.lock());
        &self.by_base
    }

    /// The first of `families` that clashes with a claimed one, and that one.
    pub(crate) fn clash(&self, families: &Families) -> Option<(Family, Family)> {
        let any_suffixed = self.suffixed.load(Relaxed) > 0;
        let find = |name: &str| self.by_base().get(name).map(|found| found.key().family().clone());
        families.iter().find_map(|family| Some((family.clone(), family.clash(any_suffixed, &find)?)))
    }

    /// The entry that has the family `name`, to the letter.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Entry>> {
        let bases = [Some(name), name.strip_suffix("_total"), name.strip_suffix("_info")];
        bases.into_iter().flatten().find_map(|base| {
            let found = self.by_base().get(base)?;
            let claim = found.key();
            (claim.family().name() == name).then(|| Arc::clone(&claim.entry))
        })
    }

    /// Claims the names of an entry, which were found free under the same lock.
    pub(crate) fn insert(&self, entry: &Arc<Entry>) {
        for (at, family) in (0..).zip(entry.families().iter()) {
            let claim = Claim { hash: ByText.hash_one(family.base()), entry: Arc::clone(entry), at };
            let before = self.by_base().insert(claim, ());
            debug_assert!(before.is_none(), "{family:?} was claimed");
            if family.is_suffixed {
                self.suffixed.fetch_add(1, Relaxed);
            }
        }
    }

    /// Frees the names of an entry. The caller holds the entry, so its collector is not dropped here.
    pub(crate) fn remove(&self, entry: &Arc<Entry>) {
        for family in entry.families().iter() {
            self.by_base().remove(family.base());
            if family.is_suffixed {
                self.suffixed.fetch_sub(1, Relaxed);
            }
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

    /// The hash of a claim, which is that of its base.
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// The end of a text, which `mix` knows from its length.
    fn write_u8(&mut self, _: u8) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

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
                let mut pair = Families::default();
                pair.push(a.clone());
                pair.push(b.clone());
                assert_eq!(pair.clash().is_some(), expected, "{a:?} {b:?} {:?}", a.metric_type);
            }
        }
    }
}
