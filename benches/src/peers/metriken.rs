use std::sync::{Arc, Mutex};

use metriken::{Counter, CounterFamily, CounterMember, DynBoxedMetric, Gauge, MetricBuilder};
use metriken_exposition::{PrometheusOptions, prometheus_text};

use crate::ops::{self, Kind, Library, Minimal, Op, Page, Shape};

pub struct Metriken;

impl Library for Metriken {
    fn name(&self) -> &'static str {
        "metriken"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["metriken", "metriken-exposition"]
    }

    fn note(&self) -> Option<&'static str> {
        Some(
            "gauges are `i64`; a series lives as long as its handle and cannot be looked up; histograms choose their own \
             buckets and have no sum; the registry is one static",
        )
    }

    fn counter(&self) -> Option<Op> {
        let counter = Arc::new(Counter::new());
        let read = Arc::clone(&counter);
        Some(Op::each(move |_| _ = counter.increment()).check(move |n| read.value() == n))
    }

    fn gauge_set(&self) -> Option<Op> {
        let gauge = Arc::new(Gauge::new());
        let read = Arc::clone(&gauge);
        Some(Op::each(move |i| _ = gauge.set(i as i64)).check(move |n| read.value() == (n - 1) as i64))
    }

    fn handle(&self) -> Option<Op> {
        let family: &'static CounterFamily = Box::leak(Box::new(CounterFamily::new()));
        let member = Arc::new(family.member([("method", "GET"), ("path", "/p7")]));
        let read = Arc::clone(&member);
        Some(Op::each(move |_| _ = member.increment()).check(move |n| read.value() == n))
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        if shape.kind == Kind::Histograms {
            return None;
        }
        let mut page = Members {
            families: (0..shape.families)
                .map(|i| {
                    let family = MetricBuilder::new(format!("requests_{i}"))
                        .description("Requests.")
                        .build(CounterFamily::new());
                    &*Box::leak(Box::new(family))
                })
                .collect(),
            members: Vec::new(),
            late: Mutex::new(Vec::new()),
        };
        for family in &page.families {
            for i in 0..shape.series {
                let (method, path) = ops::series(i);
                page.members.push(member(family, method, path));
            }
        }
        Some(Arc::new(page))
    }

    fn minimal(&self) -> Option<Minimal> {
        Some(Minimal {
            dependencies:
                "metriken = \"0.11\"\nmetriken-exposition = { version = \"0.25\", default-features = false }"
                    .into(),
            main: r#"
                #[metriken::metric(name = "hits")]
                static HITS: metriken::Counter = metriken::Counter::new();
                fn main() {
                    HITS.increment();
                    print!("{}", metriken_exposition::prometheus_text(&Default::default()));
                }
            "#,
        })
    }
}

fn member(family: &'static CounterFamily, method: &str, path: &str) -> CounterMember<'static> {
    let member = family.member([("method", method), ("path", path)]);
    member.increment();
    member
}

struct Members {
    families: Vec<&'static DynBoxedMetric<CounterFamily>>,
    /// Those of the first family come first.
    members: Vec<CounterMember<'static>>,
    late: Mutex<Vec<CounterMember<'static>>>,
}

impl Page for Members {
    fn encode(&self, out: &mut String) {
        // It makes a text of its own.
        *out = prometheus_text(&PrometheusOptions::default());
    }

    fn update(&self, method: &str, path: &str) {
        let member = member(self.families[0], method, path);
        self.late.lock().unwrap().push(member);
    }

    fn touch(&self, i: usize) {
        self.members[i].increment();
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        self.members.clear();
        self.late.get_mut().unwrap().clear();
        for family in self.families.drain(..) {
            // SAFETY: it was leaked by `page`, its members are gone, and nothing else has a reference
            // to it; to drop it takes it out of the static registry.
            drop(unsafe { Box::from_raw(std::ptr::from_ref(family).cast_mut()) });
        }
    }
}
