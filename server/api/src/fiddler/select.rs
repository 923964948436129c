//! What a filter, a search and an ordering mean for jobs.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use skep_domain::model::account::Account;
use skep_domain::model::id::JobId;
use skep_domain::model::job::Status;
use skep_domain::model::page::Order;
use skep_domain::model::selection::{Condition, Key, Moment, Text};
use skep_domain::model::time::Millis;
use skep_domain::{Error, Result};

use super::filter::{Filter, Join, Operator, Rule};
use super::map;
use super::model::ResourceType;

/// Bytes that are searched for.
const SEARCH_BYTES_MAX: usize = 256;
/// Fields that are sorted by at once.
const ORDER_MAX: usize = 8;
/// The last moment that the store can keep.
const END: Millis = Millis(i64::MAX as u64);
const TYPES: [ResourceType; 2] = [ResourceType::Model, ResourceType::Data];

/// A field that jobs are filtered by.
enum Field {
    Id,
    Name,
    Status,
    ResourceType,
    ProjectName,
    Moment(Moment),
}

impl Field {
    fn of(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("info.").unwrap_or(name) {
            "id" => Self::Id,
            "name" | "resource_name" => Self::Name,
            "status" => Self::Status,
            "resource_type" => Self::ResourceType,
            "project_name" => Self::ProjectName,
            "created_at" => Self::Moment(Moment::Created),
            "updated_at" => Self::Moment(Moment::Updated),
            "started_at" => Self::Moment(Moment::Started),
            "completed_at" => Self::Moment(Moment::Completed),
            _ => return None,
        })
    }
}

const FIELDS: &str = "id, name, status, resource_type, resource_name, project_name, created_at, updated_at, started_at, completed_at";

/// Which jobs of an account a filter asks for.
pub(super) fn condition(filter: &Filter, account: &Account) -> Result<Condition> {
    filter.fold(&|rule| of_rule(rule, account), &|join, rules| match join {
        Join::Or => Condition::Any(rules),
        Join::And => Condition::All(rules),
    })
}

fn of_rule(rule: &Rule, account: &Account) -> Result<Condition> {
    let field = Field::of(&rule.field)
        .ok_or_else(|| rule.wrong(&format!("there is no field \"{}\", but {FIELDS}", rule.field)))?;
    match field {
        Field::Id => of_id(rule),
        Field::Moment(moment) => of_moment(rule, moment),
        Field::Name => texts(rule).map(Texts::of_name),
        Field::Status => texts(rule).map(|texts| of_status(|word| texts.fit(word))),
        Field::ResourceType => texts(rule).map(|texts| of_type(|word| texts.fit(word))),
        Field::ProjectName => texts(rule).map(|texts| always(texts.fit(account.name.as_str()))),
    }
}

/// Texts of which one is to fit, or none.
pub(super) struct Texts {
    any: Vec<Text>,
    is_negated: bool,
}

impl Texts {
    pub(super) fn fit(&self, text: &str) -> bool {
        self.any.iter().any(|one| one.fits(text)) != self.is_negated
    }

    fn of_name(self) -> Condition {
        match self.is_negated {
            false => Condition::Any(self.any.into_iter().map(Condition::Name).collect()),
            true => Condition::All(self.any.into_iter().map(Condition::NameNot).collect()),
        }
    }
}

/// What a rule asks of a text.
pub(super) fn texts(rule: &Rule) -> Result<Texts> {
    let values = rule.values()?;
    let each = |make: fn(String) -> Text| values.iter().cloned().map(make).collect::<Vec<_>>();
    let (any, is_negated) = match rule.operator {
        Operator::Equal | Operator::In | Operator::Any => (each(Text::Is), false),
        Operator::NotEqual | Operator::NotIn => (each(Text::Is), true),
        Operator::BeginsWith => (each(Text::Begins), false),
        Operator::NotBeginsWith => (each(Text::Begins), true),
        Operator::Contains => (each(Text::Contains), false),
        Operator::NotContains => (each(Text::Contains), true),
        Operator::EndsWith => (each(Text::Ends), false),
        Operator::NotEndsWith => (each(Text::Ends), true),
        Operator::Less => (each(Text::Before), false),
        Operator::GreaterOrEqual => (each(Text::Before), true),
        Operator::Greater => (each(Text::After), false),
        Operator::LessOrEqual => (each(Text::After), true),
        Operator::Between | Operator::NotBetween => {
            let beside = vec![Text::Before(values[0].clone()), Text::After(values[1].clone())];
            (beside, rule.operator == Operator::Between)
        }
        Operator::IsEmpty => (vec![Text::Is(String::new())], false),
        Operator::IsNotEmpty => (vec![Text::Is(String::new())], true),
        // A text is always there.
        Operator::IsNull => (Vec::new(), false),
        Operator::IsNotNull => (Vec::new(), true),
    };
    Ok(Texts { any, is_negated })
}

fn of_status(fits: impl Fn(&str) -> bool) -> Condition {
    let all = Status::ALL.iter().copied();
    Condition::Status(all.filter(|status| fits(map::status(*status).name())).collect())
}

fn of_type(fits: impl Fn(&str) -> bool) -> Condition {
    let types = TYPES.into_iter().filter(|one| fits(one.name()));
    Condition::Any(types.map(|one| Condition::HasModel(one == ResourceType::Model)).collect())
}

fn always(is: bool) -> Condition {
    if is { Condition::All(Vec::new()) } else { Condition::Any(Vec::new()) }
}

fn of_id(rule: &Rule) -> Result<Condition> {
    let parse = |text: String| text.parse::<JobId>().map_err(|_| rule.wrong(&format!("{text} is no id")));
    let ids = rule.values()?.into_iter().map(parse).collect::<Result<Vec<_>>>();
    Ok(match rule.operator {
        Operator::Equal | Operator::In | Operator::Any => {
            Condition::Any(ids?.into_iter().map(Condition::Id).collect())
        }
        Operator::NotEqual | Operator::NotIn => {
            Condition::All(ids?.into_iter().map(Condition::IdNot).collect())
        }
        Operator::IsNull | Operator::IsEmpty => always(false),
        Operator::IsNotNull | Operator::IsNotEmpty => always(true),
        _ => return Err(rule.wrong("ids are equal or not")),
    })
}

fn of_moment(rule: &Rule, moment: Moment) -> Result<Condition> {
    let values = rule.values()?.into_iter().map(|text| time(rule, &text)).collect::<Result<Vec<_>>>();
    let happened = |from, to| Condition::Happened(moment, from, to);
    let before = |at: &Millis| match at.0.checked_sub(1) {
        Some(to) => happened(Millis(0), Millis(to)),
        None => always(false),
    };
    let after = |at: &Millis| happened(Millis(at.0.saturating_add(1)), END);
    Ok(match rule.operator {
        Operator::Equal | Operator::In | Operator::Any => {
            Condition::Any(values?.iter().map(|at| happened(*at, *at)).collect())
        }
        Operator::NotEqual | Operator::NotIn => {
            Condition::All(values?.iter().map(|at| Condition::Any(vec![before(at), after(at)])).collect())
        }
        Operator::Less => before(&values?[0]),
        Operator::LessOrEqual => happened(Millis(0), values?[0]),
        Operator::Greater => after(&values?[0]),
        Operator::GreaterOrEqual => happened(values?[0], END),
        Operator::Between => {
            let values = values?;
            happened(values[0], values[1])
        }
        Operator::NotBetween => {
            let values = values?;
            Condition::Any(vec![before(&values[0]), after(&values[1])])
        }
        Operator::IsNull | Operator::IsEmpty => Condition::NotYet(moment),
        Operator::IsNotNull | Operator::IsNotEmpty => happened(Millis(0), END),
        _ => return Err(rule.wrong("times are compared, not searched in")),
    })
}

/// An ISO 8601 time; without a zone it is UTC, without a time midnight.
fn time(rule: &Rule, text: &str) -> Result<Millis> {
    let utc = |at: DateTime| at.to_zoned(TimeZone::UTC).map(|at| at.timestamp());
    let at = text.parse::<Timestamp>();
    let at = at.or_else(|_| text.parse::<DateTime>().and_then(utc));
    let at = at.or_else(|_| text.parse::<civil::Date>().and_then(|date| utc(date.at(0, 0, 0, 0))));
    let millis = at.ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
    millis.map(Millis).ok_or_else(|| rule.wrong(&format!("{text} is no time as 2026-11-22T10:00:00Z")))
}

/// Jobs of an account of which something is so, or has this in it.
pub(super) fn searched(text: &str, account: &Account) -> Result<Condition> {
    if text.len() > SEARCH_BYTES_MAX {
        let message = format!("search may have {SEARCH_BYTES_MAX} bytes");
        return Err(Error::invalid(message).field("search"));
    }
    let wanted = Text::Contains(text.to_owned());
    if text.is_empty() || wanted.fits(account.name.as_str()) {
        return Ok(always(true));
    }
    let mut any = vec![of_status(|word| wanted.fits(word)), of_type(|word| wanted.fits(word))];
    any.extend(text.parse::<JobId>().ok().map(Condition::Id));
    any.push(Condition::Name(wanted));
    Ok(Condition::Any(any))
}

/// The order that is asked for: names with commas between them, `-` before those that fall.
pub(super) fn ordering(given: &[String]) -> Result<Vec<(Key, Order)>> {
    let names = given.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let key = |name: &str| {
        let (name, order) = match name.strip_prefix('-') {
            Some(name) => (name, Order::Descending),
            None => (name, Order::Ascending),
        };
        let key = match Field::of(name) {
            Some(Field::Name) => Some(Key::Name),
            Some(Field::Status) => Some(Key::Status),
            Some(Field::Moment(moment)) => Some(Key::Moment(moment)),
            Some(Field::Id | Field::ResourceType | Field::ProjectName) | None => None,
        };
        let sorted = "name, status, created_at, updated_at, started_at, completed_at";
        let wrong = || Error::invalid(format!("ordering takes {sorted}, not {name}")).field("ordering");
        key.map(|key| (key, order)).ok_or_else(wrong)
    };
    let order = names.take(ORDER_MAX + 1).map(key).collect::<Result<Vec<_>>>()?;
    if order.len() > ORDER_MAX {
        return Err(Error::invalid(format!("ordering takes {ORDER_MAX} fields")).field("ordering"));
    }
    Ok(order)
}
