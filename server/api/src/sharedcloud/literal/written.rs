//! Values as literals of Python.

use serde_json::Value;

/// The arguments of a job as the text of a tuple.
pub(in crate::sharedcloud) fn tuple(arguments: &[Value]) -> String {
    let items: Vec<String> = arguments.iter().map(literal).collect();
    if let [only] = &items[..] { format!("({only},)") } else { format!("({})", items.join(", ")) }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entry = |(name, value): (&String, &Value)| format!("{}: {}", quoted(name), literal(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c == quote => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_written_as_python_does() {
        for (value, text) in [
            (serde_json::json!([512, 0.2, 10, 2]), "(512, 0.2, 10, 2)"),
            (serde_json::json!([1]), "(1,)"),
            (serde_json::json!([]), "()"),
            (
                serde_json::json!([null, true, "a'b", "c\"d'\n", [1], {"k": 1.5}]),
                r#"(None, True, "a'b", 'c"d\'\n', [1], {'k': 1.5})"#,
            ),
        ] {
            assert_eq!(tuple(value.as_array().expect("an array")), text);
        }
    }
}
