//! `@ipMatch` and `@ipMatchFromFile`: the value is an address in one of the networks.

use super::{Captures, Recipe, Test};
use std::net::IpAddr;

/// Networks as 128 bits and a mask; IPv4 ones stand alone, for `::ffff:a.b.c.d` is an IPv6 address here as it is in
/// ModSecurity.
#[derive(Debug)]
struct Networks(Vec<Network>);

#[derive(Debug)]
struct Network {
    is_v4: bool,
    bits: u128,
    mask: u128,
}

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    let items = recipe.argument.split(',').map(str::trim).filter(|item| !item.is_empty());
    let networks = items.map(network).collect::<Result<Vec<_>, _>>()?;
    match networks.is_empty() {
        true => Err("`@ipMatch` needs an address or network".to_owned()),
        false => Ok(Box::new(Networks(networks))),
    }
}

pub(super) fn from_file(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    let texts = super::pm::read(recipe)?;
    let entries = texts.iter().flat_map(|text| super::pm::entries(text));
    let networks = entries.map(network).collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(Networks(networks)))
}

fn network(text: &str) -> Result<Network, String> {
    let fault = || format!("`{text}` is not an address or network");
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| fault())?)),
        None => (text, None),
    };
    let (is_v4, bits) = bits(address.parse().map_err(|_| fault())?);
    let width = if is_v4 { 32 } else { 128 };
    let length = length.unwrap_or(width);
    if length > width {
        return Err(fault());
    }
    let mask = u128::MAX.checked_shl(width - length).unwrap_or(0) & (u128::MAX >> (128 - width));
    Ok(Network { is_v4, bits: bits & mask, mask })
}

fn bits(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(address) => (true, u128::from(address.to_bits())),
        IpAddr::V6(address) => (false, address.to_bits()),
    }
}

impl Test for Networks {
    fn matches(&self, input: &[u8], _: &[u8], _: Option<&mut Captures>) -> bool {
        let Some(address) = std::str::from_utf8(input).ok().and_then(|text| text.trim().parse().ok()) else {
            return false;
        };
        let (is_v4, bits) = bits(address);
        self.0.iter().any(|network| network.is_v4 == is_v4 && bits & network.mask == network.bits)
    }
}
