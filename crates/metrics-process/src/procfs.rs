//! What Linux says of a process, in the files of `/proc/self`.

use std::fs;

use crate::process::Readings;

pub(crate) fn read() -> Readings {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let system = System::read();
    let mut readings = Readings::default();
    read_stat(&mut readings, &text("/proc/self/stat"), &system);
    read_limits(&mut readings, &text("/proc/self/limits"));
    read_netstat(&mut readings, &text("/proc/self/net/netstat"));
    // Without the one that lists them.
    readings.open_files =
        fs::read_dir("/proc/self/fd").ok().map(|entries| (entries.count() as u64).saturating_sub(1));
    readings
}

/// What the numbers of the other files are counted in.
struct System {
    ticks_per_second: u64,
    page_bytes: u64,
    /// When the system started, in Unix time.
    boot_seconds: Option<u64>,
}

impl System {
    fn read() -> Self {
        let vector = fs::read("/proc/self/auxv").unwrap_or_default();
        let boot = fs::read_to_string("/proc/stat").unwrap_or_default();
        let boot = boot.lines().find_map(|line| line.strip_prefix("btime "));
        Self {
            ticks_per_second: auxiliary(&vector, 17).unwrap_or(100),
            page_bytes: auxiliary(&vector, 6).unwrap_or(4096),
            boot_seconds: boot.and_then(|seconds| seconds.trim().parse().ok()),
        }
    }
}

/// An entry of the auxiliary vector, which the kernel gives to every program: pairs of words.
fn auxiliary(vector: &[u8], key: usize) -> Option<u64> {
    const WORD: usize = size_of::<usize>();
    let mut words = vector.chunks_exact(WORD).map(|word| {
        let mut bytes = [0; WORD];
        bytes.copy_from_slice(word);
        usize::from_ne_bytes(bytes)
    });
    while let (Some(found), Some(value)) = (words.next(), words.next()) {
        if found == key && value > 0 {
            return Some(value as u64);
        }
    }
    None
}

/// Fields by number, as `proc(5)` counts them. The second is the name of the program, which may have blanks
/// and parentheses itself.
fn read_stat(readings: &mut Readings, text: &str, system: &System) {
    let Some((_, after_name)) = text.rsplit_once(')') else { return };
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let ticks = system.ticks_per_second as f64;
    if let (Some(own), Some(of_system)) = (field(14), field(15)) {
        readings.cpu_seconds = Some((own + of_system) as f64 / ticks);
    }
    readings.threads = field(20);
    if let (Some(after_boot), Some(boot)) = (field(22), system.boot_seconds) {
        readings.start_seconds = Some(boot as f64 + after_boot as f64 / ticks);
    }
    readings.virtual_bytes = field(23);
    readings.resident_bytes = field(24).map(|pages| pages * system.page_bytes);
}

/// Lines such as `Max open files            1024                 524288               files`.
fn read_limits(readings: &mut Readings, text: &str) {
    let limit = |name: &str| {
        let soft = text.lines().find_map(|line| line.strip_prefix(name))?.split_ascii_whitespace().next()?;
        // There may be none: "unlimited".
        soft.parse().ok()
    };
    readings.most_files = limit("Max open files");
    readings.most_virtual_bytes = limit("Max address space");
}

/// Pairs of lines: names, and the numbers under them.
fn read_netstat(readings: &mut Readings, text: &str) {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("IpExt: "));
    let (Some(names), Some(numbers)) = (lines.next(), lines.next()) else { return };
    for (name, number) in names.split_ascii_whitespace().zip(numbers.split_ascii_whitespace()) {
        match name {
            "InOctets" => readings.received_bytes = number.parse().ok(),
            "OutOctets" => readings.sent_bytes = number.parse().ok(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: System =
        System { ticks_per_second: 100, page_bytes: 4096, boot_seconds: Some(1_700_000_000) };

    #[test]
    fn the_fields_of_a_process_are_found_whatever_its_name_is() {
        for name in ["cat", "a b", "a) R 1 (b", ")"] {
            let text = format!(
                "4242 ({name}) S 1 4242 4242 0 -1 4194560 100 0 3 0 250 50 7 8 20 0 12 0 12345 1048576 300 \
                 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0\n"
            );
            let mut readings = Readings::default();
            read_stat(&mut readings, &text, &SYSTEM);
            let expected = Readings {
                cpu_seconds: Some(3.0),
                threads: Some(12),
                start_seconds: Some(1_700_000_123.45),
                virtual_bytes: Some(1_048_576),
                resident_bytes: Some(1_228_800),
                ..Readings::default()
            };
            assert_eq!(readings, expected, "{name}");
        }
    }

    #[test]
    fn limits_may_be_none() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max address space         unlimited            unlimited            bytes     \n\
                    Max open files            1024                 524288               files     \n";
        let mut readings = Readings::default();
        read_limits(&mut readings, text);
        assert_eq!((readings.most_files, readings.most_virtual_bytes), (Some(1024), None));
        read_limits(&mut readings, &text.replace("unlimited", "1000"));
        assert_eq!(readings.most_virtual_bytes, Some(1000));
    }

    #[test]
    fn traffic_is_found_by_name() {
        let text = "TcpExt: A B\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 123 456\n";
        let mut readings = Readings::default();
        read_netstat(&mut readings, text);
        assert_eq!((readings.received_bytes, readings.sent_bytes), (Some(123), Some(456)));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        for text in ["", ")", "1 (a) S", "IpExt: InOctets", "IpExt: InOctets\nIpExt: x\n", "Max open files"] {
            let mut readings = Readings::default();
            read_stat(&mut readings, text, &SYSTEM);
            read_limits(&mut readings, text);
            read_netstat(&mut readings, text);
            assert_eq!(readings, Readings::default(), "{text}");
        }
        assert_eq!(auxiliary(&[1, 2, 3], 6), None);
    }

    #[test]
    fn the_system_says_how_it_counts() {
        let system = System::read();
        assert!(system.page_bytes.is_power_of_two() && system.page_bytes >= 4096);
        assert!(system.ticks_per_second >= 1);
        assert!(system.boot_seconds.is_some());
    }
}
