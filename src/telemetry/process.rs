//! What the operating system says about this process, and what it may use.

use std::fs;

/// Bytes of memory this process may use: the smallest of the control group's limits, else the machine's memory.
/// `None` where the system does not say.
pub fn memory_limit() -> Option<u64> {
    let cgroup = cgroup_limits().into_iter().min();
    let machine = machine_memory();
    match (cgroup, machine) {
        (Some(limit), Some(total)) => Some(limit.min(total)),
        (limit, total) => limit.or(total),
    }
}

/// Every limit on the way from this process's control group to the root, version 2 or 1.
fn cgroup_limits() -> Vec<u64> {
    let membership = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut files = vec![
        "/sys/fs/cgroup/memory.max".to_owned(),
        "/sys/fs/cgroup/memory/memory.limit_in_bytes".to_owned(),
    ];
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let mut path = path.trim_end_matches('/');
        while !path.is_empty() {
            files.push(format!("{root}{path}/{file}"));
            path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
        .collect()
}

fn machine_memory() -> Option<u64> {
    status_kib("/proc/meminfo", "MemTotal:").map(|kib| kib * 1024)
}

/// Resident bytes of this process.
pub fn resident_bytes() -> Option<u64> {
    status_kib("/proc/self/status", "VmRSS:").map(|kib| kib * 1024)
}

fn status_kib(file: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix(key))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// Seconds of processor time that this process has used, in user and system mode.
pub fn cpu_seconds() -> Option<f64> {
    // Linux counts in hundredths of a second here, whatever the kernel's own tick.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold spaces; the fields after it are counted from the state on.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}
