//! Network interfaces and their addresses, as the kernel lists them in files.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::surroundings::Surroundings;

/// More interfaces or addresses than these are not looked at.
const MOST: usize = 4096;

const UP: u32 = 0x1;
const LOOPBACK: u32 = 0x8;

struct Interface {
    name: String,
    number: u32,
    flags: u32,
    /// Empty where it has none.
    hardware_address: String,
}

/// The names of all interfaces.
pub fn interfaces(around: &Surroundings) -> Vec<String> {
    all(around).into_iter().map(|interface| interface.name).collect()
}

/// The hardware addresses of the interfaces that are up and lead outside, in IEEE's notation; empty where one has none.
pub fn hardware_addresses(around: &Surroundings) -> Vec<String> {
    let outside = all(around).into_iter().filter(Interface::is_outside);
    outside
        .map(|interface| interface.hardware_address.replace(':', "-").to_uppercase())
        .collect()
}

/// The addresses of the interfaces that are up and lead outside: by interface, first those of IPv4.
pub fn addresses(around: &Surroundings) -> Vec<String> {
    let interfaces = all(around);
    let outside: Vec<&Interface> = interfaces.iter().filter(|one| one.is_outside()).collect();
    let place = |is_it: &dyn Fn(&Interface) -> bool| outside.iter().position(|one| is_it(one));
    let routes = around.read("proc/net/route").unwrap_or_default();
    let v4 = local_v4(&around.read("proc/net/fib_trie").unwrap_or_default());
    let v4 = v4.into_iter().map(|address| {
        let name = interface_of(&routes, address);
        let at = place(&|one| Some(one.name.as_str()) == name);
        // One that no route tells the interface of is local all the same.
        (at.unwrap_or(usize::MAX), IpAddr::V4(address))
    });
    let v6 = around.read("proc/net/if_inet6").unwrap_or_default();
    let v6 = v6.lines().take(MOST).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let bits = u128::from_str_radix(fields.next()?, 16).ok()?;
        let number = u32::from_str_radix(fields.next()?, 16).ok()?;
        let at = place(&|one| one.number == number)?;
        Some((at, IpAddr::V6(Ipv6Addr::from_bits(bits))))
    });
    let mut addresses: Vec<(usize, IpAddr)> = v4.chain(v6).filter(|(_, one)| !one.is_loopback()).collect();
    addresses.sort_by_key(|(at, address)| (*at, address.is_ipv6()));
    addresses
        .into_iter()
        .map(|(_, address)| address.to_string())
        .collect()
}

/// All interfaces, by their number.
fn all(around: &Surroundings) -> Vec<Interface> {
    let Ok(entries) = fs::read_dir(around.root.join("sys/class/net")) else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut interfaces: Vec<Interface> = names
        .take(MOST)
        .filter_map(|name| Interface::read(around, name))
        .collect();
    interfaces.sort_by_key(|interface| interface.number);
    interfaces
}

/// The addresses that the kernel takes for its own, each once.
fn local_v4(trie: &str) -> Vec<Ipv4Addr> {
    let mut addresses = Vec::new();
    for (line, next) in trie.lines().zip(trie.lines().skip(1)) {
        let address = line
            .trim()
            .strip_prefix("|-- ")
            .and_then(|text| text.parse().ok());
        let is_local = next.trim() == "/32 host LOCAL";
        if let Some(address) = address.filter(|address| is_local && !addresses.contains(address)) {
            addresses.push(address);
        }
        if addresses.len() >= MOST {
            break;
        }
    }
    addresses
}

/// The interface whose own network, the smallest that fits, has the address.
fn interface_of(routes: &str, address: Ipv4Addr) -> Option<&str> {
    let routes = routes.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| {
            let hex = fields.get(at)?;
            u32::from_str_radix(hex, 16).ok().map(u32::from_be)
        };
        let (network, gateway, mask) = (number(1)?, number(2)?, number(7)?);
        let fits = gateway == 0 && mask != 0 && address.to_bits() & mask == network;
        fits.then_some((mask, *fields.first()?))
    });
    routes.max_by_key(|(mask, _)| *mask).map(|(_, name)| name)
}

// === impl Interface ===

impl Interface {
    fn read(around: &Surroundings, name: String) -> Option<Self> {
        let of = |file: &str| around.line(&format!("sys/class/net/{name}/{file}"));
        let number = of("ifindex")?.parse().ok()?;
        let flags = u32::from_str_radix(of("flags")?.strip_prefix("0x")?, 16).ok()?;
        let hardware_address = of("address").unwrap_or_default();
        Some(Self {
            name,
            number,
            flags,
            hardware_address,
        })
    }

    fn is_outside(&self) -> bool {
        self.flags & UP != 0 && self.flags & LOOPBACK == 0
    }
}
