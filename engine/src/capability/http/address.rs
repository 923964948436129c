//! Which addresses a guest's requests may go to: what the whole world can reach, and what the operator adds.
//!
//! The address that is checked is the one that is dialled, so a name that changes its mind in between gains
//! nothing. Sources: the IANA registries of special-purpose addresses for IPv4 (RFC 6890) and IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A block of addresses, as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    address: IpAddr,
    bits: u8,
}

impl FromStr for Block {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("\"{text}\" is no block of addresses: write it as 10.0.0.0/8 or fd00::/8");
        let (address, bits) = text.split_once('/').ok_or_else(fault)?;
        let address: IpAddr = address.parse().map_err(|_| fault())?;
        let bits: u8 = bits.parse().map_err(|_| fault())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if bits > most { Err(fault()) } else { Ok(Self { address, bits }) }
    }
}

impl Block {
    /// Whether requests may go to an address: one that the whole world can reach, or that is in one of some blocks.
    pub fn is_allowed(address: IpAddr, added: &[Self]) -> bool {
        is_allowed(address, added)
    }

    const fn v4(a: u8, b: u8, c: u8, bits: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, 0)), bits }
    }

    const fn v6(a: u16, b: u16, bits: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0)), bits }
    }

    fn contains(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        // Shifting all bits out is no shift at all.
        self.bits == 0 || (own ^ other) >> (width - u32::from(self.bits)) == 0
    }
}

/// What is not for the whole world.
const SPECIAL_V4: [Block; 18] = [
    Block::v4(0, 0, 0, 8),       // this network, and `0.0.0.0`, which is this host
    Block::v4(10, 0, 0, 8),      // private
    Block::v4(100, 64, 0, 10),   // shared by carriers
    Block::v4(127, 0, 0, 8),     // loopback
    Block::v4(168, 63, 129, 24), // a cloud's own services
    Block::v4(169, 254, 0, 16),  // link-local, where clouds keep their metadata
    Block::v4(172, 16, 0, 12),   // private
    Block::v4(192, 0, 0, 24),    // protocol assignments
    Block::v4(192, 0, 2, 24),    // documentation
    Block::v4(192, 31, 196, 24), // AS112
    Block::v4(192, 52, 193, 24), // multicast tunnels
    Block::v4(192, 88, 99, 24),  // relays of 6to4
    Block::v4(192, 168, 0, 16),  // private
    Block::v4(192, 175, 48, 24), // AS112
    Block::v4(198, 18, 0, 15),   // benchmarks
    Block::v4(198, 51, 100, 24), // documentation
    Block::v4(203, 0, 113, 24),  // documentation
    Block::v4(224, 0, 0, 3),     // multicast, reserved, broadcast
];

/// Where the whole world of IPv6 is, and what in it is not for all.
const WORLD_V6: Block = Block::v6(0x2000, 0, 3);
const SPECIAL_V6: [Block; 6] = [
    Block::v6(0x2001, 0, 23), // protocol assignments, among them Teredo, which holds an IPv4 address
    Block::v6(0x2001, 0xdb8, 32), // documentation
    Block::v6(0x2002, 0, 16), // 6to4, which holds an IPv4 address
    Block::v6(0x2620, 0x4f, 32), // AS112
    Block::v6(0x3ffe, 0, 16), // a network that is no more
    Block::v6(0x3fff, 0, 20), // documentation
];

/// Whether a guest may speak to an address.
pub(super) fn is_allowed(address: IpAddr, added: &[Block]) -> bool {
    // `::ffff:127.0.0.1` is 127.0.0.1.
    let address = address.to_canonical();
    if added.iter().any(|block| block.contains(address)) {
        return true;
    }
    let within = |blocks: &[Block]| blocks.iter().any(|block| block.contains(address));
    match address {
        IpAddr::V4(_) => !within(&SPECIAL_V4),
        IpAddr::V6(_) => WORLD_V6.contains(address) && !within(&SPECIAL_V6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> bool {
        is_allowed(text.parse().expect("an address"), &[])
    }

    #[test]
    fn the_world_is_allowed_and_nothing_else() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(allowed(address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "3fff::1",
            "5f00::1",
            "4000::1",
        ] {
            assert!(!allowed(address), "{address}");
        }
    }

    #[test]
    fn an_operator_adds_blocks() {
        let added: Vec<Block> =
            ["10.1.0.0/16", "::1/128"].iter().map(|block| block.parse().expect("a block")).collect();
        for (address, is) in [
            ("10.1.2.3", true),
            ("10.2.0.1", false),
            ("::1", true),
            ("::2", false),
            ("::ffff:10.1.0.1", true),
        ] {
            assert_eq!(is_allowed(address.parse().expect("an address"), &added), is, "{address}");
        }
        for bad in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0/8", ""] {
            assert!(bad.parse::<Block>().is_err(), "{bad}");
        }
    }
}
