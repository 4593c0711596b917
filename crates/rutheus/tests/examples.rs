//! Each example prints what it claims. `serve` has a test of its own, `prometheus.rs`.

mod support;

fn prints(example: &str, expected: &str) {
    let output = support::example(example).output().expect("the example was built");
    let errors = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success(), "{errors}");
    assert_eq!(errors, "");
    assert_eq!(String::from_utf8(output.stdout).expect("text"), expected);
}

#[test]
fn quickstart() {
    prints(
        "quickstart",
        r#"# HELP lines_read_total Lines read.
# TYPE lines_read_total counter
lines_read_total 4
# HELP lines_bad_total Lines that are not a number.
# TYPE lines_bad_total counter
lines_bad_total 1
# HELP largest_number The largest number so far.
# TYPE largest_number gauge
largest_number 1000
# HELP line_length_bytes Length of a line.
# TYPE line_length_bytes histogram
line_length_bytes_bucket{le="2"} 2
line_length_bytes_bucket{le="4"} 3
line_length_bytes_bucket{le="8"} 3
line_length_bytes_bucket{le="+Inf"} 4
line_length_bytes_sum 16
line_length_bytes_count 4
"#,
    );
}

#[test]
fn labels() {
    prints(
        "labels",
        r#"# HELP http_requests_total Requests by method, route and status.
# TYPE http_requests_total counter
http_requests_total{method="POST",route="/cart",status="201"} 1
http_requests_total{method="GET",route="/",status="200"} 5
http_requests_total{method="GET",route="/cart",status="404"} 1
http_requests_total{method="DELETE",route="/cart",status="204"} 1
# HELP http_request_seconds Time for a request.
# TYPE http_request_seconds histogram
http_request_seconds_bucket{route="/",le="0.1"} 1
http_request_seconds_bucket{route="/",le="1"} 1
http_request_seconds_bucket{route="/",le="+Inf"} 1
http_request_seconds_sum{route="/"} 0.03
http_request_seconds_count{route="/"} 1

family "http_requests_total" has no label "path": its labels are method, route, status
"#,
    );
}

#[test]
fn custom_collector() {
    prints(
        "custom_collector",
        r#"# HELP mailer_queue_jobs Jobs that wait.
# TYPE mailer_queue_jobs gauge
mailer_queue_jobs{queue="newsletters"} 3
mailer_queue_jobs{queue="receipts"} 0
# HELP mailer_queue_first_job The number of the job that is next.
# TYPE mailer_queue_first_job gauge
mailer_queue_first_job{queue="newsletters"} 7
# HELP mailer_queues Queues in use.
# TYPE mailer_queues gauge
mailer_queues 2
# HELP mailer_queue_limit Jobs that may wait.
# TYPE mailer_queue_limit gauge
mailer_queue_limit 100

metric "queue_jobs" was not registered: the name is taken: choose another one, or unregister the first
"#,
    );
}

#[test]
fn registries() {
    prints(
        "registries",
        r#"GET /metrics
# HELP cache_hits_total Cache hits.
# TYPE cache_hits_total counter
cache_hits_total 3

GET /internal/metrics
# HELP service_a_queue_depth Jobs that wait.
# TYPE service_a_queue_depth gauge
service_a_queue_depth 2
# HELP service_a_cache_hits_total Cache hits.
# TYPE service_a_cache_hits_total counter
service_a_cache_hits_total 3

the global registry after the swap
# HELP service_b_jobs_total Jobs done.
# TYPE service_b_jobs_total counter
service_b_jobs_total 5

the one before it, with 1 family
# HELP jobs_total Jobs done.
# TYPE jobs_total counter
jobs_total 1
"#,
    );
}

#[test]
fn minimal() {
    prints(
        "minimal",
        r#"# HELP runs_total Runs of the job.
# TYPE runs_total counter
runs_total 2
# HELP rows Rows that a run read.
# TYPE rows summary
rows_sum 200.5
rows_count 2
# HELP last_rows Rows of the last run.
# TYPE last_rows gauge
last_rows 80.5
"#,
    );
}
