use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A web configuration could not be used: which file, and what is wrong with it.
///
/// ```
/// use metrics_http::WebConfig;
///
/// let error = WebConfig::load("/etc/missing/web-config.yml").unwrap_err();
/// assert!(error.to_string().starts_with("/etc/missing/web-config.yml: cannot be read: No such file"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebConfigError {
    path: PathBuf,
    problem: String,
}

impl WebConfigError {
    pub(crate) fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }

    pub(crate) fn read(path: &Path, error: &io::Error) -> Self {
        Self::new(path, format!("cannot be read: {error}"))
    }

    /// The file that it is about: the configuration, or one that it names.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for WebConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl Error for WebConfigError {}
