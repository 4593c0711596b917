//! What a process says of itself is so. One test, as it is about this process as a whole.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant, SystemTime};

use metrics_exposition::generate_metrics;
use metrics_process::ProcessMetrics;

fn value(name: &str) -> f64 {
    let page = generate_metrics(&ProcessMetrics::new());
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is on the page:\n{page}")).parse().unwrap()
}

#[test]
fn the_numbers_follow_what_the_process_does() {
    let files = value("process_open_fds");
    let held: Vec<_> = (0..10).map(|_| File::open("/dev/null").unwrap()).collect();
    assert_eq!(value("process_open_fds"), files + 10.0);
    drop(held);
    assert_eq!(value("process_open_fds"), files);
    assert!(value("process_max_fds") > files);

    let threads = value("process_threads");
    let barrier = Arc::new(Barrier::new(4));
    let running: Vec<_> = (0..3)
        .map(|_| {
            let barrier = barrier.clone();
            std::thread::spawn(move || _ = barrier.wait())
        })
        .collect();
    assert_eq!(value("process_threads"), threads + 3.0);
    barrier.wait();
    running.into_iter().for_each(|thread| thread.join().unwrap());

    let (resident, virt) = (value("process_resident_memory_bytes"), value("process_virtual_memory_bytes"));
    const SIZE: usize = 64 << 20;
    let held = black_box(vec![1u8; SIZE]);
    let grown = value("process_resident_memory_bytes") - resident;
    assert!(grown > SIZE as f64 * 0.9 && grown < SIZE as f64 * 1.5, "{grown}");
    assert!(value("process_virtual_memory_bytes") - virt > SIZE as f64 * 0.9);
    drop(held);

    let before = value("process_cpu_seconds_total");
    let deadline = Instant::now() + Duration::from_secs(60);
    while value("process_cpu_seconds_total") < before + 0.05 {
        assert!(Instant::now() < deadline, "working takes time of the CPU");
        black_box((0..100_000u64).sum::<u64>());
    }

    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let age = now - value("process_start_time_seconds");
    assert!((-2.0..600.0).contains(&age), "{age}");

    let (received, sent) =
        (value("process_network_receive_bytes_total"), value("process_network_transmit_bytes_total"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut to = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut from, _) = listener.accept().unwrap();
    to.write_all(&[0; 10_000]).unwrap();
    from.read_exact(&mut [0; 10_000]).unwrap();
    assert!(value("process_network_receive_bytes_total") >= received + 10_000.0);
    assert!(value("process_network_transmit_bytes_total") >= sent + 10_000.0);
}
