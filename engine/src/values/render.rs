//! Component values to JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};
use wasmtime::component::{Type, Val};

use super::is_nullable;

/// Writes a value of the given type as JSON. The type decides where the value alone cannot: an
/// empty list of bytes is `""`, one of anything else `[]`.
pub(crate) fn render(ty: &Type, value: &Val) -> Value {
    match (ty, value) {
        (_, Val::Bool(value)) => Value::Bool(*value),
        (_, Val::S8(value)) => Value::from(*value),
        (_, Val::U8(value)) => Value::from(*value),
        (_, Val::S16(value)) => Value::from(*value),
        (_, Val::U16(value)) => Value::from(*value),
        (_, Val::S32(value)) => Value::from(*value),
        (_, Val::U32(value)) => Value::from(*value),
        (_, Val::S64(value)) => Value::from(*value),
        (_, Val::U64(value)) => Value::from(*value),
        // The shortest decimal that reads back as the same f32, not the f64 that is nearest to it.
        (_, Val::Float32(value)) => float(f64::from(*value), value.to_string().parse().ok()),
        (_, Val::Float64(value)) => float(*value, Some(*value)),
        (_, Val::Char(value)) => Value::String(value.to_string()),
        (_, Val::String(value)) => Value::String(value.clone()),
        (Type::List(list), Val::List(values)) => match list.ty() {
            Type::U8 => Value::String(STANDARD.encode(bytes(values))),
            item => values.iter().map(|value| render(&item, value)).collect(),
        },
        (Type::FixedLengthList(list), Val::FixedLengthList(values)) => {
            let item = list.ty();
            values.iter().map(|value| render(&item, value)).collect()
        }
        (Type::Map(map), Val::Map(pairs)) => self::map(&map.key(), &map.value(), pairs),
        (Type::Record(record), Val::Record(fields)) => record
            .fields()
            .zip(fields)
            .map(|(field, (name, value))| (name.clone(), render(&field.ty, value)))
            .collect::<Map<_, _>>()
            .into(),
        (Type::Tuple(tuple), Val::Tuple(values)) => {
            tuple.types().zip(values).map(|(ty, value)| render(&ty, value)).collect()
        }
        (Type::Variant(variant), Val::Variant(name, value)) => {
            let ty = variant.cases().find(|case| case.name == name).and_then(|case| case.ty);
            let mut fields = Map::new();
            fields.insert("case".into(), Value::String(name.clone()));
            if let Some(value) = value {
                fields.insert("value".into(), inner(ty.as_ref(), value));
            }
            fields.into()
        }
        (_, Val::Enum(name)) => Value::String(name.clone()),
        (Type::Option(option), Val::Option(value)) => match value {
            None => Value::Null,
            Some(value) if is_nullable(&option.ty()) => {
                Map::from_iter([("some".to_owned(), render(&option.ty(), value))]).into()
            }
            Some(value) => render(&option.ty(), value),
        },
        (Type::Result(result), Val::Result(value)) => {
            let (name, ty, value) = match value {
                Ok(value) => ("ok", result.ok(), value),
                Err(value) => ("err", result.err(), value),
            };
            let value = value.as_ref().map_or(Value::Null, |value| inner(ty.as_ref(), value));
            Map::from_iter([(name.to_owned(), value)]).into()
        }
        (_, Val::Flags(names)) => names.iter().map(|name| Value::String(name.clone())).collect(),
        // What has no JSON form was refused when the call was made; a mismatch cannot come from wasmtime.
        _ => Value::Null,
    }
}

fn inner(ty: Option<&Type>, value: &Val) -> Value {
    ty.map_or(Value::Null, |ty| render(ty, value))
}

/// JSON has no word for what is not finite.
fn float(exact: f64, shortest: Option<f64>) -> Value {
    if exact.is_nan() {
        return Value::String("NaN".into());
    }
    if exact.is_infinite() {
        return Value::String(if exact > 0.0 { "Infinity" } else { "-Infinity" }.into());
    }
    shortest.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

fn bytes(values: &[Val]) -> Vec<u8> {
    values.iter().map(|value| if let Val::U8(byte) = value { *byte } else { 0 }).collect()
}

fn map(key: &Type, value: &Type, pairs: &[(Val, Val)]) -> Value {
    if matches!(key, Type::String) {
        let fields = pairs.iter().filter_map(|(name, field)| match name {
            Val::String(name) => Some((name.clone(), render(value, field))),
            _ => None,
        });
        return fields.collect::<Map<_, _>>().into();
    }
    pairs.iter().map(|(left, right)| Value::Array(vec![render(key, left), render(value, right)])).collect()
}
