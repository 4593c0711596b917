//! For programs that nobody scrapes: batch jobs, functions, machines behind a wall.
//!
//! | To | Use |
//! |---|---|
//! | leave the metrics of a batch job at a Pushgateway | [`Pushgateway`] |
//! | hand them to the node exporter of the machine | [`Textfile`] |
//! | send them to Prometheus, VictoriaMetrics, Mimir and whatever takes remote writes | [`RemoteWrite`] |
//!
//! What blocks here needs no runtime, and may be called within one as well, where it holds up its thread.

mod blocking;
mod error;
mod every;
mod guard;
mod pushgateway;
mod remote_write;
mod target;
mod textfile;
#[cfg(feature = "tls")]
mod tls;

pub use self::error::PushError;
pub use self::every::PushEvery;
pub use self::guard::PushOnDrop;
pub use self::pushgateway::Pushgateway;
pub use self::remote_write::{RemoteWrite, RemoteWriteMetrics, RemoteWriteVersion, RemoteWriter};
pub use self::textfile::{Textfile, TextfileError};
