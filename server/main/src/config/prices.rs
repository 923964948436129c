//! `[prices]`: a price list in dollars, as decimals in quotes so that they are exact.

use std::collections::BTreeMap;

use serde::Deserialize;
use skep_domain::model::money::{Nanodollars, Picodollars};
use skep_domain::model::price::{CPU, PriceList, Prices};
use skep_domain::{Error, Result};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PricesSection {
    preset: Option<String>,
    version: Option<u32>,
    job: Option<String>,
    cpu_second: Option<String>,
    gib_second: Option<String>,
    device_second: Option<String>,
    wall_minute: Option<String>,
    asks: BTreeMap<String, String>,
}

pub(super) fn read(section: PricesSection) -> Result<Prices> {
    let preset = match section.preset.as_deref() {
        None | Some("usual") => PriceList::usual(),
        Some("sharedcloud") => PriceList::sharedcloud(),
        Some("free") => PriceList { version: 1, ..PriceList::default() },
        Some(other) => {
            let message = format!("prices.preset: \"{other}\" is not one of usual, sharedcloud, free");
            return Err(Error::invalid(message));
        }
    };
    let rate = |name: &str, given: Option<String>, preset: Picodollars| match given {
        Some(dollars) => Picodollars::parse(&format!("prices.{name}"), &dollars),
        None => Ok(preset),
    };
    let list = PriceList {
        version: section.version.unwrap_or(preset.version),
        job: rate("job", section.job, preset.job)?,
        cpu_second: rate("cpu_second", section.cpu_second, preset.cpu_second)?,
        gib_second: rate("gib_second", section.gib_second, preset.gib_second)?,
        device_second: rate("device_second", section.device_second, preset.device_second)?,
        wall_minute: rate("wall_minute", section.wall_minute, preset.wall_minute)?,
    };
    let mut asks = Prices::default().asks;
    for (device, ask) in section.asks {
        if device != CPU {
            return Err(Error::invalid(format!("prices.asks: this server has no device \"{device}\"")));
        }
        asks.insert(device.clone(), Nanodollars::parse(&format!("prices.asks.{device}"), &ask)?);
    }
    Ok(Prices { list, asks })
}
