//! Pages by their numbers.

use actix_web::HttpRequest;
use actix_web::web::Query;
use serde::Serialize;
use serde_json::Value;
use skep_domain::{Code, Error, Result};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    #[schema(value_type = Vec<Object>)]
    pub(super) items: Vec<Value>,
    /// Which page, from 1.
    number: u64,
    /// Items on it.
    size: usize,
    total_pages: u64,
    total_items: u64,
}

/// Which page is asked for.
pub(super) struct Asked {
    pub(super) number: u64,
    pub(super) size: u64,
    pub(super) search: Option<String>,
}

impl Asked {
    /// Reads `page`, `size` and `q`.
    pub(super) fn of(request: &HttpRequest, size: u64, size_max: u64) -> Result<Self> {
        let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|_| Error::invalid("Bad Request"))?.0;
        let take = |name: &str| {
            let found = pairs.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        let page = take("page").unwrap_or("1");
        let number = page.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
        let number = number.filter(|number| *number > 0);
        let number = number.ok_or_else(|| no_such(format!("invalid page number: {page}")))?;
        let size = match take("size") {
            None => size,
            // The product names the page here, too.
            Some(text) => {
                let size: i64 = text.parse().map_err(|_| no_such(format!("invalid size: {page}")))?;
                u64::try_from(size).unwrap_or(0).clamp(1, size_max)
            }
        };
        Ok(Self { number, size, search: take("q").map(str::to_owned) })
    }

    /// How many items come before the page.
    pub(super) fn skipped(&self) -> u64 {
        (self.number - 1).saturating_mul(self.size)
    }

    /// The page, of so many items in all.
    pub(super) fn filled(&self, items: Vec<Value>, total_items: u64) -> Page {
        Page {
            number: self.number,
            size: items.len(),
            items,
            total_pages: total_items.div_ceil(self.size),
            total_items,
        }
    }
}

/// What is wrong with a number of a page is a 404 here.
fn no_such(message: String) -> Error {
    Error::new(Code::NotFound, message)
}
