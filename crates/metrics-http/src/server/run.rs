use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::{self, Shared};
use super::connections::{Connections, Place};
use super::listen::Listener;
use super::routes::Routes;
use super::security::Security;
use super::{Address, Handle, Limits, ServeError};

/// After an error of `accept`: most likely there are too many open files, which pass.
const BREATH: Duration = Duration::from_millis(50);

/// A server that listens, and is not running yet.
#[derive(Debug)]
pub struct BoundServer {
    listener: Listener,
    routes: Arc<Routes>,
    security: Security,
    limits: Limits,
}

impl BoundServer {
    pub(crate) fn new(listener: Listener, routes: Arc<Routes>, security: Security, limits: Limits) -> Self {
        Self { listener, routes, security, limits }
    }

    /// Where it listens: with the port that it got, if it asked for port 0.
    ///
    /// ```
    /// let server = metrics_http::Server::new().bind(0)?;
    /// assert_ne!(server.address().tcp().unwrap().port(), 0);
    /// # Ok::<(), metrics_http::ServeError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Not on any system that has sockets: a listener knows its address.
    pub fn address(&self) -> Address {
        self.listener.address().expect("a listener has an address")
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    ///
    /// If the runtime cannot take the listener.
    pub async fn run(self) -> Result<(), ServeError> {
        self.run_until(std::future::pending()).await
    }

    /// Serves until `end` is ready; then no connection is taken any more, requests under way are answered,
    /// and what is not done after the [grace](crate::Server::shutdown_grace) is cut off.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), metrics_http::ServeError> {
    /// use metrics_http::Server;
    ///
    /// let end = async { /* tokio::signal::ctrl_c().await */ };
    /// Server::new().bind(0)?.run_until(end).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the runtime cannot take the listener.
    pub async fn run_until(self, end: impl Future<Output = ()>) -> Result<(), ServeError> {
        let address = self.address();
        let acceptor = Acceptor::new(self.listener)
            .map_err(|error| ServeError::new(format!("cannot serve on {address}"), error))?;
        let connections = Connections::new(self.limits.connections, self.limits.stuck);
        let (say_end, end_said) = watch::channel(false);
        let shared =
            Shared { routes: self.routes, security: self.security, limits: self.limits, end: end_said };
        // Dropped with this future, and its tasks with it.
        let mut tasks = JoinSet::new();

        let mut end = std::pin::pin!(end);
        let mut watch = std::pin::pin!(shared.security.clone().watch());
        loop {
            let accepted = tokio::select! {
                accepted = acceptor.accept() => accepted,
                Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
                // Never ready.
                () = &mut watch => continue,
                () = &mut end => break,
            };
            let Ok(stream) = accepted else {
                tokio::time::sleep(BREATH).await;
                continue;
            };
            let place = tokio::select! {
                place = connections.place() => place,
                () = &mut end => break,
            };
            tasks.spawn(serve_accepted(stream, shared.clone(), place));
        }

        drop(acceptor);
        let _ = say_end.send(true);
        let rest = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(shared.limits.grace, rest).await.is_err() {
            tasks.shutdown().await;
        }
        Ok(())
    }

    /// Serves on a thread of its own, for programs without a runtime.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn spawn(self) -> Result<Handle, ServeError> {
        Handle::start(self)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many pages can be written at a time, over all endpoints.
    pub(crate) fn page_threads(&self) -> usize {
        self.routes.page_threads()
    }
}

async fn serve_accepted(stream: Stream, shared: Shared, place: Place) {
    match stream {
        Stream::Tcp(stream) => {
            // A page ends with a small piece, which would wait for the acknowledgement of the others.
            let _ = stream.set_nodelay(true);
            connection::serve(stream, shared, place).await;
        }
        #[cfg(unix)]
        Stream::Unix(stream) => connection::serve(stream, shared, place).await,
    }
}

enum Acceptor {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Acceptor {
    fn new(listener: Listener) -> io::Result<Self> {
        match listener {
            Listener::Tcp(listener) => TcpListener::from_std(listener).map(Self::Tcp),
            #[cfg(unix)]
            Listener::Unix(listener) => UnixListener::from_std(listener).map(Self::Unix),
        }
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
            #[cfg(unix)]
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}
