//! Uploads that are broken, too big, or valid and meant badly: each is refused with a reason or works, and the
//! server goes on.

use std::fmt::Write;

use serde_json::json;

use crate::harness::{Server, guest, wat};

#[test]
fn a_component_that_is_cut_anywhere_is_refused() {
    let server = Server::start();
    let admin = server.admin();
    let whole = guest("values");
    for part in 0..40 {
        let cut = &whole[..whole.len() * part / 40];
        let message = admin.put("/v1/functions/cut", cut).refused(400);
        assert!(!message.is_empty() && message.len() < 2000, "{message}");
    }
    admin.get("/v1/functions/cut").refused(404);
}

#[test]
fn a_component_with_a_wrong_byte_is_refused_or_works() {
    let server = Server::start();
    let admin = server.admin();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut accepted = 0;
    for number in 0..60 {
        let mut bytes = guest("values");
        for _ in 0..3 {
            // Steele's and Vigna's splitmix64: the same places each time.
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let at = mixed as usize % bytes.len();
            bytes[at] ^= 1 << (mixed >> 61);
        }
        let uploaded = admin.put("/v1/functions/mutant", &bytes);
        assert!(matches!(uploaded.status, 200 | 201 | 400), "{number}: {}", uploaded.body);
        if uploaded.status != 400 {
            accepted += 1;
            let body = json!({"export": "divide", "arguments": [7, 2], "timeoutMs": 1000});
            let called = admin.invoke("mutant", &body);
            assert!(matches!(called.status, 200 | 400), "{number}: {}", called.body);
        }
    }
    println!("{accepted} of 60 mutants were accepted");
}

#[test]
fn what_is_packed_or_too_big_is_refused_unread() {
    let server = Server::start();
    let admin = server.admin();
    // A GiB of nothing in a MiB, as gzip would have it: what matters is that nobody unpacks it.
    let packed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 1 << 20]].concat();
    let message = admin.put("/v1/functions/bomb", &packed).refused(400);
    assert!(message.contains("gzip"), "{message}");
    for encoding in ["gzip", "br", "zstd", "deflate", "gzip, gzip"] {
        let answer = admin.send("PUT", "/v1/functions/bomb", &packed, &[("Content-Encoding", encoding)]);
        assert!(matches!(answer.status, 400 | 415), "{encoding}: {}", answer.body);
    }
    let message = admin.put("/v1/functions/big", vec![0; (64 << 20) + 1]).refused(413);
    assert!(message.contains("67108864"), "{message}");
}

/// A component whose export takes a type of so many lists in lists.
fn nested_lists(depth: usize) -> String {
    let mut text = String::from("(component (import \"f\" (func $f (param \"a\" $t))))");
    let mut types = String::from("(type $t0 (list u8))");
    for level in 1..depth {
        let _ = write!(types, "(type $t{level} (list $t{}))", level - 1);
    }
    text = text.replace("(component ", &format!("(component {types}"));
    text.replace("$t)", &format!("$t{})", depth - 1))
}

/// A component whose parts are pairs of the parts before: few words, and 2^depth instances.
fn doubled_instances(depth: usize) -> String {
    let mut text =
        String::from("(component (component $c0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..=depth {
        let before = level - 1;
        let _ = write!(
            text,
            "(component $c{level} (alias outer 1 $c{before} (component $b)) (instance (instantiate $b)) (instance (instantiate $b)))"
        );
    }
    let _ = write!(text, "(instance (instantiate $c{depth})))");
    text
}

/// A type that is two of the type before: 2^depth values in all.
fn doubled_types(depth: usize) -> String {
    let mut text = String::from("(component (type $t0 (tuple u64 u64))");
    for level in 1..=depth {
        let before = level - 1;
        let _ = write!(text, "(type $t{level} (tuple $t{before} $t{before}))");
    }
    let _ = write!(text, "(import \"f\" (func (result $t{depth}))))");
    text
}

#[test]
fn what_is_valid_and_meant_badly_is_refused_in_time() {
    let server =
        Server::start_with("[compiler]\nmemory_bytes_max = 400000000\ncpu_seconds = 4\nwall_seconds = 6\n");
    let admin = server.admin();
    let nested_components = "(component ".repeat(1000) + &")".repeat(1000);
    let many = |count: usize, item: &dyn Fn(usize) -> String| {
        let items: String = (0..count).map(item).collect();
        format!("(module {items})")
    };
    for (idea, text) in [
        ("types a thousand deep", nested_lists(1000)),
        ("components a thousand deep", nested_components),
        ("a thousand million instances", doubled_instances(30)),
        ("a thousand million values", doubled_types(30)),
        ("an import that is not there", "(component (import \"a:b/c@1.0.0\" (instance)))".into()),
        ("a name of a MiB", format!("(module (func (export \"{}\")))", "a".repeat(1 << 20))),
        ("names that nobody would ever read", format!("(module (func (export \"{}\")))", "a".repeat(90_000))),
        ("a MiB of names", many(900, &|index| format!("(func (export \"e{index}-{}\"))", "a".repeat(400)))),
        ("brackets", "(".repeat(1 << 20)),
        ("no end of a comment", format!("(module {}", "(;".repeat(1 << 19))),
        ("a million globals", many(1_000_001, &|_| "(global i32 (i32.const 0))".into())),
        ("200,000 exports", many(200_000, &|index| format!("(func (export \"e{index}\"))"))),
        (
            "a function of 60,000 locals",
            format!("(module (func (export \"f\") (local {})))", "i64 ".repeat(60_000)),
        ),
    ] {
        let began = std::time::Instant::now();
        let answer = admin.put("/v1/functions/meant-badly", text);
        println!("{idea}: {} {:?} {}", answer.status, began.elapsed(), answer.body["message"]);
        let message = answer.refused(400);
        assert!(message.len() < 2000, "{idea}: {message}");
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "{idea}: {:?}", began.elapsed());
    }
    admin.deploy("double", wat::DOUBLE);
    assert_eq!(admin.invoke("double", &json!({"arguments": [21]})).data(200)["result"], 42);
}
