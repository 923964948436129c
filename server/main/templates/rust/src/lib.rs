wit_bindgen::generate!({ path: "wit", world: "function" });

struct Function;

export!(Function);

impl Guest for Function {
    fn greet(name: String) -> String {
        format!("hello {name}")
    }
}
