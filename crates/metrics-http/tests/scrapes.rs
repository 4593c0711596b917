//! A Prometheus server scrapes over HTTP, TLS, and TLS with passwords and certificates; and is refused
//! where it has to be.
//!
//! Needs `prometheus` in the PATH, or the environment variable PROMETHEUS with the path of one. Newer servers
//! and another make are taken from a collection, if it is there.

#![cfg(feature = "tls")]

mod common;
#[path = "common/prometheus.rs"]
mod prometheus;
#[path = "common/tls.rs"]
mod tls;

use std::fmt::Write;
use std::path::Path;

use metrics_core::{Counter, Metric};
use metrics_http::{Handle, Server, WebConfig};
use prometheus::{Prometheus, collected, find};
use tls::{Authority, Folder};

static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");

#[test]
fn a_prometheus_server_gets_in_with_what_it_needs_and_not_without() {
    let hint = "`apt-get install prometheus`, or set PROMETHEUS to the path of one";
    let Some(program) = find("prometheus", "PROMETHEUS", hint) else { return };
    scrape("scrapes", &program);
}

#[test]
fn so_do_newer_ones_and_victoria_metrics() {
    for (name, path) in [
        ("scrapes-2.53", "prometheus/2.53/usr/bin/prometheus"),
        ("scrapes-3.5", "prometheus/3.5/usr/bin/prometheus"),
        ("scrapes-victoria", "victoria/1.145/usr/bin/victoria-metrics"),
    ] {
        if let Some(program) = collected(path) {
            scrape(name, &program);
        }
    }
}

fn scrape(name: &str, program: &Path) {
    HITS.inc();
    let hits = HITS.get() as f64;
    let (authority, clients) = (Authority::new(), Authority::new());
    let folder = Folder::new(name);
    folder.write_identity("server", &authority.sign(&["localhost", "127.0.0.1"]));
    folder.write("ca.crt", &authority.pem);
    folder.write("clients.crt", &clients.pem);
    folder.write_identity("client", &clients.sign(&["prometheus"]));
    folder.write_identity("foreign", &authority.sign(&["prometheus"]));

    let tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
    let users = format!("basic_auth_users:\n  prometheus: {}\n", bcrypt::hash("right", 4).unwrap());
    let certificates = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n";
    let spawn = |name: &str, config: String| -> Handle {
        let server = Server::new().endpoint("/metrics", &HITS);
        let path = folder.write(name, &config);
        server.web_config(WebConfig::load(path).unwrap()).bind(0).unwrap().spawn().unwrap()
    };
    let plain = spawn("plain.yml", String::new());
    let tls_only = spawn("tls.yml", tls.to_owned());
    let with_users = spawn("users.yml", format!("{tls}{users}"));
    let with_clients = spawn("certificates.yml", format!("{tls}{certificates}"));
    let with_all = spawn("all.yml", format!("{tls}{certificates}{users}"));

    let ca = "tls_config: { ca_file: ca.crt }";
    let client = "tls_config: { ca_file: ca.crt, cert_file: client.crt, key_file: client.key }";
    let foreign = "tls_config: { ca_file: ca.crt, cert_file: foreign.crt, key_file: foreign.key }";
    let right = "basic_auth: { username: prometheus, password: right }";
    let wrong = "basic_auth: { username: prometheus, password: wrong }";
    let jobs = [
        ("plain", &plain, "http", vec![], true),
        ("tls", &tls_only, "https", vec![ca], true),
        ("tls-http1", &tls_only, "https", vec![ca, "enable_http2: false"], true),
        ("users", &with_users, "https", vec![ca, right], true),
        ("clients", &with_clients, "https", vec![client], true),
        ("all", &with_all, "https", vec![client, right], true),
        ("plain-on-tls", &tls_only, "http", vec![], false),
        ("tls-on-plain", &plain, "https", vec![ca], false),
        ("unknown-ca", &tls_only, "https", vec![], false),
        ("wrong-password", &with_users, "https", vec![ca, wrong], false),
        ("no-password", &with_users, "https", vec![ca], false),
        ("no-certificate", &with_clients, "https", vec![ca], false),
        ("foreign-certificate", &with_clients, "https", vec![foreign], false),
        ("certificate-without-password", &with_all, "https", vec![client], false),
    ];
    let mut config = "global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n".to_owned();
    for (name, server, scheme, settings, _) in &jobs {
        writeln!(config, "- job_name: {name}\n  scheme: {scheme}").unwrap();
        writeln!(config, "  static_configs: [{{ targets: ['{}'] }}]", server.address()).unwrap();
        for setting in settings {
            writeln!(config, "  {setting}").unwrap();
        }
    }
    let prometheus = Prometheus::start(program, &folder.0, &config, &[]);
    for (name, _, _, _, expected) in &jobs {
        let health = if *expected { "up" } else { "down" };
        prometheus.wait_until(&format!("{name} is {health}"), || {
            let targets = prometheus.api("/api/v1/targets")?;
            let targets = targets["activeTargets"].as_array().ok_or("no targets")?;
            let target = targets.iter().find(|target| target["labels"]["job"] == *name).ok_or("no target")?;
            match target["health"].as_str() {
                Some("unknown") => Ok(false),
                Some(other) if other == health => Ok(true),
                _ => Err(target.to_string()),
            }
        });
        if *expected {
            let query = format!("cache_hits_total{{job=\"{name}\"}}");
            prometheus.wait_until(&query, || Ok(prometheus.value(&query)? == hits));
        }
    }
    for server in [plain, tls_only, with_users, with_clients, with_all] {
        server.shutdown().unwrap();
    }
}
