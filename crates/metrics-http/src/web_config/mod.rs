mod clients;
mod error;
mod file;
mod tls;
mod users;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use metrics_core::{Collector, Descriptor, MetricName, MetricType, Scrape};
use rustls::ServerConfig;

use self::file::{File, HEADERS};
use self::tls::Files;
use self::users::Users;
use crate::body::Body;
use crate::handler::text;

pub use self::error::WebConfigError;

/// TLS, passwords and headers of a server, from a `web-config.yml` as every exporter of Prometheus reads it.
///
/// ```yaml
/// tls_server_config:
///   cert_file: server.crt            # paths are seen from the folder of this file
///   key_file: server.key
///   client_auth_type: RequireAndVerifyClientCert
///   client_ca_file: clients.crt
/// basic_auth_users:
///   prometheus: $2y$10$...           # htpasswd -nBC 10 prometheus
/// http_server_config:
///   http2: true
///   headers:
///     X-Frame-Options: deny
/// ```
///
/// While the server runs, the file and those that it names are read again within a second or two after one
/// of them changed. If they are broken then, the configuration that there is stays in force;
/// [`last_error`](Self::last_error) and [`on_error`](Self::on_error) say what is wrong, and as a collector
/// this has `web_config_last_reload_successful`. TLS and passwords cannot be turned off in this way: a file
/// that is half-written must not open the server to everybody.
///
/// TLS is 1.2 or 1.3, whatever the file allows. Clones are the same configuration.
///
/// ```no_run
/// use metrics_core::{Counter, Metric};
/// use metrics_http::{Server, WebConfig};
///
/// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let config = WebConfig::load("web-config.yml")?.on_error(|error| eprintln!("{error}"));
/// Server::new().endpoint("/metrics", &HITS).web_config(config).bind("0.0.0.0:9464")?.run().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WebConfig {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    loaded: Arc<Loaded>,
    /// The files that the next change is looked for in, and how they were: those of `loaded`, or of the
    /// attempt that failed.
    files: Vec<(PathBuf, Stamp)>,
    last_error: Option<WebConfigError>,
    loaded_at: SystemTime,
    on_error: Option<Arc<OnError>>,
}

type OnError = dyn Fn(&WebConfigError) + Send + Sync;

/// What is in force.
pub(crate) struct Loaded {
    tls: Option<Arc<ServerConfig>>,
    users: Arc<Users>,
    headers: HeaderMap,
}

/// What tells whether a file changed: when it was written and how long it is.
type Stamp = Option<(SystemTime, u64)>;

/// How often a change is looked for.
const LOOK: Duration = Duration::from_secs(1);

impl WebConfig {
    /// Reads the file at `path` and those that it names.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read or used.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, WebConfigError> {
        let path = path.into();
        let (loaded, files) = read(&path);
        let state = State {
            loaded: Arc::new(loaded?),
            files,
            last_error: None,
            loaded_at: SystemTime::now(),
            on_error: None,
        };
        Ok(Self { shared: Arc::new(Shared { path, state: Mutex::new(state) }) })
    }

    /// Calls `f` whenever the files changed and cannot be used.
    #[must_use]
    pub fn on_error(self, f: impl Fn(&WebConfigError) + Send + Sync + 'static) -> Self {
        self.state().on_error = Some(Arc::new(f));
        self
    }

    /// What is wrong with the files as they are now; `None` if they are in force.
    pub fn last_error(&self) -> Option<WebConfigError> {
        self.state().last_error.clone()
    }

    /// Reads the files again, if they changed; returns whether what they say came into force. A server
    /// does so every second.
    ///
    /// # Errors
    ///
    /// If they cannot be used; what was in force stays.
    pub fn reload(&self) -> Result<bool, WebConfigError> {
        let files = self.state().files.clone();
        if files.iter().all(|(path, seen)| stamp(path) == *seen) {
            return Ok(false);
        }
        let (loaded, files) = read(&self.shared.path);
        let mut state = self.state();
        state.files = files;
        let loaded = loaded.and_then(|loaded| loaded.may_follow(&state.loaded, &self.shared.path));
        match loaded {
            Ok(loaded) => {
                state.loaded = Arc::new(loaded);
                state.loaded_at = SystemTime::now();
                state.last_error = None;
                Ok(true)
            }
            Err(error) => {
                state.last_error = Some(error.clone());
                let on_error = state.on_error.clone();
                // It may ask for the state.
                drop(state);
                if let Some(on_error) = on_error {
                    on_error(&error);
                }
                Err(error)
            }
        }
    }

    /// Reloads for as long as it is polled.
    pub(crate) async fn watch(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let config = self.clone();
            // An error is kept, and reported to whoever wants to know.
            let _ = tokio::task::spawn_blocking(move || config.reload()).await;
        }
    }

    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        self.state().loaded.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loaded {
    /// What connections are encrypted with, if they are.
    pub(crate) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.tls.clone()
    }

    /// The refusal of a request by somebody who may not read.
    pub(crate) async fn refusal(&self, headers: &HeaderMap) -> Option<Response<Body>> {
        if self.users.admit(headers).await {
            return None;
        }
        let mut response = text(StatusCode::UNAUTHORIZED, "Unauthorized.\n");
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
        Some(response)
    }

    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
    }

    fn may_follow(self, previous: &Self, path: &Path) -> Result<Self, WebConfigError> {
        let gone = if self.tls.is_none() && previous.tls.is_some() {
            "tls_server_config"
        } else if self.users.is_empty() && !previous.users.is_empty() {
            "basic_auth_users"
        } else {
            return Ok(self);
        };
        Err(WebConfigError::new(
            path,
            format!(
                "{gone} is gone, which does not take effect while the server runs: restart it if that is meant"
            ),
        ))
    }
}

/// Reads everything: what it says, and which files were read.
fn read(path: &Path) -> (Result<Loaded, WebConfigError>, Vec<(PathBuf, Stamp)>) {
    let mut files = Files { config: path, read: vec![(path.to_owned(), stamp(path))] };
    let loaded = read_config(path, &mut files);
    (loaded, files.read)
}

fn read_config(path: &Path, files: &mut Files<'_>) -> Result<Loaded, WebConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| WebConfigError::read(path, &error))?;
    let file = File::parse(path, &text)?;
    let http2 = file.http_server_config.http2;
    let tls = match &file.tls_server_config {
        Some(tls) => Some(Arc::new(tls::server_config(tls, http2, files)?)),
        None => None,
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &file.http_server_config.headers {
        let error =
            |what: &str| WebConfigError::new(path, format!("http_server_config.headers: {name:?} {what}"));
        let known = HEADERS.contains(&&*name.to_ascii_lowercase());
        let header: HeaderName = name
            .parse()
            .ok()
            .filter(|_| known)
            .ok_or_else(|| error(&format!("is none of those that can be set: {}", HEADERS.join(", "))))?;
        let value = HeaderValue::from_str(value).map_err(|_| error("has a value that no header can have"))?;
        headers.insert(header, value);
    }
    let users = Arc::new(Users::new(path, file.basic_auth_users)?);
    Ok(Loaded { tls, users, headers })
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

const SUCCESSFUL: Descriptor<'_> = Descriptor::new(
    MetricType::Gauge,
    "web_config_last_reload_successful",
    "Whether the web configuration is in force as its files are now.",
);
const LOADED_AT: Descriptor<'_> = Descriptor::new(
    MetricType::Gauge,
    "web_config_last_reload_success_timestamp_seconds",
    "When the web configuration that is in force was read, in Unix time.",
);

impl Collector for WebConfig {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let (successful, loaded_at) = {
            let state = self.state();
            (state.last_error.is_none(), state.loaded_at)
        };
        let seconds = loaded_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        scrape.family(&SUCCESSFUL).push([], successful);
        scrape.family(&LOADED_AT).push([], seconds);
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        for descriptor in [SUCCESSFUL, LOADED_AT] {
            visit(MetricName::new("", descriptor.name()), &descriptor);
        }
    }
}

impl fmt::Debug for WebConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebConfig").field("path", &self.shared.path).finish_non_exhaustive()
    }
}
