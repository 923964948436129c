//! Returns every kind of WIT value unchanged, and fails on request: by an error, or by a trap.
//! Prints nothing, but for what std prints when it panics.

wit_bindgen::generate!({ path: "../wit", world: "values" });

use exports::skep::guests::echo::{Colour, Guest as Echo, Rights, Shape, Visit};

struct Values;

export!(Values);

impl Guest for Values {
    fn fail(message: String) -> Result<u32, String> {
        Err(message)
    }

    fn divide(a: i32, b: i32) -> i32 {
        divide_exactly(a, b)
    }

    fn resource_free() {}
}

/// Its own function, so that the backtrace of a trap has a name to show.
#[inline(never)]
fn divide_exactly(a: i32, b: i32) -> i32 {
    a / b
}

/// One method a line: the name in Rust and the type, there and back.
macro_rules! identity {
    ($($name:ident: $type:ty,)*) => {
        $(fn $name(value: $type) -> $type { value })*
    };
}

impl Echo for Values {
    identity! {
        echo_bool: bool,
        echo_u8: u8,
        echo_u16: u16,
        echo_u32: u32,
        echo_u64: u64,
        echo_s8: i8,
        echo_s16: i16,
        echo_s32: i32,
        echo_s64: i64,
        echo_f32: f32,
        echo_f64: f64,
        echo_char: char,
        echo_string: String,
        echo_list_u8: Vec<u8>,
        echo_list_string: Vec<String>,
        echo_list_list_u32: Vec<Vec<u32>>,
        echo_tuple: (u8, String),
        echo_record: Visit,
        echo_variant: Shape,
        echo_enum: Colour,
        echo_flags: Rights,
        echo_option_u32: Option<u32>,
        echo_option_option_u32: Option<Option<u32>>,
        echo_result_u32_string: Result<u32, String>,
        echo_result: Result<(), ()>,
        echo_result_u32: Result<u32, ()>,
        echo_result_string: Result<(), String>,
    }
}
