//! The component: what the host calls.

wit_bindgen::generate!({ path: "wit/expressions.wit", world: "expressions" });

struct Expressions;

export!(Expressions);

impl Guest for Expressions {
    fn evaluate(request: String) -> Result<String, String> {
        crate::evaluate(&request)
    }

    fn check(expressions: Vec<String>) -> Vec<bool> {
        expressions.iter().map(|text| crate::check(text)).collect()
    }
}
