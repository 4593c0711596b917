use metrics_core::{Collector, Descriptor, Encoder, Labels, MetricName, MetricType, Scrape, Value};

/// What is in a scrape: its families, and how many series each has.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    families: Vec<Family>,
}

#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) metric_type: MetricType,
    pub(crate) help: String,
    pub(crate) series: usize,
}

impl Tally {
    pub(crate) fn of(collector: &dyn Collector) -> Self {
        let mut tally = Self::default();
        let mut scrape = Scrape::new(&mut tally);
        scrape.isolate("collector", |scrape| collector.collect(scrape));
        scrape.finish();
        tally
    }

    pub(crate) fn families(&self) -> &[Family] {
        &self.families
    }
}

impl Encoder for Tally {
    fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
        self.families.push(Family {
            name: name.to_string(),
            metric_type: descriptor.metric_type(),
            help: descriptor.help().to_owned(),
            series: 0,
        });
    }

    fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {
        if let Some(family) = self.families.last_mut() {
            family.series += 1;
        }
    }

    fn checkpoint(&mut self) -> u64 {
        self.families.len() as u64
    }

    fn rollback(&mut self, checkpoint: u64) {
        self.families.truncate(checkpoint as usize);
    }
}
