use metrics_core::{Descriptor, InvalidDescriptor, InvalidReason, LabelSet, MetricType};

use crate::CollectorRegistry;

/// Makes a [`CollectorRegistry`] with a prefix and constant labels.
///
/// ```
/// use metrics_registry::{CollectorRegistry, Registry};
///
/// let registry = CollectorRegistry::builder()
///     .prefix("shop")
///     .label("region", "eu")
///     .label("zone", "b")
///     .build()?;
/// assert_eq!(registry.prefix().as_deref(), Some("shop"));
///
/// assert!(CollectorRegistry::builder().label("le", "a label of histograms").build().is_err());
/// # Ok::<(), metrics_core::InvalidDescriptor>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CollectorRegistryBuilder {
    prefix: Option<String>,
    labels: Vec<(String, String)>,
}

impl CollectorRegistryBuilder {
    /// Puts `prefix` and an underscore before every name that the registry exposes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Adds a label to every series that the registry exposes, unless the series has one of that name.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// The registry, without collectors.
    ///
    /// # Errors
    ///
    /// If the prefix does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`, or a label name is invalid, is there
    /// twice, or is `le` or `quantile`.
    pub fn build(self) -> Result<CollectorRegistry, InvalidDescriptor> {
        if let Some(prefix) = &self.prefix {
            // A prefix is the beginning of a metric name, and follows the same rule.
            Descriptor::try_new(MetricType::Unknown, prefix, "")
                .map_err(|_| InvalidDescriptor::new(prefix, InvalidReason::InvalidPrefix))?;
        }
        LabelSet::new(self.labels.iter().map(|(name, value)| (&**name, &**value)))?;
        // The registry does not know which types it will expose.
        if let Some((name, _)) = self.labels.iter().find(|(name, _)| matches!(&**name, "le" | "quantile")) {
            return Err(InvalidDescriptor::with_label("", name, InvalidReason::ReservedLabelName));
        }
        Ok(CollectorRegistry::from_parts(self.prefix, self.labels))
    }
}
