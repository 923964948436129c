//! What webhooks tell, each in the words of the API to which it belongs.

use skep_domain::model::plan::Style;
use skep_domain::port::wording::{Telling, Worded, Wording};

use crate::{tork, v1};

/// Whoever finds the words.
pub struct Words;

impl Wording for Words {
    fn put(&self, style: Style, telling: &Telling, is_brief: bool) -> Option<Worded> {
        match style {
            Style::Json => Some(v1::told(telling, is_brief)),
            Style::Text => tork::told(telling, is_brief),
        }
    }
}
