use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Metrics did not arrive where they were pushed to: where that is, and why.
///
/// ```
/// use metrics_http::push::Pushgateway;
///
/// let error = Pushgateway::new("gateway:9091", "backup").unwrap_err();
/// assert_eq!(error.to_string(), "gateway:9091: it is no URL of a server: it begins with http://, or https://");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushError {
    url: String,
    problem: PushProblem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PushProblem {
    Invalid(String),
    /// There is no connection, or it broke.
    Connection(String),
    Late(Duration),
    Status {
        status: u16,
        body: String,
        retry_after: Option<Duration>,
    },
}

impl PushError {
    pub(crate) fn new(url: impl Into<String>, problem: PushProblem) -> Self {
        Self { url: url.into(), problem }
    }

    pub(crate) fn invalid(url: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::new(url, PushProblem::Invalid(problem.into()))
    }

    /// The status of the response, if there was one.
    pub const fn status(&self) -> Option<u16> {
        match &self.problem {
            PushProblem::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same could succeed later: the server is down, slow, busy, or has a problem of its own.
    pub const fn is_temporary(&self) -> bool {
        match &self.problem {
            PushProblem::Invalid(_) => false,
            PushProblem::Connection(_) | PushProblem::Late(_) => true,
            PushProblem::Status { status, .. } => *status == 429 || *status >= 500,
        }
    }

    /// How long the server asks to be left alone.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match &self.problem {
            PushProblem::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.url)?;
        match &self.problem {
            PushProblem::Invalid(problem) | PushProblem::Connection(problem) => f.write_str(problem),
            PushProblem::Late(limit) => write!(f, "no answer within {limit:?}"),
            PushProblem::Status { status, body, .. } => {
                write!(f, "answered {status}")?;
                match body.trim() {
                    "" => Ok(()),
                    body => write!(f, ": {body}"),
                }
            }
        }
    }
}

impl Error for PushError {}
