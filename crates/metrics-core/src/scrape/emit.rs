use super::Samples;
use super::filter::filter;
#[cfg(feature = "std")]
use crate::exemplar_slot::Copies;
#[cfg(feature = "std")]
use crate::histogram::Room;
use crate::labels::{has_name, has_quoted_name, push_escaped_pairs, push_name, push_pair};
use crate::name::{check_unit, check_utf8_label_name, is_label_name, is_metric_name};
use crate::{
    Descriptor, Encoder, Extras, Labels, MetricName, MetricType, ScrapeErrorReason, StateSetValue,
    SummaryValue, Timestamp, Value,
};

impl Samples<'_> {
    /// A sample whose labels are unique in the family and whose value fits: what our own
    /// instruments and families push.
    #[inline]
    pub(crate) fn emit(&mut self, own: &str, value: Value<'_>) {
        match &mut self.encoder {
            Some(encoder) if self.begun && self.is_plain => {
                encoder.sample(Labels::rendered("", own), value);
            }
            _ => self.emit_first_or_escaped(own, value),
        }
    }

    #[inline(never)]
    fn emit_first_or_escaped(&mut self, own: &str, value: Value<'_>) {
        if self.created.is_some() {
            return self.emit_with(own, value, &Extras::NONE);
        }
        self.begin();
        self.emit_escaped(own, |encoder, labels| encoder.sample(labels, value));
    }

    /// The same, with extras that its type can have, the exemplars in order.
    pub(crate) fn emit_with(&mut self, own: &str, value: Value<'_>, extras: &Extras<'_>) {
        let extras = self.created.map_or(*extras, |created| extras.with_created(created));
        self.begin();
        self.emit_escaped(own, |encoder, labels| encoder.sample_with(labels, value, &extras));
    }

    /// Tells since when the series that follow count, until it is told anew. A clock that stood before
    /// 1970 tells nothing.
    pub(crate) fn set_created(&mut self, created: Option<Timestamp>) {
        self.created = created.filter(|time| time.seconds() >= 0);
        // Which knows whether there is something beside the value.
        self.is_plain = false;
    }

    /// Tells that the next series was set back, if it is told since when it counts.
    #[cfg(feature = "std")]
    pub(crate) fn set_reset(&mut self, reset: Timestamp) {
        if self.created.is_some() {
            self.set_created(Some(reset));
        }
    }

    #[inline(never)]
    fn emit_escaped(&mut self, own: &str, emit: impl FnOnce(&mut dyn Encoder, Labels<'_>)) {
        self.with_escaped(own, |samples, own| {
            let Some(encoder) = &mut samples.encoder else { return };
            samples.state.filtered.clear();
            filter(&mut samples.state.filtered, &samples.state.constant, own);
            emit(&mut **encoder, Labels::rendered(&samples.state.filtered, own));
        });
    }

    #[inline]
    fn begin(&mut self) {
        if !self.begun {
            self.begin_family();
        }
    }

    #[cold]
    fn begin_family(&mut self) {
        self.begun = true;
        let Some(encoder) = &mut self.encoder else { return };
        if self.state.escape_name(&self.descriptor) {
            let name = &*self.state.escaped_name;
            let (metric_type, help) = (self.descriptor.metric_type(), self.descriptor.help());
            // An escape can part the unit from the end of the name.
            let unit = self.descriptor.unit().filter(|unit| check_unit(name, metric_type, unit).is_ok());
            let descriptor = Descriptor::trusted(metric_type, name, help, unit, false);
            encoder.family(MetricName::new("", name), &descriptor);
        } else {
            encoder.family(MetricName::new(&self.state.prefix, self.descriptor.name()), &self.descriptor);
        }
    }

    /// The same for rendered labels that come with the instrument, as those of an info.
    pub(crate) fn emit_pairs<'p>(
        &mut self,
        own: &str,
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
        value: Value<'_>,
    ) {
        let mut all = core::mem::take(&mut self.state.own);
        all.clear();
        all.push_str(own);
        let is_utf8 = self.descriptor.is_utf8();
        for (name, value) in pairs {
            if has_name(own, name) || !is_utf8 && !is_label_name(name) {
                self.refuse(ScrapeErrorReason::InvalidLabel);
                continue;
            }
            push_pair(&mut all, name, value);
        }
        self.emit(&all, value);
        self.state.own = all;
    }

    pub(crate) fn emit_state_set(&mut self, own: &str, value: StateSetValue<'_>) {
        if !self.can_name_a_label(own) {
            return self.refuse(ScrapeErrorReason::InvalidLabel);
        }
        self.emit(own, Value::StateSet(value));
    }

    pub(crate) fn emit_summary(&mut self, own: &str, count: u64, sum: f64) {
        self.emit(own, Value::Summary(SummaryValue::new(count, sum)));
    }

    /// The same, with exemplars that `copy` takes out of where they are kept.
    #[cfg(feature = "std")]
    #[inline(never)]
    pub(crate) fn emit_with_exemplars(
        &mut self,
        own: &str,
        value: Value<'_>,
        copy: impl FnOnce(&mut Copies),
    ) {
        if !self.is_wanted() {
            return;
        }
        let mut copies = core::mem::take(&mut self.state.exemplars);
        copies.clear();
        copy(&mut copies);
        copies.with(|exemplars| self.emit_with(own, value, &Extras::NONE.with_exemplars(exemplars)));
        self.state.exemplars = copies;
    }

    /// Whether anything that is pushed will be written; a dry scrape only wants the family.
    pub(crate) fn is_wanted(&self) -> bool {
        self.encoder.is_some()
    }

    /// Room to read a histogram into, used again from sample to sample.
    #[cfg(feature = "std")]
    pub(crate) fn take_room(&mut self) -> Room {
        core::mem::take(&mut self.state.room)
    }

    #[cfg(feature = "std")]
    pub(crate) fn give_room(&mut self, room: Room) {
        self.state.room = room;
    }

    pub(super) fn refuse(&mut self, reason: ScrapeErrorReason) {
        self.state.report(self.descriptor.name(), reason);
    }

    /// A state set is told by a label that has the full name of the family (with `_` for `:`, which
    /// a classic label name cannot have), so that name must be free and not reserved.
    pub(super) fn can_name_a_label(&mut self, own: &str) -> bool {
        let state = &mut *self.state;
        if !state.escape_name(&self.descriptor) {
            state.full_name(self.descriptor.name(), "");
            core::mem::swap(&mut state.name, &mut state.escaped_name);
        }
        let label = match is_metric_name(&state.escaped_name) {
            true => state.escaped_name.replace(':', "_"),
            false => core::mem::take(&mut state.escaped_name),
        };
        state.name.clear();
        push_name(&mut state.name, &label);
        let taken = has_name(own, &state.name) || has_name(&state.constant, &state.name);
        !taken && check_utf8_label_name(&label, MetricType::StateSet).is_ok()
    }

    /// Runs `f` with the labels as the scrape has to name them, or refuses them if two names become
    /// one or a reserved one.
    #[inline]
    pub(super) fn with_escaped(&mut self, own: &str, f: impl FnOnce(&mut Self, &str)) {
        if !self.escapes || !has_quoted_name(own) {
            return f(self, own);
        }
        let mut escaped = core::mem::take(&mut self.state.escaped_own);
        escaped.clear();
        match push_escaped_pairs(&mut escaped, own, self.state.escaping) {
            Ok(()) => f(self, &escaped),
            Err(_) => self.refuse(ScrapeErrorReason::InvalidLabel),
        }
        self.state.escaped_own = escaped;
    }
}
