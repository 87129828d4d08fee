//! The detector `system`, on hosts made of files.

use proptest::prelude::*;

use super::super::{os, system};
use super::*;

const ALL: &str = "host.arch host.cpu.cache.l2.size host.cpu.family host.cpu.model.id host.cpu.model.name host.cpu.stepping \
    host.cpu.vendor.id host.id host.interface host.ip host.mac host.name os.build.id os.description os.name os.type os.version";

fn everything() -> String {
    let on: Vec<String> = ALL
        .split_whitespace()
        .map(|name| format!("{name}: {{enabled: true}}"))
        .collect();
    let (sources, on) = ("hostname_sources: [os]", on.join(", "));
    format!("{{detectors: [system], timeout: 1s, system: {{{sources}, resource_attributes: {{{on}}}}}}}")
}

const CPU: &str = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Xeon: fast\n\
    stepping\t: 7\ncache size\t: 36608 KB\n\nprocessor\t: 1\nvendor_id\t: Other\n";
const TRIE: &str = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.0\n        /24 link UNICAST\n     |-- 10.0.0.5\n        /32 host LOCAL\n\
     |-- 127.0.0.1\n        /32 host LOCAL\nLocal:\n     |-- 10.0.0.5\n        /32 host LOCAL\n     |-- 192.168.7.1\n        /32 host LOCAL\n";
const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
    eth1\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth1\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
    eth0\t0007A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
const V6: &str = "00000000000000000000000000000001 01 80 10 80       lo\nfe80000000000000000000fffe000001 02 40 20 80 eth1\n\
    20010db8000000000000000000000001 02 40 00 80 eth1\n20010db8000000000000000000000002 04 40 00 80 down0\n";

fn debian() -> tempfile::TempDir {
    files(&[
        ("proc/sys/kernel/hostname", "web-1\n"),
        ("proc/sys/kernel/ostype", "Linux\n"),
        ("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"),
        ("proc/sys/kernel/version", "#1 SMP Debian 6.1.76-1\n"),
        ("proc/sys/kernel/arch", "x86_64\n"),
        ("proc/cpuinfo", CPU),
        ("proc/net/fib_trie", TRIE),
        ("proc/net/route", ROUTES),
        ("proc/net/if_inet6", V6),
        ("etc/machine-id", " 8e1f\n"),
        ("etc/debian_version", "12.5\n"),
        (
            "etc/os-release",
            "# comment\nNAME=\"Debian GNU/Linux\"\nVERSION=\"12 (\\\"bookworm\\\")\"\nID=debian\n",
        ),
        ("sys/class/net/lo/ifindex", "1"),
        ("sys/class/net/lo/flags", "0x9"),
        ("sys/class/net/lo/address", "00:00:00:00:00:00"),
        ("sys/class/net/eth1/ifindex", "2"),
        ("sys/class/net/eth1/flags", "0x1003"),
        ("sys/class/net/eth1/address", "02:42:ac:11:00:02\n"),
        ("sys/class/net/eth0/ifindex", "3"),
        ("sys/class/net/eth0/flags", "0x1003"),
        ("sys/class/net/eth0/address", ""),
        ("sys/class/net/down0/ifindex", "4"),
        ("sys/class/net/down0/flags", "0x1002"),
        ("sys/class/net/down0/address", "02:42:ac:11:00:03\n"),
    ])
}

/// Every attribute of a host is detected, in the order of the Collector.
#[test]
fn all_of_a_host() {
    let root = debian();
    let detected = detect(&everything(), &surroundings(root.path(), &[], Table::default())).unwrap();
    let texts = |texts: &[&str]| Value::Array(texts.iter().map(|one| text(one)).collect());
    let expected = [
        ("host.name", text("web-1")),
        ("os.type", text(os::family())),
        ("os.version", text("12.5")),
        ("host.id", text("8e1f")),
        ("host.arch", text(os::architecture())),
        (
            "host.ip",
            texts(&["10.0.0.5", "fe80::ff:fe00:1", "2001:db8::1", "192.168.7.1"]),
        ),
        ("host.mac", texts(&["02-42-AC-11-00-02", ""])),
        ("host.interface", texts(&["lo", "eth1", "eth0", "down0"])),
        (
            "os.description",
            text(
                "Debian GNU/Linux 12 (\"bookworm\") (Linux web-1 6.1.0-18-amd64 #1 SMP Debian 6.1.76-1 x86_64)",
            ),
        ),
        ("os.name", text("debian")),
        ("os.build.id", text("6.1.0-18-amd64")),
        ("host.cpu.vendor.id", text("GenuineIntel")),
        ("host.cpu.family", text("6")),
        ("host.cpu.model.id", text("85")),
        ("host.cpu.model.name", text("Xeon: fast")),
        ("host.cpu.stepping", text("7")),
        ("host.cpu.cache.l2.size", Value::Int(36608)),
    ];
    assert_eq!(detected, expected.map(|(key, value)| (key.to_owned(), value)));
}

/// Without configuration only name and kind are detected; what a host does not say is left out.
#[test]
fn what_is_missing_is_left_out() {
    let root = files(&[("proc/sys/kernel/hostname", "web-1")]);
    let around = surroundings(root.path(), &[], Table::default());
    let names = |yaml: &str| -> Vec<String> {
        let detected = detect(yaml, &around).unwrap().into_iter();
        detected.map(|(key, _)| key).collect()
    };
    assert_eq!(names("detectors: [system]"), ["host.name", "os.type"]);
    let sparse = [
        "host.name",
        "os.type",
        "host.arch",
        "host.ip",
        "host.mac",
        "host.interface",
    ];
    assert_eq!(names(&everything()), sparse);

    let root = files(&[]);
    let around = surroundings(root.path(), &[], Table::default());
    if cfg!(target_os = "linux") {
        let refused = detect("{detectors: [system], retry: {enabled: false}}", &around).unwrap_err();
        assert!(refused.contains("the operating system does not say"), "{refused}");
    }
}

/// The host's full name is the first in its line of the hosts file, else its canonical name, else the name of an address.
#[test]
fn names_of_a_host() {
    let of = |hosts: &str, source: &str, names: Table| {
        let root = files(&[("proc/sys/kernel/hostname", "web-1"), ("etc/hosts", hosts)]);
        let yaml = format!(
            "{{detectors: [system], retry: {{enabled: false}}, system: {{hostname_sources: [{source}]}}}}"
        );
        let detected = detect(&yaml, &surroundings(root.path(), &[], names));
        detected.map(|attributes| match &attributes[0].1 {
            Value::String(name) => name.clone(),
            other => panic!("{other:?}"),
        })
    };
    let address: IpAddr = "10.0.0.5".parse().unwrap();
    let mut names = Table::default();
    names
        .addresses
        .insert("web-1".into(), vec!["10.0.0.4".parse().unwrap(), address]);
    names.names.insert(address, "rev.example.".into());
    let hosts = "10.0.0.5 web-1.shop.example web-1 # here\n";
    assert_eq!(of(hosts, "dns", names.clone()).unwrap(), "web-1.shop.example");
    assert_eq!(of("", "dns", names.clone()).unwrap(), "rev.example");
    assert_eq!(of("", "lookup", names.clone()).unwrap(), "rev.example");
    assert!(of("", "cname", names.clone()).is_err());
    assert_eq!(of("", "'cname', os", names.clone()).unwrap(), "web-1");
    names.canonical.insert("web-1".into(), "web-1.example.".into());
    assert_eq!(of("", "dns", names.clone()).unwrap(), "web-1.example");
    assert_eq!(of(hosts, "cname", names).unwrap(), "web-1.example");
}

/// Lines of the hosts file are read as resolvers do.
#[test]
fn the_hosts_file() {
    for (line, expected) in [
        ("10.0.0.1\tweb-1", Some("web-1")),
        ("  10.0.0.1  full.name other web-1", Some("full.name")),
        ("10.0.0.1 full.name #web-1", None),
        ("# 10.0.0.1 full.name web-1", None),
        ("10.0.0.1 un_sound web-1\n10.0.0.2 sound web-1", Some("sound")),
        ("web-1", None),
        ("", None),
    ] {
        assert_eq!(system::in_hosts(line, "web-1").as_deref(), expected, "{line}");
    }
}

/// Distributions are told by the files that they have.
#[test]
fn distributions() {
    let of = |given: &[(&str, &str)]| {
        let root = files(given);
        let platform = os::platform(&surroundings(root.path(), &[], Table::default()));
        platform.map(|platform| format!("{} {}", platform.name, platform.version))
    };
    let ubuntu = ("etc/os-release", "ID=ubuntu\nVERSION_ID=\"24.04\"\n");
    assert_eq!(
        of(&[("etc/debian_version", "trixie/sid\n"), ubuntu]).unwrap(),
        "ubuntu 24.04"
    );
    assert_eq!(
        of(&[("etc/alpine-release", "3.20.1\n")]).unwrap(),
        "alpine 3.20.1"
    );
    let redhat = [(
        "etc/redhat-release",
        "Red Hat Enterprise Linux release 9.3 (Plow)\n",
    )];
    assert_eq!(of(&redhat).unwrap(), "redhat 9.3");
    let amazon = [("etc/system-release", "Amazon Linux release 2 (Karoo)\n")];
    assert_eq!(of(&amazon).unwrap(), "amazon 2");
    assert_eq!(
        of(&[("etc/os-release", "ID='wolfi'\nVERSION_ID=20230201")]).unwrap(),
        "wolfi 20230201"
    );
    assert_eq!(of(&[("etc/os-release", "NAME=x")]), None);
    assert_eq!(of(&[]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever stands in the files of a host, detection ends well and no attribute is beyond all measure.
    #[test]
    fn hostile_files(content in proptest::collection::vec(any::<u8>(), 0..200), length in 0_usize..10_000) {
        let lines = ["processor:1\nstepping:", "cache size:", "ID=\"", "NAME=", "|-- 1.2.3.4\n/32 host LOCAL\n", "10 ", "0x"];
        let mut text: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), &content, b"\n"].concat()).collect();
        text.extend(std::iter::repeat_n(b'x', length));
        let root = debian();
        for entry in ["proc/cpuinfo", "proc/net/fib_trie", "proc/net/route", "proc/net/if_inet6", "etc/machine-id",
            "etc/debian_version", "etc/os-release", "sys/class/net/lo/flags", "sys/class/net/eth0/address", "proc/sys/kernel/version"] {
            std::fs::write(root.path().join(entry), &text).unwrap();
        }
        let detected = detect(&everything(), &surroundings(root.path(), &[], Table::default())).unwrap();
        prop_assert_eq!(&detected[0], &pair("host.name", "web-1"));
        for (key, value) in detected {
            if let Value::String(value) = value {
                prop_assert!(value.len() <= 4096, "{}", key);
            }
        }
    }
}
