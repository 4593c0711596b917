use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use metrics_core::Collector;
use metrics_exposition::Format;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::target::{Message, Target};
use super::{PushError, PushEvery, PushOnDrop, blocking};

/// A group of metrics at a Pushgateway, which keeps them for Prometheus to scrape when the job is over.
///
/// A group is known by its key: the name of the job, and further labels.
///
/// | Method | HTTP | What becomes of metrics that the group has already |
/// |---|---|---|
/// | [`push`](Self::push) | PUT | all are replaced |
/// | [`add`](Self::add) | POST | those of the same names are replaced |
/// | [`delete`](Self::delete) | DELETE | all are gone |
///
/// Each waits for the answer, on the thread that calls it; within a runtime, `push_async` and the like do
/// not. Push what belongs to one run of a batch job, and not what is shared between many processes: for
/// those, see [`RemoteWrite`](super::RemoteWrite).
///
/// ```no_run
/// use metrics_core::{Gauge, Metric};
/// use metrics_http::push::Pushgateway;
///
/// static LAST_SUCCESS: Metric<Gauge> =
///     Metric::gauge("backup_last_success_timestamp_seconds", "When a backup last succeeded.");
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gateway = Pushgateway::new("http://127.0.0.1:9091", "backup")?.group("instance", "db/1");
/// // … the backup …
/// LAST_SUCCESS.set_to_current_time();
/// gateway.push(&LAST_SUCCESS)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Pushgateway {
    target: Target,
    key: Vec<(String, String)>,
}

const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What is not a letter, a digit or one of these is escaped in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Pushgateway {
    /// The group of the job `job` at the Pushgateway of this URL, which may have a user and a password
    /// before its host, and a path.
    ///
    /// # Errors
    ///
    /// If it is no URL of a server.
    pub fn new(url: impl AsRef<str>, job: impl Into<String>) -> Result<Self, PushError> {
        let target = Target::parse(url.as_ref(), TIME_LIMIT)?;
        Ok(Self { target, key: vec![("job".to_owned(), job.into())] })
    }

    /// The group with one more label in its key, such as `instance`.
    #[must_use]
    pub fn group(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        let (label, value) = (label.into(), value.into());
        match self.key.iter_mut().find(|(other, _)| *other == label) {
            Some((_, old)) => *old = value,
            None => self.key.push((label, value)),
        }
        self
    }

    /// How long the Pushgateway may take; 10 seconds unless given.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.target.time_limit = limit;
        self
    }

    /// For a URL with `https`: trusts the certificates in `pem` instead of those that the system trusts.
    ///
    /// # Errors
    ///
    /// If there is no certificate in it, or a broken one.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn trust(mut self, pem: impl AsRef<[u8]>) -> Result<Self, PushError> {
        self.target.trust(pem.as_ref())?;
        Ok(self)
    }

    /// Replaces the metrics of the group by those of `collector`.
    ///
    /// # Errors
    ///
    /// If the Pushgateway cannot be reached, takes too long, or refuses them: with what it says.
    pub fn push(&self, collector: &(impl Collector + ?Sized)) -> Result<(), PushError> {
        self.send(Method::PUT, page(collector))
    }

    /// Replaces those metrics of the group that `collector` has.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push).
    pub fn add(&self, collector: &(impl Collector + ?Sized)) -> Result<(), PushError> {
        self.send(Method::POST, page(collector))
    }

    /// Removes the group.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push).
    pub fn delete(&self) -> Result<(), PushError> {
        self.send(Method::DELETE, Bytes::new())
    }

    /// [`push`](Self::push) within a runtime. The metrics are collected when this is called.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push).
    pub fn push_async(
        &self,
        collector: &dyn Collector,
    ) -> impl Future<Output = Result<(), PushError>> + Send + use<> {
        self.send_async(Method::PUT, page(collector))
    }

    /// [`add`](Self::add) within a runtime. The metrics are collected when this is called.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push).
    pub fn add_async(
        &self,
        collector: &dyn Collector,
    ) -> impl Future<Output = Result<(), PushError>> + Send + use<> {
        self.send_async(Method::POST, page(collector))
    }

    /// [`delete`](Self::delete) within a runtime.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push).
    pub fn delete_async(&self) -> impl Future<Output = Result<(), PushError>> + Send + use<> {
        self.send_async(Method::DELETE, Bytes::new())
    }

    /// A guard that adds the metrics of `collector` to the group when it is dropped: at the end of the
    /// job, on an early return, or while a panic unwinds.
    pub fn on_drop(&self, collector: impl Collector + 'static) -> PushOnDrop {
        PushOnDrop::new(self.clone(), Arc::new(collector))
    }

    /// Adds the metrics of `collector` to the group at every interval, on a thread of its own, and once
    /// more when what is returned is dropped.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn every(
        &self,
        interval: Duration,
        collector: impl Collector + 'static,
    ) -> Result<PushEvery, PushError> {
        PushEvery::start(self.clone(), interval, Arc::new(collector))
    }

    pub(crate) fn url(&self) -> &str {
        self.target.url()
    }

    fn send(&self, method: Method, body: Bytes) -> Result<(), PushError> {
        blocking::block_on(self.target.url(), self.send_async(method, body))
    }

    fn send_async(
        &self,
        method: Method,
        body: Bytes,
    ) -> impl Future<Output = Result<(), PushError>> + Send + use<> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Format::TEXT.content_type()));
        let message = Message { method, path: self.path(), headers, body };
        let target = self.target.clone();
        async move { target.send(message).await }
    }

    /// `/metrics/job/backup/instance@base64/ZGIvMQ`.
    fn path(&self) -> String {
        let mut path = format!("{}/metrics", self.target.path);
        for (label, value) in &self.key {
            path.push('/');
            path.extend(utf8_percent_encode(label, IN_PATH));
            // A slash would be the end of the value, and an empty value is none.
            if value.is_empty() {
                path.push_str("@base64/=");
            } else if value.contains('/') {
                path.push_str("@base64/");
                URL_SAFE_NO_PAD.encode_string(value, &mut path);
            } else {
                path.push('/');
                path.extend(utf8_percent_encode(value, IN_PATH));
            }
        }
        path
    }
}

/// The text format, which every Pushgateway reads.
fn page(collector: &(impl Collector + ?Sized)) -> Bytes {
    let mut page = Vec::new();
    Format::TEXT.encode(collector, &mut page);
    page.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_path() {
        let of = |job: &str, label: &str, value: &str| {
            Pushgateway::new("http://gateway/base/", job).unwrap().group(label, value).path()
        };
        assert_eq!(of("backup", "instance", "db1"), "/base/metrics/job/backup/instance/db1");
        assert_eq!(of("a/b", "path", "/var/tmp"), "/base/metrics/job@base64/YS9i/path@base64/L3Zhci90bXA");
        assert_eq!(of("j", "empty", ""), "/base/metrics/job/j/empty@base64/=");
        assert_eq!(of("j", "odd", "a b?c#d%ü"), "/base/metrics/job/j/odd/a%20b%3Fc%23d%25%C3%BC");
        assert_eq!(of("j", "job", "other"), "/base/metrics/job/other");
    }
}
