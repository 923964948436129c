//! Bodies: fields of a form, as its client sends them, or of a JSON object.

use std::collections::BTreeMap;

use serde_json::Value;
use skep_domain::model::money::Nanodollars;
use skep_domain::{Error, Result};

use super::error::{Failure, SharedCloud, wrong};
use crate::shared::body;

/// The least that may be bid or asked, a thousandth of a dollar.
const PRICE_MIN: Nanodollars = Nanodollars(1_000_000);

/// A body that is still to be read.
pub(super) type Body = body::Body<SharedCloud>;

/// Fields by name, each a text. What is empty was not given.
pub(super) struct Fields(BTreeMap<String, String>);

/// Reads a body. Fields that nobody asks for are ignored, as the product does: its client sends some.
pub(super) async fn fields(body: Body) -> Result<Fields, Failure> {
    let (media_type, bytes) = body.typed().await?;
    Ok(Fields(match media_type.as_str() {
        "application/json" => of_json(&bytes)?,
        other if other.starts_with("multipart/") => return Err(no_form().into()),
        _ => of_form(&bytes)?,
    }))
}

/// The same of a body that says what is to be changed.
pub(super) async fn some_fields(body: Body) -> Result<Fields, Failure> {
    let fields = fields(body).await?;
    match fields.0.is_empty() {
        true => Err(Error::invalid("the body is empty: send what is to be changed").into()),
        false => Ok(fields),
    }
}

fn no_form() -> Error {
    Error::invalid("the body is no form: send application/x-www-form-urlencoded, or JSON")
}

fn of_form(bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    let text = std::str::from_utf8(bytes).map_err(|_| no_form())?;
    if text.split('&').any(|pair| !pair.is_empty() && !pair.contains('=')) {
        return Err(no_form());
    }
    let query = actix_web::web::Query::<Vec<(String, String)>>::from_query(text);
    let mut fields = BTreeMap::new();
    for (name, value) in query.map_err(|_| no_form())?.into_inner() {
        if fields.contains_key(&name) {
            return Err(wrong(&name, "This field is given twice."));
        }
        fields.insert(name, value);
    }
    Ok(fields)
}

fn of_json(bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    let object: BTreeMap<String, Value> = serde_json::from_slice(bytes)
        .map_err(|error| Error::invalid(format!("the body is no JSON object: {error}")))?;
    let text = |(name, value): (String, Value)| match value {
        Value::Null => Ok((name, String::new())),
        Value::String(text) => Ok((name, text)),
        Value::Bool(_) | Value::Number(_) => Ok((name, value.to_string())),
        Value::Array(_) | Value::Object(_) => Err(wrong(&name, "Not a valid string.")),
    };
    object.into_iter().map(text).collect()
}

impl Fields {
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// A price, a thousandth of a dollar at least.
    pub(super) fn price(&mut self, name: &str) -> Result<Option<Nanodollars>> {
        self.take(name).map(|text| price(name, &text)).transpose()
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String> {
        self.take(name).ok_or_else(|| wrong(name, "This field is required."))
    }
}

fn price(field: &str, text: &str) -> Result<Nanodollars> {
    let number: f64 = text.parse().map_err(|_| wrong(field, "A valid number is required."))?;
    if number.is_nan() || number < 0.001 {
        return Err(wrong(field, format!("{field} cannot be smaller than $0.001")));
    }
    // Its client sends a float as text, which may have more places than are kept.
    let price =
        Nanodollars::parse(field, text).or_else(|_| Nanodollars::parse(field, &format!("{number:.9}")));
    price.map(|price| price.max(PRICE_MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_json_are_the_same_fields() {
        let form = of_form(b"name=a+b&bid_price=0.5&code=%0A").expect("a form");
        let json = of_json(br#"{"name": "a b", "bid_price": 0.5, "code": "\n"}"#).expect("JSON");
        assert_eq!(form, json);
        assert!(of_json(b"[1]").is_err() && of_json(br#"{"name": []}"#).is_err());
        assert!(of_form(b"a=1&a=2").is_err());
        assert!(of_form(b"\xff").is_err() && of_form(b"{}").is_err());
        assert!(of_form(b"").is_ok_and(|fields| fields.is_empty()));
    }
}
