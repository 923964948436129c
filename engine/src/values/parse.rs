//! JSON to component values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use wasmtime::component::types::{FixedLengthList, Flags, Record, ResultType, Tuple, Variant};
use wasmtime::component::{Type, Val};

use super::{is_nullable, type_wit};

/// Reads a JSON value as a value of the given type. The error says what was expected and where:
/// `.field`, `[index]` from the value inwards.
pub(crate) fn parse(ty: &Type, json: &Value) -> Result<Val, String> {
    match ty {
        Type::Bool => json.as_bool().map(Val::Bool).ok_or_else(|| mismatch(ty, json)),
        Type::S8 => integer(ty, json).map(Val::S8),
        Type::U8 => integer(ty, json).map(Val::U8),
        Type::S16 => integer(ty, json).map(Val::S16),
        Type::U16 => integer(ty, json).map(Val::U16),
        Type::S32 => integer(ty, json).map(Val::S32),
        Type::U32 => integer(ty, json).map(Val::U32),
        Type::S64 => integer(ty, json).map(Val::S64),
        Type::U64 => integer(ty, json).map(Val::U64),
        Type::Float32 => float(ty, json).map(|value| Val::Float32(value as f32)),
        Type::Float64 => float(ty, json).map(Val::Float64),
        Type::Char => character(ty, json),
        Type::String => text(ty, json).map(|text| Val::String(text.to_owned())),
        Type::List(list) => match (list.ty(), json) {
            (Type::U8, Value::String(base64)) => bytes(ty, base64),
            (item, _) => items(ty, json, &item).map(Val::List),
        },
        Type::FixedLengthList(list) => fixed(ty, json, list),
        Type::Map(map) => pairs(ty, json, &map.key(), &map.value()),
        Type::Record(record) => self::record(ty, json, record),
        Type::Tuple(tuple) => self::tuple(ty, json, tuple),
        Type::Variant(variant) => self::variant(ty, json, variant),
        Type::Enum(names) => {
            let name = text(ty, json)?;
            let known = names.names().any(|known| known == name);
            if known { Ok(Val::Enum(name.to_owned())) } else { Err(mismatch(ty, json)) }
        }
        Type::Option(option) => self::option(ty, json, &option.ty()),
        Type::Result(result) => self::result(ty, json, result),
        Type::Flags(flags) => self::flags(ty, json, flags),
        Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            Err(format!("a {} has no JSON form", type_wit(ty)))
        }
    }
}

fn record(ty: &Type, json: &Value, record: &Record) -> Result<Val, String> {
    let fields = object(ty, json)?;
    let known: Vec<_> = record.fields().collect();
    only(fields, |name| known.iter().any(|field| field.name == name))?;
    let values = known.iter().map(|field| {
        // An option that is left out is none, as every JSON API has it.
        let value = match (fields.get(field.name), &field.ty) {
            (Some(value), _) => value,
            (None, Type::Option(_)) => &Value::Null,
            (None, _) => return Err(format!("the field \"{}\" is missing", field.name)),
        };
        let value = parse(&field.ty, value).map_err(at(format_args!(".{}", field.name)))?;
        Ok((field.name.to_owned(), value))
    });
    values.collect::<Result<_, _>>().map(Val::Record)
}

fn tuple(ty: &Type, json: &Value, tuple: &Tuple) -> Result<Val, String> {
    let types: Vec<Type> = tuple.types().collect();
    let values = array(ty, json)?;
    if values.len() != types.len() {
        return Err(format!("expected {}, got {} items", type_wit(ty), values.len()));
    }
    let values = types.iter().zip(values).enumerate();
    let values = values.map(|(index, (ty, value))| parse(ty, value).map_err(at(format_args!("[{index}]"))));
    values.collect::<Result<_, _>>().map(Val::Tuple)
}

fn variant(ty: &Type, json: &Value, variant: &Variant) -> Result<Val, String> {
    let (name, value) = case(ty, json)?;
    let case = variant.cases().find(|case| case.name == name);
    let case = case.ok_or_else(|| format!("expected {}, got the case \"{name}\"", type_wit(ty)))?;
    payload(case.ty.as_ref(), value, name).map(|value| Val::Variant(name.to_owned(), value))
}

fn option(ty: &Type, json: &Value, inner: &Type) -> Result<Val, String> {
    let some = |value| Val::Option(Some(Box::new(value)));
    match json {
        Value::Null => Ok(Val::Option(None)),
        json if is_nullable(inner) => {
            let fields = object(ty, json)?;
            only(fields, |name| name == "some")?;
            let value = fields.get("some").ok_or_else(|| mismatch(ty, json))?;
            parse(inner, value).map(some).map_err(at(format_args!(".some")))
        }
        json => parse(inner, json).map(some),
    }
}

fn result(ty: &Type, json: &Value, result: &ResultType) -> Result<Val, String> {
    let fields = object(ty, json)?;
    match (fields.len(), fields.get("ok"), fields.get("err")) {
        (1, Some(value), None) => {
            payload(result.ok().as_ref(), Some(value), "ok").map(|value| Val::Result(Ok(value)))
        }
        (1, None, Some(value)) => {
            payload(result.err().as_ref(), Some(value), "err").map(|value| Val::Result(Err(value)))
        }
        _ => Err(format!("expected {{\"ok\": …}} or {{\"err\": …}}, got {}", kind(json))),
    }
}

fn flags(ty: &Type, json: &Value, flags: &Flags) -> Result<Val, String> {
    let names = array(ty, json)?.iter().map(|name| {
        let name = text(&Type::String, name)?;
        let known = flags.names().any(|known| known == name);
        let unknown = || format!("there is no flag \"{name}\" in {}", type_wit(ty));
        known.then(|| name.to_owned()).ok_or_else(unknown)
    });
    names.collect::<Result<_, _>>().map(Val::Flags)
}

fn fixed(ty: &Type, json: &Value, list: &FixedLengthList) -> Result<Val, String> {
    let values = items(ty, json, &list.ty())?;
    if values.len() != list.len() as usize {
        return Err(format!("expected {} items, got {}", list.len(), values.len()));
    }
    Ok(Val::FixedLengthList(values))
}

fn integer<T: TryFrom<i128>>(ty: &Type, json: &Value) -> Result<T, String> {
    let value: Option<i128> = match json {
        Value::Number(number) => {
            number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)).or_else(|| {
                number
                    .as_f64()
                    .filter(|float| float.fract() == 0.0 && float.abs() < 9e15)
                    .map(|float| float as i128)
            })
        }
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    value.and_then(|value| T::try_from(value).ok()).ok_or_else(|| mismatch(ty, json))
}

fn float(ty: &Type, json: &Value) -> Result<f64, String> {
    match json {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
    .ok_or_else(|| mismatch(ty, json))
}

fn character(ty: &Type, json: &Value) -> Result<Val, String> {
    let mut characters = text(ty, json)?.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(Val::Char(character)),
        _ => Err("expected a string of one character".into()),
    }
}

fn bytes(ty: &Type, base64: &str) -> Result<Val, String> {
    let bytes = STANDARD.decode(base64).map_err(|_| {
        format!("expected {} as base64 or as an array, got a string that is not base64", type_wit(ty))
    })?;
    Ok(Val::List(bytes.into_iter().map(Val::U8).collect()))
}

fn items(ty: &Type, json: &Value, item: &Type) -> Result<Vec<Val>, String> {
    let values = array(ty, json)?.iter().enumerate();
    values.map(|(index, value)| parse(item, value).map_err(at(format_args!("[{index}]")))).collect()
}

/// A map is an object where its keys are strings, else an array of pairs.
fn pairs(ty: &Type, json: &Value, key: &Type, value: &Type) -> Result<Val, String> {
    let pairs: Result<Vec<(Val, Val)>, String> = match (key, json) {
        (Type::String, Value::Object(fields)) => fields
            .iter()
            .map(|(name, field)| {
                let field = parse(value, field).map_err(at(format_args!(".{name}")))?;
                Ok((Val::String(name.clone()), field))
            })
            .collect(),
        _ => array(ty, json)?
            .iter()
            .map(|pair| match array(ty, pair)?.as_slice() {
                [left, right] => Ok((parse(key, left)?, parse(value, right)?)),
                _ => Err(mismatch(ty, json)),
            })
            .collect(),
    };
    pairs.map(Val::Map)
}

/// `{"case": "c", "value": …}`, or just `"c"` for a case without a value.
fn case<'a>(ty: &Type, json: &'a Value) -> Result<(&'a str, Option<&'a Value>), String> {
    if let Value::String(name) = json {
        return Ok((name, None));
    }
    let fields = object(ty, json)?;
    only(fields, |name| name == "case" || name == "value")?;
    let name = fields.get("case").and_then(Value::as_str);
    let name = name.ok_or_else(|| "expected {\"case\": \"…\", \"value\": …}".to_owned())?;
    Ok((name, fields.get("value")))
}

fn payload(ty: Option<&Type>, json: Option<&Value>, name: &str) -> Result<Option<Box<Val>>, String> {
    match (ty, json) {
        (None, None | Some(Value::Null)) => Ok(None),
        (None, Some(_)) => Err(format!("\"{name}\" takes no value")),
        (Some(ty), json) => {
            let value = parse(ty, json.unwrap_or(&Value::Null));
            value.map(|value| Some(Box::new(value))).map_err(at(format_args!(".{name}")))
        }
    }
}

fn only(fields: &Map<String, Value>, known: impl Fn(&str) -> bool) -> Result<(), String> {
    match fields.keys().find(|name| !known(name)) {
        Some(name) => Err(format!("there is no field \"{name}\"")),
        None => Ok(()),
    }
}

fn object<'a>(ty: &Type, json: &'a Value) -> Result<&'a Map<String, Value>, String> {
    json.as_object().ok_or_else(|| mismatch(ty, json))
}

fn array<'a>(ty: &Type, json: &'a Value) -> Result<&'a Vec<Value>, String> {
    json.as_array().ok_or_else(|| mismatch(ty, json))
}

fn text<'a>(ty: &Type, json: &'a Value) -> Result<&'a str, String> {
    json.as_str().ok_or_else(|| mismatch(ty, json))
}

fn mismatch(ty: &Type, json: &Value) -> String {
    format!("expected {}, got {}", type_wit(ty), kind(json))
}

fn kind(json: &Value) -> String {
    match json {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.len() <= 40 => format!("\"{text}\""),
        Value::String(_) => "a string".into(),
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// Puts a place in front of an error, once, from the inside out.
fn at(place: std::fmt::Arguments<'_>) -> impl FnOnce(String) -> String {
    let place = place.to_string();
    move |error| match error.strip_prefix("at ") {
        Some(inner) => format!("at {place}{inner}"),
        None => format!("at {place}: {error}"),
    }
}
