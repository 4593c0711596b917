use std::path::PathBuf;

use serde_json::Value;

use crate::steps::{Outcome, cargo, read};

/// What `cargo metadata` knows of the workspace.
pub(crate) struct Metadata(Value);

/// A crate that is published, and its features without `default`.
pub(crate) struct Shipped {
    pub(crate) name: String,
    pub(crate) features: Vec<String>,
}

impl Metadata {
    pub(crate) fn load() -> Outcome<Self> {
        let text = read(&mut cargo(["metadata", "--format-version=1", "--all-features"]))?;
        serde_json::from_str(&text).map(Self).map_err(|error| format!("cargo metadata: {error}"))
    }

    pub(crate) fn packages(&self) -> impl Iterator<Item = &Value> {
        self.0["packages"].as_array().into_iter().flatten()
    }

    pub(crate) fn target_directory(&self) -> PathBuf {
        text(&self.0["target_directory"]).into()
    }

    pub(crate) fn shipped(&self) -> Vec<Shipped> {
        // Packages of the workspace have no source; those that are not published have an empty list of
        // registries.
        let shipped = self.packages().filter(|package| {
            package["source"].is_null() && package["publish"].as_array().is_none_or(|list| !list.is_empty())
        });
        shipped
            .map(|package| {
                let features = package["features"].as_object().into_iter().flatten();
                let features = features.map(|(name, _)| name.clone()).filter(|name| name != "default");
                Shipped { name: text(&package["name"]).to_owned(), features: features.collect() }
            })
            .collect()
    }
}

impl Shipped {
    /// Every set of features, as cargo takes them: separated by commas.
    pub(crate) fn combinations(&self) -> Vec<String> {
        (0..1u32 << self.features.len())
            .map(|set| {
                let chosen = self.features.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
                chosen.map(|(_, feature)| &**feature).collect::<Vec<_>>().join(",")
            })
            .collect()
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
