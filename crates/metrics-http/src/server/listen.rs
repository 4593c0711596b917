use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use socket2::{Domain, Socket, Type};

use super::ServeError;

/// Where a server listens.
///
/// | From | Listens on |
/// |---|---|
/// | `9464` | port 9464 of 127.0.0.1, which only this machine reaches |
/// | `"127.0.0.1:9464"`, `"localhost:9464"`, `"[::1]:9464"` | that address |
/// | `":9464"` | port 9464 of 127.0.0.1 |
/// | `"0.0.0.0:9464"` | every address of this machine: who can reach the port can read the metrics |
/// | `"unix:/run/app/metrics.sock"` | a Unix socket, whose path must not exist |
/// | a [`SocketAddr`] | that address |
/// | a [`TcpListener`] or a `UnixListener` of `std` | what listens already, such as a socket that systemd hands over |
///
/// Port 0 stands for any that is free; [`BoundServer::address`](crate::BoundServer::address) says which.
///
/// For socket activation by systemd, take the listener out of the environment with a crate such as
/// `listenfd`, and pass it on:
///
/// ```
/// use std::net::TcpListener;
/// use metrics_http::Server;
///
/// let given = TcpListener::bind("127.0.0.1:0")?; // or listenfd::ListenFd::from_env().take_tcp_listener(0)?
/// let server = Server::new().bind(given)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Listen(To);

#[derive(Debug)]
enum To {
    Text(String),
    Address(SocketAddr),
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl From<u16> for Listen {
    fn from(port: u16) -> Self {
        Self(To::Address((Ipv4Addr::LOCALHOST, port).into()))
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self(To::Address(address))
    }
}

impl From<&str> for Listen {
    fn from(text: &str) -> Self {
        Self(To::Text(text.to_owned()))
    }
}

impl From<String> for Listen {
    fn from(text: String) -> Self {
        Self(To::Text(text))
    }
}

impl From<&String> for Listen {
    fn from(text: &String) -> Self {
        Self(To::Text(text.clone()))
    }
}

impl From<TcpListener> for Listen {
    fn from(listener: TcpListener) -> Self {
        Self(To::Tcp(listener))
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listen {
    fn from(listener: UnixListener) -> Self {
        Self(To::Unix(listener))
    }
}

/// Where a server does listen. Its text is what clients connect to: `127.0.0.1:9464`, or
/// `unix:/run/app/metrics.sock`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// An address and port.
    Tcp(SocketAddr),
    /// A Unix socket; empty if it has no name.
    Unix(PathBuf),
}

impl Address {
    /// The address and port, unless it is a Unix socket.
    pub const fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What listens. Not yet in the hands of a runtime, so that it can be opened outside of one.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    pub(crate) fn open(listen: Listen) -> Result<Self, ServeError> {
        let (listener, name) = match listen.0 {
            To::Text(text) => {
                let opened = Self::by_name(&text);
                (opened.map_err(|error| ServeError::new(format!("cannot listen on {text}"), error))?, text)
            }
            To::Address(address) => {
                let opened = bind(&[address]).map(Self::Tcp);
                let name = address.to_string();
                (opened.map_err(|error| ServeError::new(format!("cannot listen on {name}"), error))?, name)
            }
            To::Tcp(listener) => (Self::Tcp(listener), "the listener given".to_owned()),
            #[cfg(unix)]
            To::Unix(listener) => (Self::Unix(listener), "the listener given".to_owned()),
        };
        let nonblocking = match &listener {
            Self::Tcp(listener) => listener.set_nonblocking(true),
            #[cfg(unix)]
            Self::Unix(listener) => listener.set_nonblocking(true),
        };
        nonblocking.map_err(|error| ServeError::new(format!("cannot listen on {name}"), error))?;
        Ok(listener)
    }

    fn by_name(text: &str) -> io::Result<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            #[cfg(unix)]
            return UnixListener::bind(path).map(Self::Unix);
            #[cfg(not(unix))]
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("{path}: there are no Unix sockets here"),
            ));
        }
        let local;
        let text = if text.starts_with(':') {
            local = format!("{}{text}", Ipv4Addr::LOCALHOST);
            &local
        } else {
            text
        };
        let addresses: Vec<SocketAddr> = text.to_socket_addrs()?.collect();
        bind(&addresses).map(Self::Tcp)
    }

    pub(crate) fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            #[cfg(unix)]
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                Ok(Address::Unix(address.as_pathname().map(Into::into).unwrap_or_default()))
            }
        }
    }
}

/// Connections that the system keeps until they are accepted. The standard library's 128 overflow in a
/// flood, and everybody who is left out tries again a second later only.
const BACKLOG: i32 = 1024;

/// Listens on the first address that can be listened on.
fn bind(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let mut result = Err(io::Error::new(io::ErrorKind::InvalidInput, "it stands for no address"));
    for address in addresses {
        result = bind_to(*address);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn bind_to(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // As the standard library does: a port whose last connections are still closing is free.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
