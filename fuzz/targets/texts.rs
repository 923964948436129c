//! The short texts that strangers send: names, ids, cursors, amounts, scopes, rules. What is taken says the same
//! when it is written down and read again.

#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use skep_domain::model::account::AccountName;
use skep_domain::model::function::Name;
use skep_domain::model::id::{JobId, RunId};
use skep_domain::model::money::{Nanodollars, Picodollars};
use skep_domain::model::page::{decode_cursor, encode_cursor};
use skep_domain::model::receipt::check_key;
use skep_domain::model::scope::Scopes;
use skep_domain::model::settings::Settings;
use skep_domain::model::trace::Trace;
use skep_engine::{Block, EgressRule};

fn read_again<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        let written = read.to_string();
        assert!(written.parse::<T>().is_ok_and(|again| again == read), "{text} became {written}");
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((which, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    match which % 10 {
        0 => read_again::<JobId>(text),
        1 => read_again::<RunId>(text),
        2 => drop((AccountName::parse(text), Name::parse(text))),
        3 => drop((Nanodollars::parse("f", text), Picodollars::parse("f", text))),
        4 => {
            if let Ok(position) = decode_cursor(text, "filters") {
                assert_eq!(
                    decode_cursor(&encode_cursor(position, "filters"), "filters").ok(),
                    Some(position)
                );
                assert!(decode_cursor(text, "others").is_err(), "a cursor is for one list");
            }
        }
        5 => drop(Scopes::parse(text.split(' '))),
        6 => drop((check_key(text), text.parse::<Trace>())),
        7 => drop(text.parse::<EgressRule>()),
        8 => drop(text.parse::<Block>()),
        _ => {
            if let Ok(settings) = serde_json::from_str::<Settings>(text) {
                let _ = settings.check();
                let written = serde_json::to_value(&settings).expect("it has been read");
                assert_eq!(serde_json::from_value::<Settings>(written).expect("it was written"), settings);
            }
        }
    }
});
