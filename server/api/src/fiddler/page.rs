//! Which part of a list, and a list as its client pages through it.

use serde::Serialize;
use skep_domain::{Error, Result};
use utoipa::{IntoParams, ToSchema};

use super::model::API_VERSION;
use crate::shared::params::Params;

/// Items of a page at most, and where none are asked for.
const LIMIT_MAX: u32 = 1000;
const LIMIT_DEFAULT: u32 = 10;

/// Which part of a list.
#[derive(Clone, Copy, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Items of the page.
    #[param(required = false, minimum = 1, maximum = 1000, default = 10)]
    pub(super) limit: u32,
    /// Items before it.
    #[param(required = false, minimum = 0, default = 0)]
    pub(super) offset: u64,
}

impl Page {
    pub(super) fn of(params: &mut Params) -> Result<Self> {
        let offset = params.take("offset").map(|text| {
            let offset = text.parse().ok().filter(|offset| i64::try_from(*offset).is_ok());
            offset.ok_or_else(|| Error::invalid("offset must be a whole number from 0").field("offset"))
        });
        let limit = params.limit(LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
        Ok(Self { limit, offset: offset.transpose()?.unwrap_or_default() })
    }
}

/// An answer that is a part of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Paginated<T> {
    #[schema(example = "3.0")]
    api_version: &'static str,
    #[schema(example = "PAGINATED")]
    kind: &'static str,
    data: Part<T>,
}

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Part<T> {
    /// Items that were asked for.
    page_size: u32,
    /// Items that are here.
    item_count: usize,
    /// Items of the whole list.
    total: u64,
    /// Pages of the whole list, at least 1.
    page_count: u64,
    /// Which of these it is, from 1.
    page_index: u64,
    /// Items before it.
    offset: u64,
    items: Vec<T>,
}

impl<T> Paginated<T> {
    pub(super) fn new(items: Vec<T>, total: u64, page: Page) -> Self {
        let size = u64::from(page.limit);
        let data = Part {
            page_size: page.limit,
            item_count: items.len(),
            total,
            page_count: total.div_ceil(size).max(1),
            page_index: page.offset / size + 1,
            offset: page.offset,
            items,
        };
        Self { api_version: API_VERSION, kind: "PAGINATED", data }
    }
}
