//! The rows of the table: what is measured, how, and the goal of each.

mod pages;

use std::hint::black_box;

use crate::harness::{Harness, Measured, cpu_time, summarize};
use crate::ops::{self, BOUNDS_11, BOUNDS_30, BOUNDS_100, Kind, Library, Op, SEQUENCE, Shape, Span};
use crate::table::{Goal, OURS, Row};
use crate::{alloc, minimal};

pub struct Run<'a> {
    pub libraries: &'a [&'static dyn Library],
    pub harness: Harness,
    pub only: Option<String>,
    pub quick: bool,
    pub rows: Vec<Row>,
    pub print: &'a dyn Fn(&Row),
}

const NS: &str = "ns";

impl Run<'_> {
    pub fn all(&mut self) {
        self.updates();
        self.labels();
        self.pages();
        self.memory();
        self.registration();
        self.large_pages();
        self.instructions();
        self.minimal();
    }

    fn updates(&mut self) {
        use Goal::*;
        let one = [Limit(1.15), Best(1.0 / 1.05)];
        self.time("counter inc", 1, &one, |l| l.counter());
        self.time("one counter inc", 2, &[Limit(1.3), Best(3.0)], |l| l.counter());
        self.time("one counter inc", 8, &[Limit(1.3), Best(3.0)], |l| l.counter());
        self.time("`Counter<f64>` integral amount", 1, &[Limit(1.7), Best(1.25)], |l| l.counter_f64(2.0));
        self.time("`Counter<f64>` fractional amount", 1, &[], |l| l.counter_f64(0.5));
        self.time("gauge set", 1, &one, |l| l.gauge_set());
        self.time("gauge add", 1, &one, |l| l.gauge_add());
        for (n, bounds) in [(11, &BOUNDS_11[..]), (30, &BOUNDS_30[..]), (100, &BOUNDS_100[..])] {
            let values = ops::values(bounds);
            let goals: [&[Goal]; 2] = match n {
                11 => [&[Limit(1.0), Than("vise", 1.2), OtherConsistent("vise", 1.8)], &[Best(4.0)]],
                _ => [&[], &[]],
            };
            for threads in [1, 2] {
                let name = format!("histogram observe, {n} bounds");
                self.time(&name, threads, goals[threads - 1], |l| l.histogram(bounds, values));
            }
        }
    }

    fn labels(&mut self) {
        use Goal::*;
        self.time("cached handle inc", 1, &[Limit(1.15), Best(1.0 / 1.05)], |l| l.handle());
        for threads in [1, 2] {
            self.time("labels: constants", threads, &[], |l| l.labelled_constant());
        }
        let one = [Limit(1.2), Than("prometheus", 1.15), Others("prometheus", 3.0)];
        self.time("labels: run-time `&str`", 1, &one, |l| l.labelled_text());
        self.time("labels: run-time `&str`", 2, &[Best(1.5)], |l| l.labelled_text());
        for threads in [1, 2] {
            self.time("labels: `&str` and integer", threads, &[], |l| l.labelled_number());
        }
    }

    fn memory(&mut self) {
        use Goal::*;
        for (kind, name, goal) in
            [(Kind::Counters, "counter", 80.0), (Kind::Histograms, "histogram, 11 bounds", 240.0)]
        {
            self.each(
                &format!("live bytes per series, {name}"),
                "bytes",
                &[Most(goal), Best(1.0)],
                |_, l| {
                    // A table that grows by doubling is nearly empty or nearly full by chance: over one
                    // octave of sizes that evens out.
                    let figures = [55_000, 66_000, 78_000, 93_000].map(|series| {
                        let (page, heap) = alloc::count(|| l.page(Shape { kind, families: 1, series }));
                        page.map(|_| heap.live as f64 / series as f64)
                    });
                    let mean = figures.into_iter().sum::<Option<f64>>()? / 4.0;
                    (mean > 0.0 && l.name() != "limit").then_some(exact(mean))
                },
            );
        }
        let updates: [(&str, fn(&dyn Library) -> Option<Op>); 3] = [
            ("counter inc", |l| l.counter()),
            ("histogram observe", |l| l.histogram(&BOUNDS_11, ops::values(&BOUNDS_11))),
            ("labels: run-time `&str`", |l| l.labelled_text()),
        ];
        for (name, op) in updates {
            self.each(&format!("allocations per update, {name}"), "count", &[Most(0.0)], |_, l| {
                let op = op(l)?;
                let span = Span { thread: 0, start: 0, n: 10_000 };
                (op.run)(span);
                let ((), heap) = alloc::count(|| (op.run)(span));
                (l.name() != "limit").then_some(exact(heap.allocations as f64 / span.n as f64))
            });
        }
        for (kind, name) in [(Kind::Counters, "100k counters"), (Kind::Histograms, "7k histograms × 11")] {
            let series = if kind == Kind::Counters { 10_000 } else { 700 };
            let shape = Shape { kind, families: 10, series };
            let scrape = move |l: &dyn Library| {
                let page = l.page(shape)?;
                let mut out = String::new();
                page.encode(&mut out);
                let samples = ops::samples(&out);
                out.clear();
                let ((), heap) = alloc::count(|| page.encode(&mut out));
                (l.name() != "limit").then_some((heap, samples))
            };
            self.each(&format!("peak KiB of a scrape beside its text, {name}"), "KiB", &[], |_, l| {
                Some(exact(scrape(l)?.0.peak as f64 / 1024.0))
            });
            self.each(
                &format!("allocations per sample in a scrape, {name}"),
                "count",
                &[Most(0.001)],
                |_, l| {
                    let (heap, samples) = scrape(l)?;
                    Some(exact(heap.allocations as f64 / samples as f64))
                },
            );
        }
        let contended: [(&str, fn(&dyn Library) -> Option<Op>); 2] = [
            ("counter", |l| l.counter()),
            ("histogram, 11 bounds", |l| l.histogram(&BOUNDS_11, ops::values(&BOUNDS_11))),
        ];
        for (name, op) in contended {
            self.each(&format!("bytes that contention adds to one {name}"), "bytes", &[], |_, l| {
                let op = op(l)?;
                let work = |op: &Op| {
                    std::thread::scope(|scope| {
                        for thread in 0..2 {
                            scope.spawn(move || {
                                for i in 0..2000 {
                                    (op.run)(Span { thread, start: i, n: 10_000 });
                                }
                            });
                        }
                    });
                };
                // What threads themselves leave behind is not the instrument's.
                work(&Op::each(|i| _ = black_box(i)));
                let ((), heap) = alloc::count(|| {
                    work(&op);
                    if let Some(after) = &op.after {
                        after();
                    }
                });
                (l.name() != "limit").then_some(exact(heap.live.max(0) as f64))
            });
        }
    }

    fn registration(&mut self) {
        let mut before = None;
        for n in [1_000, 100_000] {
            let mut goals = vec![Goal::Checking];
            goals.extend(before.map(|before| Goal::Flat(1.5, before)));
            let name = format!("register {}, each", thousands(n));
            self.each(&name, NS, &goals, |run, l| run.registering(l, n).0);
            before =
                self.rows.last().filter(|row| row.name.starts_with(&name)).and_then(|row| row.figure(OURS));
        }
        for n in [1_000, 100_000] {
            self.each(&format!("unregister {}, each", thousands(n)), NS, &[], |run, l| {
                run.registering(l, n).1
            });
        }
    }

    fn registering(&mut self, library: &dyn Library, n: usize) -> (Option<Measured>, Option<Measured>) {
        let rounds = if n > 10_000 { 3 } else { 20 };
        let (mut on, mut off) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let Some(mut registration) = library.registration(n) else { return (None, None) };
            let before = cpu_time();
            registration.register_all();
            on.push((cpu_time() - before).as_nanos() as f64 / n as f64);
            let before = cpu_time();
            if registration.unregister_all() {
                off.push((cpu_time() - before).as_nanos() as f64 / n as f64);
            }
        }
        (summarize(on), summarize(off))
    }

    fn instructions(&mut self) {
        if self.quick {
            return;
        }
        for (name, _) in crate::callgrind::OPS {
            let row = format!("instructions, {name}");
            self.each(&row, "count", &[], |_, l| crate::callgrind::count(l.name(), name).map(exact));
        }
    }

    fn minimal(&mut self) {
        let names = [
            "minimal program, crates in all",
            "minimal program, clean build, CPU seconds",
            "minimal program, stripped KiB over an empty one",
        ];
        if self.quick || !names.iter().any(|name| self.wants(name)) {
            return;
        }
        let mut columns: [Vec<Option<Measured>>; 3] = Default::default();
        let mut small = [None; 3];
        let empty = minimal::build("empty", "", "fn main() {}").map_or(0.0, |built| built.bytes);
        for library in self.libraries {
            eprintln!("minimal program: {}", library.name());
            let figures = |program: &ops::Minimal, name: &str| {
                let built = minimal::build(name, &program.dependencies, program.main)?;
                Some([built.crates, built.seconds, (built.bytes - empty) / 1024.0])
            };
            let built = library.minimal().and_then(|program| figures(&program, library.name()));
            for (i, column) in columns.iter_mut().enumerate() {
                column.push(built.map(|built| exact(built[i])));
            }
            if let Some(built) = library.minimal_small().and_then(|program| figures(&program, "small")) {
                small = built.map(Some);
            }
        }
        let goals: [Vec<Goal>; 3] = [
            vec![
                Goal::Most(20.0),
                Goal::Than("prometheus", 1.01),
                Goal::Than("measured", 1.01),
                Goal::Than("vise", 1.01),
            ],
            vec![],
            vec![Goal::Most(100.0), Goal::SecondLeast],
        ];
        for ((name, column), goals) in names.iter().zip(columns).zip(&goals) {
            self.add(name, "count", goals, column);
        }
        let goals = [vec![Goal::Most(4.0)], vec![], vec![Goal::Most(100.0)]];
        for (i, (name, goals)) in names.iter().zip(&goals).enumerate() {
            let mut cells = vec![None; self.libraries.len()];
            cells[OURS] = small[i].map(exact);
            self.add(&format!("{name}, core and exposition alone"), "count", goals, cells);
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    /// A row of operations that are timed in windows, in turns.
    fn time(&mut self, name: &str, threads: usize, goals: &[Goal], op: impl Fn(&dyn Library) -> Option<Op>) {
        let name = match threads {
            1 => name.to_owned(),
            n => format!("{name}, {n} threads"),
        };
        if !self.wants(&name) {
            return;
        }
        let ops: Vec<Option<Op>> = self
            .libraries
            .iter()
            .map(|library| {
                let op = op(*library)?;
                check(&op, library.name(), &name);
                Some(op)
            })
            .collect();
        let cells = self.harness.measure(&ops, threads);
        self.add(&name, NS, goals, cells);
    }

    fn each(
        &mut self,
        name: &str,
        unit: &str,
        goals: &[Goal],
        mut figure: impl FnMut(&mut Self, &dyn Library) -> Option<Measured>,
    ) {
        if !self.wants(name) {
            return;
        }
        ops::series(0);
        let cells = self.libraries.iter().map(|library| figure(self, *library)).collect();
        self.add(name, unit, goals, cells);
    }

    fn add(&mut self, name: &str, unit: &str, goals: &[Goal], cells: Vec<Option<Measured>>) {
        if !self.wants(name) {
            return;
        }
        let name = if unit == NS || name.contains(unit) || unit == "count" {
            name.to_owned()
        } else {
            format!("{name}, {unit}")
        };
        let row = Row { name, cells, goals: goals.to_vec() };
        (self.print)(&row);
        self.rows.push(row);
    }
}

fn exact(figure: f64) -> Measured {
    Measured { median: figure, spread: 0.0 }
}

/// What is timed must do what it says.
fn check(op: &Op, library: &str, row: &str) {
    const N: u64 = 5000;
    let Some(check) = &op.check else { return };
    (op.run)(Span { thread: 0, start: 0, n: N });
    assert!(check(N), "{library}, {row}: after {N} operations the value is another");
}

fn thousands(n: usize) -> String {
    format!("{}k metrics", n / 1000)
}

const _: () = assert!(SEQUENCE.is_power_of_two());
