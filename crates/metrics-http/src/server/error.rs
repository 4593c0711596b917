use std::error::Error;
use std::fmt;
use std::io;

/// A server could not be started, or did not end well.
///
/// ```
/// use metrics_http::Server;
///
/// let first = Server::new().bind(0)?;
/// let error = Server::new().bind(first.address().to_string()).unwrap_err();
/// assert!(error.to_string().starts_with("cannot listen on 127.0.0.1:"));
/// assert!(error.to_string().contains("another program listens there"));
/// # Ok::<(), metrics_http::ServeError>(())
/// ```
#[derive(Debug)]
pub struct ServeError {
    what: String,
    source: Option<io::Error>,
}

impl ServeError {
    pub(crate) fn new(what: impl Into<String>, source: io::Error) -> Self {
        Self { what: what.into(), source: Some(source) }
    }

    pub(crate) fn without_source(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// What kind of error the system reported, if it did.
    pub fn kind(&self) -> Option<io::ErrorKind> {
        self.source.as_ref().map(io::Error::kind)
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let Some(source) = &self.source else { return Ok(()) };
        write!(f, ": {source}")?;
        f.write_str(match source.kind() {
            io::ErrorKind::AddrInUse => {
                ": another program listens there: choose another port, or 0 for any that is free"
            }
            io::ErrorKind::AddrNotAvailable => ": this machine has no such address",
            io::ErrorKind::PermissionDenied => ": choose a port above 1023, or a path that may be written",
            _ => "",
        })
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
