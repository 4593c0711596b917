use alloc::string::String;
use alloc::vec::Vec;

use super::filter::filter;
use super::sort::sort_few;
#[cfg(feature = "std")]
use crate::exemplar_slot::Copies;
#[cfg(feature = "std")]
use crate::histogram::Room;
use crate::labels::Pairs;
use crate::name::is_metric_name;
use crate::select::is_asked_for;
use crate::text_set::TextSet;
use crate::{Descriptor, Escaping, MetricType, ScrapeError, ScrapeErrorReason};

/// What a scrape remembers, and the texts that it uses again.
#[derive(Default)]
pub(super) struct State {
    /// Prefixes that apply, each followed by `_`.
    pub(super) prefix: String,
    /// Rendered labels that apply to every sample.
    pub(super) constant: String,
    /// Bases of the full names of the families so far.
    families: TextSet,
    types: Vec<MetricType>,
    /// Canonical labels of the pushed series of the current family.
    series: TextSet,
    pub(super) errors: Vec<ScrapeError>,
    pub(super) name: String,
    pub(super) own: String,
    canonical: String,
    pub(super) filtered: String,
    /// What becomes of names that have other than the classic letters.
    pub(super) escaping: Escaping,
    /// The full name of the current family, where it was escaped.
    pub(super) escaped_name: String,
    pub(super) escaped_own: String,
    /// Names that were asked for; a family must be in each of the sets.
    pub(super) selections: Vec<TextSet>,
    #[cfg(feature = "std")]
    pub(super) room: Room,
    #[cfg(feature = "std")]
    pub(super) exemplars: Copies,
}

impl State {
    /// Takes the names of a family, or returns false if one of them is taken in this scrape.
    ///
    /// A family claims its base and its base with each suffix of its type. Two families clash if
    /// their bases are equal, or if a base of one is a suffixed name of the other; suffixed names of
    /// both cannot be equal unless the bases are, as no suffix ends with another.
    pub(super) fn claim(&mut self, descriptor: &Descriptor<'_>) -> bool {
        let escapes = self.escape_name(descriptor);
        for suffix in descriptor.metric_type().suffixes().iter().chain([&""]) {
            if escapes {
                self.name.clear();
                self.name.push_str(descriptor.metric_type().base(&self.escaped_name));
                self.name.push_str(suffix);
            } else {
                self.full_name(descriptor.base(), suffix);
            }
            if self.families.find(&self.name).is_some() {
                return false;
            }
        }
        if let Some(underscore) = self.name.rfind('_') {
            let (shorter, suffix) = self.name.split_at(underscore);
            let owner = self.families.find(shorter);
            if owner.is_some_and(|at| self.types[at].suffixes().contains(&suffix)) {
                return false;
            }
        }
        if !self.families.insert(&self.name) {
            return false;
        }
        self.types.push(descriptor.metric_type());
        self.series.clear();
        true
    }

    /// Whether a family is in every selection, by its full name or that of one of its samples.
    #[inline]
    pub(super) fn wants(&mut self, descriptor: &Descriptor<'_>) -> bool {
        self.selections.is_empty() || self.is_selected(descriptor)
    }

    #[cold]
    fn is_selected(&mut self, descriptor: &Descriptor<'_>) -> bool {
        let metric_type = descriptor.metric_type();
        let escapes = self.escape_name(descriptor);
        let Self { selections, prefix, escaped_name, name, .. } = self;
        selections.iter().all(|names| {
            let mut has = |prefix: &str, of: &str| is_asked_for(names, metric_type, [prefix, of], name);
            has(prefix, descriptor.name()) || escapes && has("", escaped_name)
        })
    }

    /// Whether the full name of the family has to be escaped, which is then kept.
    pub(super) fn escape_name(&mut self, descriptor: &Descriptor<'_>) -> bool {
        if !descriptor.is_utf8() || self.escaping == Escaping::AllowUtf8 {
            return false;
        }
        self.full_name(descriptor.name(), "");
        if is_metric_name(&self.name) {
            return false;
        }
        let escaped = self.escaping.escape(&self.name);
        self.escaped_name.clear();
        self.escaped_name.push_str(&escaped);
        true
    }

    pub(super) fn full_name(&mut self, name: &str, suffix: &str) {
        self.name.clear();
        self.name.push_str(&self.prefix);
        self.name.push_str(name);
        self.name.push_str(suffix);
    }

    /// Whether the label set of a pushed sample is new in its family. To a server an empty label is
    /// no label, and the order does not matter.
    pub(super) fn series_is_new(&mut self, own: &str) -> bool {
        const STACK: usize = 16;
        let plain = self.constant.is_empty() && is_canonical(own);
        if plain {
            return self.series.insert(own);
        }
        self.filtered.clear();
        filter(&mut self.filtered, &self.constant, own);
        let pairs = Pairs(&self.filtered).chain(Pairs(own)).filter(|(_, value)| !value.is_empty());
        self.canonical.clear();
        let mut on_stack = [("", ""); STACK];
        let mut on_heap = Vec::new();
        let mut len = 0;
        for pair in pairs {
            if len < STACK {
                on_stack[len] = pair;
            } else {
                if on_heap.is_empty() {
                    on_heap.extend_from_slice(&on_stack);
                }
                on_heap.push(pair);
            }
            len += 1;
        }
        let sorted = if on_heap.is_empty() { &mut on_stack[..len] } else { &mut on_heap[..] };
        sort_few(sorted, Ord::cmp);
        for (name, value) in sorted {
            self.canonical.push_str(name);
            self.canonical.push_str("=\"");
            self.canonical.push_str(value);
            self.canonical.push_str("\",");
        }
        // The same form that a plain one has.
        self.canonical.pop();
        self.series.insert(&self.canonical)
    }

    pub(super) fn report(&mut self, name: &str, reason: ScrapeErrorReason) {
        const KEPT: usize = 64;
        let mut family = String::with_capacity(self.prefix.len() + name.len());
        family.push_str(&self.prefix);
        family.push_str(name);
        if let Some(known) = self.errors.iter_mut().find(|e| e.reason == reason && e.family == family) {
            known.count += 1;
            return;
        }
        if self.errors.len() >= KEPT {
            // One more for all the others, so that the list stays bounded.
            family = String::from("other");
            if let Some(other) = self.errors.iter_mut().find(|e| e.reason == reason && e.family == family) {
                other.count += 1;
                return;
            }
        }
        self.errors.push(ScrapeError { family, reason, count: 1 });
    }
}

/// Names ascending and no value empty.
fn is_canonical(rendered: &str) -> bool {
    let mut last = "";
    Pairs(rendered).all(|(name, value)| {
        let ok = last < name && !value.is_empty();
        last = name;
        ok
    })
}
