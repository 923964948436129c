//! C and C++: what the page of the languages says, and source that is meant badly. One test, since the compiler itself
//! takes a minute to be compiled.

use serde_json::{Value, json};

use super::sources::{Target, nested};
use crate::harness::made_runtime;
use crate::languages;

/// A function in C with this before it.
fn c(text: &str) -> String {
    format!(
        "{text}\n#ifdef __cplusplus\nextern \"C\"\n#endif\nchar *handler(const char *event) {{ return (char *)\"1\"; }}\n"
    )
}

#[test]
#[ignore = "compiling the compiler takes both cores for a minute, which others' deadlines would feel; .ci/run runs it"]
fn c_is_as_its_page_says_and_a_build_in_it_gets_nothing_and_ends() {
    let Some(component) = made_runtime("c") else { return };
    let target = Target::with_builds("[builds]\ntimeout_seconds = 20\nmemory_bytes_max = 268435456\n");
    for runtime in ["c", "cpp"] {
        target.server.skep(&["runtimes", "add", runtime, &component.to_string_lossy()]).ok();
    }
    let printed = languages::run(&target.server, "c.md");
    for part in ["2 3 5 7 11 13 17 19 23 29", "\n3.0\n", "\n12.57\n"] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    project(&target);
    names(&target);
    mistakes(&target);
    attacks(&target);
    calls(&target);
}

/// The project that `skep init` makes.
fn project(target: &Target) {
    let folder = tempfile::tempdir().expect("a directory");
    let project = folder.path().join("hello").to_string_lossy().into_owned();
    target.server.skep(&["init", &project, "--lang", "c"]).ok();
    target.server.skep(&["deploy", &format!("{project}/main.c"), "--name", "hello"]).ok();
    assert_eq!(target.server.skep(&["invoke", "hello", "ada"]).ok(), "hello ada\n");
}

/// Functions by their names, which may be any: also such as what is linked with them could have.
fn names(target: &Target) {
    let text = "SKEP_FUNCTION char *run(const char *e) { return \"1\"; }\nint load(int x) { return x; }\nint call, build, result;\nSKEP_FUNCTION char *fail(const char *e) { return (char *)e; }\n";
    for (language, more) in
        [("c", ""), ("cpp", "#include <new>\nvoid operator delete(void *p) noexcept {}\n")]
    {
        let made = target.runs(language, &c(&format!("{more}{text}")));
        assert_eq!(made["result"], 1, "{made}");
        let call = json!({"export": "fail", "arguments": [[1, "two"]]});
        assert_eq!(target.mallory.invoke("f", &call).data(200)["result"], json!([[1, "two"]]));
    }
    let wit = target.server.skep(&["wit", "mean"]).ok();
    assert!(wit.contains("export skep:runtime/guest"), "what was built is a component: {wit}");
}

/// Builds that fail say why, and where.
fn mistakes(target: &Target) {
    for (text, said) in [
        ("int main(void) {\n  return lost;\n}", "f.c:2:10: error: use of undeclared identifier 'lost'"),
        (
            "int handler(int x) { return x; }",
            "needs to have the following signature: char *handler(const char *event)",
        ),
        ("static int lost(void) { return 1; }", "there is nothing to call"),
        ("extern int lost(void);\nint main(void) { return lost(); }", "undefined symbol: lost"),
        (
            "SKEP_FUNCTION int wrong(int a, int b) { return a; }",
            "wrong needs to have the following signature",
        ),
        ("void main(void) {}", "there is nothing to call"),
        ("#include <nowhere.h>", "f.c:1:10: fatal error: 'nowhere.h' file not found"),
        ("#include <unistd.h>\nint main(void) { return fork(); }", "undeclared function 'fork'"),
    ] {
        let logs = target.fails("c", text);
        assert!(logs.contains(said), "{text}: {logs}");
    }
    let logs = target.fails("cpp", "#include <stdexcept>\nint main() { throw std::runtime_error(\"\"); }");
    assert!(logs.contains("exceptions disabled"), "{logs}");
    let logs = target.fails("cpp", "char *handler(const char *, int) { return nullptr; }");
    assert!(logs.contains("extern \"C\""), "{logs}");
}

/// Builds that want more than their share, or what is not theirs.
fn attacks(target: &Target) {
    let doubled = |n: usize| format!("#define X{n} X{} X{0}\n", n - 1);
    let bomb = format!("#define X0 int x;\n{}X40", (1..=40).map(doubled).collect::<String>());
    for (text, said) in [
        ("#include \"/etc/passwd\"", "file not found"),
        ("#include \"../../../../etc/passwd\"", "file not found"),
        ("#include </proc/self/environ>", "file not found"),
        ("const char all[] = {\n#embed \"/etc/passwd\"\n};", "file not found"),
        ("__asm__(\".incbin \\\"/etc/passwd\\\"\");", "error"),
        ("#include \"f.c\"", "nested too deeply"),
        ("#include __FILE__", "nested too deeply"),
        (&bomb, "time limit"),
        ("char all[1 << 30] = {1};", "bytes of memory"),
        (
            "__attribute__((import_module(\"skep\"), import_name(\"secret\"))) void secret(void);\nint main(void) { secret(); }",
            "skep",
        ),
        (
            "__attribute__((import_module(\"wasi_snapshot_preview1\"), import_name(\"none\"))) void none(void);\nint main(void) { none(); }",
            "none",
        ),
    ] {
        let logs = target.fails("c", &c(text));
        assert!(logs.contains(said), "{text:.200}: {logs}");
    }
    target.fails("c", &c(&format!("int x = {};", nested("(", ")", 100_000))));
    target.fails("c", &c(&format!("int x = {};", nested("-", "", 1_000_000))));
    for text in [
        "template <int N> struct A { static const int v = A<N + 1>::v; }; int x = A<0>::v;",
        "constexpr int f() { for (;;) {} } constexpr int x = f();",
        "template <class T> auto f(T t) { return f(&t); } auto x = f(1);",
    ] {
        let logs = target.fails("cpp", text);
        assert!(logs.contains("error: "), "{text}: {logs}");
    }
}

/// What was built gets what any guest gets.
fn calls(target: &Target) {
    let code = |job: &Value| job["error"]["code"].as_str().unwrap_or_default().to_owned();
    let head = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nvoid *kept;\nchar *handler(const char *event) {\n";
    for (text, ends_with) in [
        ("for (;;) {} }", "timeout"),
        ("for (;;) { if (!(kept = malloc(1 << 20))) abort(); memset(kept, 1, 1 << 20); } }", "out_of_memory"),
        ("abort(); }", "trap"),
        ("*(volatile int *)0xfffffff0 = 1; return 0; }", "trap"),
        ("return handler(event) + 1; }", "stack_overflow"),
        ("return (char *)0xfffffff0; }", "trap"),
        ("skep_fail(\"no\"); return 0; }", "guest_error"),
    ] {
        let job = target.runs("c", &format!("{head}{text}"));
        assert_eq!(code(&job), ends_with, "{text}: {job}");
    }
    let seen = target.runs(
        "c",
        &format!(
            "{head}int n = 0;\nextern char **environ;\nfor (char **e = environ; *e; e++) n++;\nchar *out = malloc(99);\nsprintf(out, \"[%d,%d,%d]\", !fopen(\"/etc/passwd\", \"r\"), !fopen(\"../../etc/passwd\", \"r\"), n);\nreturn out; }}"
        ),
    );
    assert_eq!(seen["result"], json!([1, 1, 0]), "{seen}");
    let common = "#include <stdio.h>\n#include <stdlib.h>\n#include <time.h>\nvoid bye(void) { puts(\"bye\"); }\nint main(void) { volatile char big[2 << 20]; big[0] = 1; atexit(bye); printf(\"%.1Lf %d \", 1.5L, clock() >= 0); return big[0] - 1; }";
    assert_eq!(target.runs("c", common)["result"], "1.5 1 bye\n", "what programs in C commonly do");
}
