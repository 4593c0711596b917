//! Who gets in under a web configuration, and who does not.

#![cfg(feature = "tls")]

mod common;
#[path = "common/tls.rs"]
mod tls;

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{connect, get, wait_until};
use http::Request;
use http_body_util::{BodyExt, Empty};
use metrics_core::{Counter, Metric};
use metrics_exposition::generate_metrics;
use metrics_http::{Handle, Server, WebConfig};
use tls::{Authority, Client, Folder};

static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");

const SERVER: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

fn spawn(config: &WebConfig) -> Handle {
    let server = Server::new().endpoint("/metrics", &HITS).web_config(config.clone());
    server.bind(0).unwrap().spawn().unwrap()
}

fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

fn basic(credentials: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(credentials))
}

#[test]
fn tls_is_served_to_who_trusts_it_and_nothing_else_is() {
    let (authority, other) = (Authority::new(), Authority::new());
    let folder = Folder::new("tls");
    folder.write_identity("server", &authority.sign(&["localhost"]));
    let server = spawn(&WebConfig::load(folder.write("web.yml", SERVER)).unwrap());

    let page = Client { trusts: &authority, identity: None }.get(&server, "/metrics", "").unwrap();
    assert!(page.status == 200 && page.text().ends_with("\ncache_hits_total 0\n"));
    let error = Client { trusts: &other, identity: None }.get(&server, "/metrics", "").unwrap_err();
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");

    // Without TLS there is no page.
    let mut plain = connect(&server);
    plain.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.windows(4).any(|four| four == b"HTTP"), "{answer:?}");
    server.shutdown().unwrap();
}

#[test]
fn certificates_of_clients_are_asked_for_as_the_file_says() {
    let (authority, clients, others) = (Authority::new(), Authority::new(), Authority::new());
    let folder = Folder::new("clients");
    folder.write_identity("server", &authority.sign(&["localhost"]));
    folder.write("clients.crt", &clients.pem);
    let (good, foreign) = (clients.sign(&["scraper.example", "10.1.2.3"]), others.sign(&["scraper.example"]));
    let ca = "\n  client_ca_file: clients.crt";
    // Whether a client gets in without a certificate, with a good one, with one of somebody else.
    for (mode, ca, expected) in [
        ("NoClientCert", "", [true, true, true]),
        ("RequestClientCert", "", [true, true, true]),
        ("RequireAnyClientCert", "", [false, true, true]),
        ("VerifyClientCertIfGiven", ca, [true, true, false]),
        ("RequireAndVerifyClientCert", ca, [false, true, false]),
        (
            "RequireAndVerifyClientCert",
            &format!("{ca}\n  client_allowed_sans: [x.example, scraper.example]"),
            [false, true, false],
        ),
        (
            "RequireAndVerifyClientCert",
            &format!("{ca}\n  client_allowed_sans: [10.1.2.3]"),
            [false, true, false],
        ),
        (
            "RequireAndVerifyClientCert",
            &format!("{ca}\n  client_allowed_sans: [x.example]"),
            [false, false, false],
        ),
        (
            "VerifyClientCertIfGiven",
            &format!("{ca}\n  client_allowed_sans: [x.example]"),
            [true, false, false],
        ),
    ] {
        for version in ["TLS12", "TLS13"] {
            let text = format!(
                "{SERVER}  client_auth_type: {mode}{ca}\n  min_version: {version}\n  max_version: {version}\n"
            );
            let server = spawn(&WebConfig::load(folder.write("web.yml", &text)).unwrap());
            let got_in = [None, Some(&good), Some(&foreign)].map(|identity| {
                let client = Client { trusts: &authority, identity };
                client.get(&server, "/metrics", "").is_ok_and(|page| page.status == 200)
            });
            assert_eq!(got_in, expected, "{text}");
            server.shutdown().unwrap();
        }
    }
}

#[test]
fn passwords_let_in_their_user_and_nobody_else() {
    let folder = Folder::new("users");
    let text = format!(
        "basic_auth_users:\n  alice: {}\n  al: {}\n  colon: '{}'\n  empty: {}\n",
        hash("secret"),
        hash("ice:secret"),
        hash("with:colon"),
        hash(""),
    );
    let server = spawn(&WebConfig::load(folder.write("web.yml", &text)).unwrap());
    // Twice, as what is remembered must not open what was closed, or close what was open.
    for _ in 0..2 {
        for (headers, expected) in [
            (String::new(), 401),
            (basic("alice:secret"), 200),
            (basic("al:ice:secret"), 200),
            (basic("colon:with:colon"), 200),
            (basic("empty:"), 200),
            (basic("alice:secret").replace("Basic", "bAsIC"), 200),
            (basic("alice:Secret"), 401),
            (basic("alice:"), 401),
            (basic("alice:ice:secret"), 401),
            (basic("al:secret"), 401),
            (basic("alic:esecret"), 401),
            (basic("ALICE:secret"), 401),
            (basic("mallory:secret"), 401),
            // The hash that stands for that of nobody is somebody's.
            (basic("mallory:ice:secret"), 401),
            (basic(":"), 401),
            (basic("alice"), 401),
            (basic("alice:secret") + &basic("alice:secret"), 401),
            (basic("alice:secret").replace("Basic", "Bearer"), 401),
            ("Authorization: Basic ====\r\n".to_owned(), 401),
            ("Authorization: Basic\r\n".to_owned(), 401),
            (format!("Authorization: Basic {}\r\n", hash("secret")), 401),
            (basic(&format!("alice:{}", "x".repeat(4000))), 401),
        ] {
            for path in ["/metrics", "/", "/-/healthy", "/nothing"] {
                let answer = get(&server, path, &headers);
                let expected = if path == "/nothing" && expected == 200 { 404 } else { expected };
                assert_eq!(answer.status, expected, "{path} {headers:?}");
                assert_eq!(answer.header("www-authenticate"), (expected == 401).then_some("Basic"));
                assert!(expected != 401 || answer.body == b"Unauthorized.\n");
            }
        }
    }
    server.shutdown().unwrap();
}

#[test]
fn headers_of_the_file_are_on_every_response() {
    let folder = Folder::new("headers");
    let text = format!(
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Strict-Transport-Security: max-age=1\n\
         basic_auth_users: {{a: '{}'}}\n",
        hash("b")
    );
    let server = spawn(&WebConfig::load(folder.write("web.yml", &text)).unwrap());
    for (path, headers) in [("/metrics", basic("a:b")), ("/", basic("a:b")), ("/metrics", String::new())] {
        let answer = get(&server, path, &headers);
        assert_eq!(answer.header("x-frame-options"), Some("deny"));
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=1"));
    }
    server.shutdown().unwrap();
}

#[test]
fn changes_take_effect_while_the_server_runs_and_broken_ones_do_not() {
    let (first, second) = (Authority::new(), Authority::new());
    let folder = Folder::new("reload");
    folder.write_identity("server", &first.sign(&["localhost"]));
    let users = |password: &str| format!("{SERVER}basic_auth_users: {{a: '{}'}}\n", hash(password));
    let path = folder.write("web.yml", &users("one"));
    let errors = Arc::new(AtomicUsize::new(0));
    let count = errors.clone();
    let config = WebConfig::load(&path).unwrap().on_error(move |_| _ = count.fetch_add(1, Ordering::Relaxed));
    let server = spawn(&config);
    let status = |authority: &Authority, password: &str| {
        let client = Client { trusts: authority, identity: None };
        client.get(&server, "/metrics", &basic(&format!("a:{password}"))).map(|page| page.status).ok()
    };
    let successful = |yes: u8| {
        let line = format!("\nweb_config_last_reload_successful {yes}\n");
        generate_metrics(&config).contains(&line)
    };
    assert_eq!((status(&first, "one"), status(&first, "two")), (Some(200), Some(401)));
    assert!(successful(1) && config.last_error().is_none());

    // Another password, and later another certificate, under the same names.
    folder.write("web.yml", &(users("two") + "# changed\n"));
    wait_until("the new password is right", || status(&first, "two") == Some(200));
    assert_eq!(status(&first, "one"), Some(401), "what was remembered is forgotten");
    folder.write_identity("server", &second.sign(&["localhost", "changed"]));
    wait_until("the new certificate is served", || status(&second, "two") == Some(200));
    assert_eq!(status(&first, "two"), None);

    // Broken in every way: what was in force stays, and what is wrong is told.
    let mut told = errors.load(Ordering::Relaxed);
    for (text, expected) in [
        ("", "tls_server_config is gone, which does not take effect while the server runs"),
        (SERVER, "basic_auth_users is gone"),
        ("tls_server_config: [\n", "line"),
        (
            "tls_server_config: {cert_file: server.crt, key_file: missing.key}\n",
            "missing.key: cannot be read",
        ),
        (&users("three").replace("$2", "%2"), "the password of \"a\" is not a bcrypt hash"),
    ] {
        folder.write("web.yml", text);
        wait_until("the error is told", || {
            config.last_error().is_some_and(|error| error.to_string().contains(expected))
        });
        assert_eq!(status(&second, "two"), Some(200), "{expected}");
        assert!(successful(0));
        wait_until("the callback ran", || errors.load(Ordering::Relaxed) > told);
        told = errors.load(Ordering::Relaxed);
    }
    std::fs::remove_file(&path).unwrap();
    wait_until("the missing file is told of", || {
        config.last_error().is_some_and(|error| error.to_string().contains("web.yml: cannot be read"))
    });
    assert_eq!(status(&second, "two"), Some(200));

    folder.write("web.yml", &users("four"));
    wait_until("the mended file is in force", || status(&second, "four") == Some(200));
    wait_until("it is reported", || successful(1) && config.last_error().is_none());
    server.shutdown().unwrap();
}

#[test]
fn a_configuration_that_cannot_be_used_says_which_file_and_why() {
    let (authority, other) = (Authority::new(), Authority::new());
    let folder = Folder::new("errors");
    folder.write_identity("server", &authority.sign(&["localhost"]));
    folder.write_identity("other", &other.sign(&["localhost"]));
    folder.write("text", "not PEM");
    folder.write("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let ca = "client_auth_type: RequireAndVerifyClientCert, client_ca_file";
    for (text, file, expected) in [
        ("tls_server_config: {}", "web.yml", "tls_server_config.cert_file is missing"),
        ("tls_server_config: {cert_file: server.crt}", "web.yml", "tls_server_config.key_file is missing"),
        (
            "tls_server_config: {cert_file: no.crt, key_file: server.key}",
            "no.crt",
            "cannot be read: No such file",
        ),
        ("tls_server_config: {cert_file: ., key_file: server.key}", ".", "cannot be read: Is a directory"),
        ("tls_server_config: {cert_file: text, key_file: server.key}", "text", "has no certificate in PEM"),
        ("tls_server_config: {cert_file: server.crt, key_file: text}", "text", "is not a private key in PEM"),
        (
            "tls_server_config: {cert_file: server.crt, key_file: server.crt}",
            "server.crt",
            "is not a private key in PEM",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: other.key}",
            "other.key",
            "does not fit the certificate",
        ),
        (
            "tls_server_config: {cert_file: broken, key_file: other.key}",
            "other.key",
            "does not fit the certificate",
        ),
        (
            &format!("tls_server_config: {{cert_file: server.crt, key_file: server.key, {ca}: text}}"),
            "text",
            "has no certificate",
        ),
        (
            &format!("tls_server_config: {{cert_file: server.crt, key_file: server.key, {ca}: ''}}"),
            "web.yml",
            "client_ca_file is missing",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: text}",
            "web.yml",
            "verifies nobody",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: server.key, max_version: TLS11}",
            "web.yml",
            "no version from min_version",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: server.key, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}",
            "web.yml",
            "\"TLS_RSA_WITH_RC4_128_SHA\" is not known",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: server.key, curve_preferences: [Curve1]}",
            "web.yml",
            "\"Curve1\" is not known",
        ),
        (
            "tls_server_config: {cert_file: server.crt, cert: x, key_file: server.key}",
            "web.yml",
            "given twice",
        ),
        ("basic_auth_users: {alice: secret}", "web.yml", "the password of \"alice\" is not a bcrypt hash"),
        (
            "http_server_config: {headers: {Server: x}}",
            "web.yml",
            "\"Server\" is none of those that can be set",
        ),
        ("http_server_config: {headers: {X-Frame-Options: \"a\\nb\"}}", "web.yml", "no header can have"),
    ] {
        let error = WebConfig::load(folder.write("web.yml", text)).unwrap_err();
        assert_eq!(error.path(), folder.0.join(file), "{text}: {error}");
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
    for text in [
        "tls_server_config: {cert_file: server.crt, key_file: server.key, cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], curve_preferences: [CurveP256, X25519]}",
        "tls_server_config: {cert_file: server.crt, key_file: server.key, min_version: TLS10}",
    ] {
        WebConfig::load(folder.write("web.yml", text)).unwrap();
    }
}

#[test]
fn http2_is_spoken_if_the_file_allows_it() {
    let authority = Authority::new();
    let folder = Folder::new("http2");
    folder.write_identity("server", &authority.sign(&["localhost"]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for allowed in [true, false] {
        let text = format!("{SERVER}http_server_config: {{http2: {allowed}}}\n");
        let server = spawn(&WebConfig::load(folder.write("web.yml", &text)).unwrap());
        let mut config = Client { trusts: &authority, identity: None }.config();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(common::address(&server)).await.unwrap();
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
            let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
            let spoken = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
            if !allowed {
                assert_eq!(spoken.as_deref(), Some(&b"http/1.1"[..]));
                return;
            }
            assert_eq!(spoken.as_deref(), Some(&b"h2"[..]));
            let io = hyper_util::rt::TokioIo::new(stream);
            let executor = hyper_util::rt::TokioExecutor::new();
            let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
            let connection = tokio::spawn(connection);
            for _ in 0..20 {
                let request = Request::get("https://localhost/metrics").body(Empty::<&[u8]>::new()).unwrap();
                let response = sender.send_request(request).await.unwrap();
                assert_eq!(response.status(), 200);
                let page = response.into_body().collect().await.unwrap().to_bytes();
                assert!(page.ends_with(b"\ncache_hits_total 0\n"));
            }
            drop(sender);
            connection.await.unwrap().unwrap();
        });
        server.shutdown().unwrap();
    }
}
