//! Query parameters: each read by name, none twice, none unknown.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Query;
use skep_domain::model::page::{
    Order, PAGE_DEFAULT, PAGE_MAX, Page, Position, SortBy, decode_cursor, encode_cursor,
};
use skep_domain::model::time::Millis;
use skep_domain::{Error, Result};

/// How long is waited for a call or a build where its caller does not say.
pub(crate) const WAIT_MS_DEFAULT: u64 = 60_000;
/// How long may be waited for.
pub(crate) const WAIT_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// The query of a request, taken apart name by name.
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    filters: String,
}

/// Parameters that say which part of a list is asked for, not which list.
const PAGING: [&str; 2] = ["limit", "lastEvaluatedKey"];

impl Params {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self> {
        Self::with_repeated(request, "")
    }

    /// The same where one name may be given more than once.
    pub(crate) fn with_repeated(request: &HttpRequest, repeated: &str) -> Result<Self> {
        let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let mut pairs =
            pairs.map_err(|error| Error::invalid(format!("the query cannot be read: {error}")))?.0;
        // Each name together, its values in the order given.
        pairs.sort_by(|one, other| one.0.cmp(&other.0));
        let is_twice = |pair: &&[(String, String)]| pair[0].0 == pair[1].0 && pair[0].0 != repeated;
        if let Some(twice) = pairs.windows(2).find(is_twice) {
            let name = &twice[0].0;
            return Err(Error::invalid(format!("{name} is given twice")).field(name));
        }
        let filters = pairs.iter().filter(|(name, _)| !PAGING.contains(&name.as_str()));
        let filters: Vec<String> = filters.map(|(name, value)| format!("{name}={value}")).collect();
        Ok(Self { filters: format!("{}?{}", request.path(), filters.join("&")), pairs })
    }

    /// The value of a name, if it was given.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let place = self.pairs.iter().position(|(known, _)| known == name)?;
        Some(self.pairs.remove(place).1)
    }

    /// All values of a name, in the order given.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<String> {
        let (taken, left) = std::mem::take(&mut self.pairs).into_iter().partition(|(known, _)| known == name);
        self.pairs = left;
        Vec::into_iter(taken).map(|(_, value)| value).collect()
    }

    pub(crate) fn parse<T: std::str::FromStr<Err = Error>>(&mut self, name: &str) -> Result<Option<T>> {
        self.take(name).map(|text| text.parse()).transpose()
    }

    pub(crate) fn millis(&mut self, name: &str) -> Result<Option<Millis>> {
        let parse = |text: String| {
            let at = text.parse::<u64>().ok().filter(|at| i64::try_from(*at).is_ok());
            let error = || Error::invalid(format!("{name} must be a Unix time in milliseconds")).field(name);
            at.map(Millis).ok_or_else(error)
        };
        self.take(name).map(parse).transpose()
    }

    /// `dateFrom` and `dateTo`, both inclusive.
    pub(crate) fn dates(&mut self) -> Result<(Option<Millis>, Option<Millis>)> {
        let (from, to) = (self.millis("dateFrom")?, self.millis("dateTo")?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(Error::invalid("dateFrom is after dateTo").field("dateFrom"));
        }
        Ok((from, to))
    }

    pub(crate) fn order(&mut self, default: Order) -> Result<Order> {
        match self.take("sortOrder").map(|text| text.to_ascii_lowercase()).as_deref() {
            None => Ok(default),
            Some("asc") => Ok(Order::Ascending),
            Some("desc") => Ok(Order::Descending),
            Some(_) => Err(Error::invalid("sortOrder must be asc or desc").field("sortOrder")),
        }
    }

    pub(crate) fn sort_by(&mut self) -> Result<SortBy> {
        match self.take("sortBy").as_deref() {
            None | Some("createdAt") => Ok(SortBy::CreatedAt),
            Some("updatedAt") => Ok(SortBy::UpdatedAt),
            Some(_) => Err(Error::invalid("sortBy must be createdAt or updatedAt").field("sortBy")),
        }
    }

    /// `limit` within `max`, or the default.
    pub(crate) fn limit(&mut self, max: u32) -> Result<Option<u32>> {
        let parse = |text: String| {
            let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
            let error =
                || Error::invalid(format!("limit must be a whole number from 1 to {max}")).field("limit");
            limit.ok_or_else(error)
        };
        self.take("limit").map(parse).transpose()
    }

    /// How long to wait: `waitMs`, or the default.
    pub(crate) fn wait_ms(&mut self) -> Result<Duration> {
        let parse = |text: String| {
            let wait = text.parse().ok().filter(|wait| *wait <= WAIT_MS_MAX);
            wait.ok_or_else(|| {
                Error::invalid(format!("waitMs must be from 0 to {WAIT_MS_MAX}")).field("waitMs")
            })
        };
        let wait = self.take("waitMs").map(parse).transpose()?;
        Ok(Duration::from_millis(wait.unwrap_or(WAIT_MS_DEFAULT)))
    }

    /// `true` or `false`; not there is false.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool> {
        match self.take(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::invalid(format!("{name} must be true or false")).field(name)),
        }
    }

    pub(crate) fn page(&mut self) -> Result<Page> {
        let limit = self.limit(PAGE_MAX)?.unwrap_or(PAGE_DEFAULT);
        Ok(Page { limit, after: self.after()? })
    }

    pub(crate) fn after(&mut self) -> Result<Option<Position>> {
        self.take("lastEvaluatedKey").map(|cursor| decode_cursor(&cursor, &self.filters)).transpose()
    }

    /// Says no to what is left, and hands out what makes the next page's cursor.
    pub(crate) fn finish(self) -> Result<Cursors> {
        match self.pairs.first() {
            None => Ok(Cursors { filters: self.filters }),
            Some((name, _)) => Err(Error::invalid(format!("there is no parameter \"{name}\"")).field(name)),
        }
    }
}

/// Makes cursors that fit the list that was asked for.
pub(crate) struct Cursors {
    filters: String,
}

impl Cursors {
    pub(crate) fn encode(&self, position: Position) -> String {
        encode_cursor(position, &self.filters)
    }
}
