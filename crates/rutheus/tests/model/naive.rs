//! What the library is to do, in maps and plain numbers: no sharing, no caches, no order of locks.

use std::collections::BTreeSet;

use crate::live::Mischief;
use crate::ops::{Action, Place, What};
use crate::pool::{BOUNDS, Kind, REGISTRIES, SPECS, STATES};

/// The value of one series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    U64(u64),
    I64(i64),
    F64(f64),
    Observed(Vec<f64>),
    State(usize),
    One,
}

/// One family as a scrape shows it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: Kind,
    pub(crate) series: Vec<(Vec<(String, String)>, Cell)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Duplicate,
    ClashesWithItself,
    Cycle,
}

pub(crate) struct Model {
    /// Every series that ever was; whoever holds one counts on after it is removed.
    cells: Vec<Cell>,
    /// Of each metric, the label values in the order of creation, and the series.
    series: Vec<Vec<(Vec<String>, usize)>>,
    registries: Vec<Vec<Entry>>,
    pub(crate) current: usize,
    pub(crate) panics: bool,
}

/// What is in a registry, and the families that it had when it came in.
#[derive(Debug, Clone)]
struct Entry {
    what: What,
    families: Vec<Named>,
}

#[derive(Debug, Clone)]
struct Named {
    name: String,
    /// Everything that the family may be exposed under.
    claimed: BTreeSet<String>,
}

impl Named {
    fn new(prefix: &str, name: &str, kind: Kind) -> Self {
        let (base, suffixes): (_, &[_]) = match kind {
            Kind::Counter | Kind::CounterF64 => {
                (name.strip_suffix("_total").unwrap_or(name), &["_total", "_created"])
            }
            Kind::Histogram => (name, &["_bucket", "_sum", "_count", "_created"]),
            Kind::Summary => (name, &["_sum", "_count", "_created"]),
            Kind::Info => (name.strip_suffix("_info").unwrap_or(name), &["_info"]),
            Kind::Gauge | Kind::GaugeI64 | Kind::StateSet => (name, &[]),
        };
        let claimed = [""].iter().chain(suffixes).map(|suffix| format!("{prefix}{base}{suffix}"));
        Self { name: format!("{prefix}{name}"), claimed: claimed.collect() }
    }

    fn clashes(&self, other: &Self) -> bool {
        !self.claimed.is_disjoint(&other.claimed)
    }
}

impl Model {
    pub(crate) fn new() -> Self {
        let mut model = Self {
            cells: Vec::new(),
            series: vec![Vec::new(); SPECS.len()],
            registries: vec![Vec::new(); REGISTRIES.len()],
            current: 0,
            panics: false,
        };
        for (metric, _) in SPECS.iter().enumerate().filter(|(_, spec)| spec.labels.is_none()) {
            model.hold(metric, &[]);
        }
        model
    }

    /// The series of these values, made if it is not there.
    pub(crate) fn hold(&mut self, metric: usize, values: &[String]) -> usize {
        if let Some(there) = self.find(metric, values) {
            return there;
        }
        self.cells.push(match SPECS[metric].kind {
            Kind::Counter => Cell::U64(0),
            Kind::GaugeI64 => Cell::I64(0),
            Kind::CounterF64 | Kind::Gauge => Cell::F64(0.0),
            Kind::Histogram | Kind::Summary => Cell::Observed(Vec::new()),
            Kind::StateSet => Cell::State(0),
            Kind::Info => Cell::One,
        });
        self.series[metric].push((values.to_vec(), self.cells.len() - 1));
        self.cells.len() - 1
    }

    pub(crate) fn find(&self, metric: usize, values: &[String]) -> Option<usize> {
        self.series[metric].iter().find(|(of, _)| of == values).map(|(_, cell)| *cell)
    }

    /// Whether the update is accepted.
    pub(crate) fn act(&mut self, metric: usize, cell: usize, action: Action) -> bool {
        let Action { verb, whole, float } = action;
        match (SPECS[metric].kind, &mut self.cells[cell]) {
            (Kind::Counter, Cell::U64(v)) => *v = v.wrapping_add(if verb % 3 == 1 { whole } else { 1 }),
            (Kind::CounterF64, Cell::F64(v)) => {
                let amount = if verb % 2 == 0 { 1.0 } else { float };
                if amount.is_nan() || amount.is_infinite() || amount < 0.0 {
                    return false;
                }
                *v += amount;
            }
            (Kind::Gauge, Cell::F64(v)) => match verb % 6 {
                0 => *v = float,
                1 => *v += 1.0,
                2 => *v -= 1.0,
                3 => *v += float,
                4 => *v -= float,
                _ => *v = *v + 1.0 - 1.0,
            },
            (Kind::GaugeI64, Cell::I64(v)) => match verb % 6 {
                0 => *v = whole as i64,
                1 => *v = v.wrapping_add(1),
                2 => *v = v.wrapping_sub(1),
                3 => *v = v.wrapping_add(whole as i64),
                4 => *v = v.wrapping_sub(whole as i64),
                _ => {}
            },
            (Kind::Histogram | Kind::Summary, Cell::Observed(all)) => {
                if verb % 4 != 0 {
                    all.push(float);
                }
            }
            (Kind::StateSet, Cell::State(state)) => match usize::from(verb) % (STATES.len() + 1) {
                chosen if chosen < STATES.len() => *state = chosen,
                _ => return false,
            },
            (Kind::Info, Cell::One) => {}
            (kind, cell) => unreachable!("{kind:?} {cell:?}"),
        }
        true
    }

    pub(crate) fn remove_if(&mut self, metric: usize, is_doomed: impl Fn(&[String]) -> bool) -> usize {
        let before = self.series[metric].len();
        self.series[metric].retain(|(values, _)| !is_doomed(values));
        before - self.series[metric].len()
    }

    pub(crate) fn len(&self, metric: usize) -> usize {
        self.series[metric].len()
    }

    fn at(&self, place: Place) -> usize {
        match place {
            Place::Registry(registry) => registry,
            Place::Proxy => self.current,
        }
    }

    pub(crate) fn register(&mut self, what: What, place: Place) -> Result<(), Refused> {
        let registry = self.at(place);
        if self.reaches(what, What::Registry(registry)) {
            return Err(Refused::Cycle);
        }
        let families = self.families(what);
        for (i, family) in families.iter().enumerate() {
            if families[..i].iter().any(|other| other.clashes(family)) {
                return Err(Refused::ClashesWithItself);
            }
        }
        let mut taken = self.registries[registry].iter().flat_map(|entry| &entry.families);
        if taken.any(|other| families.iter().any(|family| family.clashes(other))) {
            return Err(Refused::Duplicate);
        }
        self.registries[registry].push(Entry { what, families });
        Ok(())
    }

    /// What was taken out.
    pub(crate) fn unregister(&mut self, name: &str, place: Place) -> Option<What> {
        let registry = self.at(place);
        let entries = &mut self.registries[registry];
        let at = entries.iter().position(|entry| entry.families.iter().any(|family| family.name == name))?;
        Some(entries.remove(at).what)
    }

    pub(crate) fn unregister_collector(&mut self, what: What, registry: usize) -> bool {
        let at = self.registries[registry].iter().position(|entry| entry.what == what);
        at.map(|at| self.registries[registry].remove(at)).is_some()
    }

    /// The registry that was current, unless the new one contains the proxy.
    pub(crate) fn swap(&mut self, registry: usize) -> Option<usize> {
        if self.reaches(What::Registry(registry), What::Proxy) {
            return None;
        }
        Some(std::mem::replace(&mut self.current, registry))
    }

    fn inside(&self, what: What) -> Vec<What> {
        match what {
            What::Registry(registry) => self.registries[registry].iter().map(|entry| entry.what).collect(),
            What::Proxy => vec![What::Registry(self.current)],
            What::Metric(_) | What::Mischief => Vec::new(),
        }
    }

    fn reaches(&self, from: What, to: What) -> bool {
        from == to || self.inside(from).into_iter().any(|next| self.reaches(next, to))
    }

    fn families(&self, what: What) -> Vec<Named> {
        let mut families = Vec::new();
        self.describe(what, "", &mut families);
        families
    }

    fn describe(&self, what: What, prefix: &str, families: &mut Vec<Named>) {
        match what {
            What::Metric(metric) => {
                families.push(Named::new(prefix, SPECS[metric].name, SPECS[metric].kind));
            }
            What::Mischief => families.push(Named::new(prefix, Mischief::FAMILY.name(), Kind::Gauge)),
            What::Proxy => self.describe(What::Registry(self.current), prefix, families),
            What::Registry(registry) => {
                let prefix = extended(prefix, REGISTRIES[registry].0);
                for entry in &self.registries[registry] {
                    self.describe(entry.what, &prefix, families);
                }
            }
        }
    }

    /// What a scrape of `what` shows, its errors last.
    pub(crate) fn scrape(&self, what: What) -> Vec<Shown> {
        let mut scrape = NaiveScrape::default();
        if matches!(what, What::Mischief) && self.panics {
            // Nobody but the format isolates it, which calls it by no name of its own.
            scrape.mischief("", &[], Some("collector"));
        } else {
            self.collect(what, "", &[], &mut scrape);
        }
        scrape.finish()
    }

    fn collect(&self, what: What, prefix: &str, constant: &[(String, String)], scrape: &mut NaiveScrape) {
        match what {
            What::Metric(metric) => {
                let spec = SPECS[metric];
                let names = spec.labels.unwrap_or_default();
                let series = self.series[metric].iter().map(|(values, cell)| {
                    let own: Vec<_> =
                        names.iter().map(|name| (*name).to_owned()).zip(values.iter().cloned()).collect();
                    (merged(constant, &own), self.cells[*cell].clone())
                });
                scrape.family(prefix, spec.name, spec.help, spec.kind, series.collect());
            }
            What::Mischief => scrape.mischief(prefix, constant, self.panics.then_some("odd")),
            What::Proxy => self.collect(What::Registry(self.current), prefix, constant, scrape),
            What::Registry(registry) => {
                let (own_prefix, labels) = REGISTRIES[registry];
                let prefix = extended(prefix, own_prefix);
                let labels: Vec<_> =
                    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
                let constant = merged(constant, &labels);
                for entry in &self.registries[registry] {
                    self.collect(entry.what, &prefix, &constant, scrape);
                }
            }
        }
    }
}

#[derive(Default)]
struct NaiveScrape {
    claimed: Vec<Named>,
    shown: Vec<Shown>,
    errors: Vec<(String, &'static str, u64)>,
}

impl NaiveScrape {
    fn claim(&mut self, prefix: &str, name: &str, kind: Kind) -> bool {
        let family = Named::new(prefix, name, kind);
        let is_free = !self.claimed.iter().any(|other| other.clashes(&family));
        if is_free {
            self.claimed.push(family);
        } else {
            self.error(format!("{prefix}{name}"), "duplicate_family");
        }
        is_free
    }

    fn family(
        &mut self,
        prefix: &str,
        name: &str,
        help: &str,
        kind: Kind,
        series: Vec<(Vec<(String, String)>, Cell)>,
    ) {
        if self.claim(prefix, name, kind) && !series.is_empty() {
            self.shown.push(Shown { name: format!("{prefix}{name}"), help: help.to_owned(), kind, series });
        }
    }

    /// `panics` is the name under which the panic is reported, if there is one.
    fn mischief(&mut self, prefix: &str, constant: &[(String, String)], panics: Option<&str>) {
        let family = Mischief::FAMILY;
        if self.claim(prefix, family.name(), Kind::Gauge) {
            self.error(format!("{prefix}odd"), "duplicate_series");
            self.error(format!("{prefix}odd"), "invalid_label");
            if panics.is_none() {
                let labels = merged(constant, &[("a".to_owned(), "1".to_owned())]);
                self.shown.push(Shown {
                    name: format!("{prefix}odd"),
                    help: family.help().to_owned(),
                    kind: Kind::Gauge,
                    series: vec![(labels, Cell::F64(1.0))],
                });
            }
        }
        if let Some(name) = panics {
            self.error(format!("{prefix}{name}"), "panicked");
        }
    }

    fn error(&mut self, family: String, reason: &'static str) {
        match self.errors.iter_mut().find(|(of, why, _)| *of == family && *why == reason) {
            Some((_, _, count)) => *count += 1,
            None => self.errors.push((family, reason, 1)),
        }
    }

    fn finish(mut self) -> Vec<Shown> {
        if !self.errors.is_empty() {
            let series = self.errors.into_iter().map(|(family, reason, count)| {
                let labels = vec![("family".to_owned(), family), ("reason".to_owned(), reason.to_owned())];
                (labels, Cell::U64(count))
            });
            self.shown.push(Shown {
                name: "rutheus_scrape_errors".to_owned(),
                help: "What this scrape had to leave out, by family and reason.".to_owned(),
                kind: Kind::Gauge,
                series: series.collect(),
            });
        }
        self.shown
    }
}

/// Count in each bucket, `+Inf` last, cumulative; then the sum.
pub(crate) fn buckets(observed: &[f64]) -> (Vec<u64>, f64) {
    let below = |bound: f64| observed.iter().filter(|v| **v <= bound).count() as u64;
    let counts = BOUNDS.iter().map(|bound| below(*bound)).chain([observed.len() as u64]);
    (counts.collect(), observed.iter().fold(0.0, |sum, v| sum + v))
}

fn extended(prefix: &str, own: Option<&str>) -> String {
    own.map_or_else(|| prefix.to_owned(), |own| format!("{prefix}{own}_"))
}

/// The labels that apply from outside, but for those whose names stand inside too; then those.
fn merged(outer: &[(String, String)], inner: &[(String, String)]) -> Vec<(String, String)> {
    let outer = outer.iter().filter(|(name, _)| !inner.iter().any(|(own, _)| own == name));
    outer.chain(inner).cloned().collect()
}
