//! Addresses of the internet, and numbers of cards: `CommunityID`, `IsInCIDR`, `IsValidLuhn`.

use std::net::{IpAddr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::shown;

/// A range of addresses, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    is_v4: bool,
    address: u128,
    mask: u128,
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address; one of version 4 comes before all of version 6.
    address: IpAddr,
    port: u16,
}

/// What `CommunityID` knows a protocol by.
const PROTOCOLS: [(&str, u8); 6] = [
    ("ICMP", 1),
    ("TCP", 6),
    ("UDP", 17),
    ("RSVP", 46),
    ("ICMP6", 58),
    ("SCTP", 132),
];

/// The protocol of this name, in upper case.
pub fn protocol(name: &str) -> Result<u8, String> {
    let found = PROTOCOLS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, number)| *number)
        .ok_or_else(|| format!("unsupported protocol: {}", shown(name)))
}

/// `CommunityID` of a flow, the same in both directions. `seed` is that of whoever compares.
pub fn community_id(one: Endpoint, other: Endpoint, protocol: u8, seed: u16) -> String {
    let (low, high) = (one.min(other), one.max(other));
    let mut tuple = seed.to_be_bytes().to_vec();
    for end in [low, high] {
        match end.address {
            IpAddr::V4(address) => tuple.extend(address.octets()),
            IpAddr::V6(address) => tuple.extend(address.octets()),
        }
    }
    tuple.extend([protocol, 0]);
    for end in [low, high] {
        tuple.extend(end.port.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(Sha1::digest(tuple)))
}

/// The `seed` of `CommunityID`.
pub fn community_seed(seed: i64) -> Result<u16, String> {
    u16::try_from(seed).map_err(|_| format!("seed must be between 0 and 65535, not {seed}"))
}

/// `IsInCIDR`: whether a text is an address in one of the networks, which are asked one after the other until one has it. What is
/// no address is in none of them, whatever they are.
pub fn is_in_cidr(
    text: &str,
    networks: impl IntoIterator<Item = Result<Network, String>>,
) -> Result<bool, String> {
    let Ok(address) = text.parse::<IpAddr>() else {
        return Ok(false);
    };
    for network in networks {
        if network?.contains(address) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `IsValidLuhn`: whether the last of the digits is the check digit of those before. Spaces do not count; anything else that is
/// no digit is an error, and nothing at all is not valid.
pub fn is_valid_luhn(text: &str) -> Result<bool, String> {
    let (mut sum, mut digits) = (0u8, 0usize);
    for letter in text.chars().rev().filter(|letter| *letter != ' ') {
        let digit = letter.to_digit(10).map(|digit| digit as u8);
        let digit = digit.ok_or_else(|| format!("{letter:?} is not a digit"))?;
        sum += match (digits % 2, digit) {
            (0, _) => digit,
            (_, 0..5) => 2 * digit,
            _ => 2 * digit - 9,
        };
        sum %= 10;
        digits += 1;
    }
    Ok(digits > 0 && sum == 0)
}

// === impl Endpoint ===

impl Endpoint {
    /// Checks an address and a port; `which` end it is, `source` or `destination`, is for the error.
    pub fn new(which: &str, address: &str, port: i64) -> Result<Self, String> {
        let port = u16::try_from(port)
            .map_err(|_| format!("{which} port must be between 0 and 65535, not {port}"))?;
        let parsed = address.parse::<IpAddr>();
        let parsed = parsed.map_err(|_| format!("invalid {which} IP: {}", shown(address)))?;
        Ok(Self {
            address: parsed.to_canonical(),
            port,
        })
    }
}

// === impl Network ===

impl Network {
    /// Reads an address and the length of its prefix, with a slash in between.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("invalid CIDR address: {}", shown(text));
        let (address, bits) = text.split_once('/').ok_or_else(invalid)?;
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        if !bits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        let bits: u32 = bits.parse().map_err(|_| invalid())?;
        let (address, unused) = match address {
            IpAddr::V4(_) => (number(address), 32_u32.checked_sub(bits)),
            IpAddr::V6(address) => (address.to_bits(), 128_u32.checked_sub(bits)),
        };
        let mask = u128::MAX.checked_shl(unused.ok_or_else(invalid)?).unwrap_or(0);
        let address = address & mask;
        Ok(Self {
            is_v4: is_v4(address),
            address,
            mask,
        })
    }

    /// Whether it contains `address`. One of version 4 written as one of version 6 counts as version 4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = number(address);
        is_v4(address) == self.is_v4 && address & self.mask == self.address
    }
}

/// The address as one of version 6.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn is_v4(address: u128) -> bool {
    Ipv6Addr::from_bits(address).to_ipv4_mapped().is_some()
}
