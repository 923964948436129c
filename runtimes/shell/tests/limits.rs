//! What a script may not do to the shell: hang it, take its stack, or make it panic.

use std::time::{Duration, Instant};

use shell::{Script, check};

/// Longer than any of these takes on a slow machine, shorter than what would never end.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Bytes of the stack: a debug build takes far more of it than the component does.
const STACK_BYTES: usize = 256 << 20;

fn run(text: &str) -> (u8, String, String) {
    let text = text.to_owned();
    with_stack(move || run_here(&text))
}

fn with_stack<T: Send + 'static>(function: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(function).unwrap();
    thread.join().unwrap()
}

fn run_here(text: &str) -> (u8, String, String) {
    let directory = std::env::temp_dir().join(format!("skep-shell-limits-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let script = Script {
        name: "script",
        text,
        arguments: Vec::new(),
        environment: Vec::new(),
        directory: directory.to_str().unwrap(),
    };
    let (status, output, error) = script.run_captured(Vec::new());
    (status, String::from_utf8_lossy(&output).into_owned(), String::from_utf8_lossy(&error).into_owned())
}

#[test]
fn an_endless_writer_ends_with_its_reader() {
    let began = Instant::now();
    assert_eq!(run("yes | head -1").1, "y\n");
    assert_eq!(run("seq 1 100000000 | head -3").1, "1\n2\n3\n");
    assert_eq!(run("while :; do echo x; done | head -2").1, "x\nx\n");
    assert_eq!(run("(yes; echo not) | head -1; { yes || true; } | (exit 3); echo $?").1, "y\n3\n");
    assert_eq!(run("set -o pipefail; yes | head -1; echo $?").1, "y\n141\n");
    assert_eq!(run("cat /dev/null | yes | true; echo done").1, "done\n");
    assert!(began.elapsed() < TIME_MAX);
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let repeat = |begin: &str, middle: &str, end: &str, count: usize| {
        format!("{}{middle}{}", begin.repeat(count), end.repeat(count))
    };
    for count in [1_000, 100_000] {
        for (begin, middle, end) in [
            ("(", ":", ")"),
            ("( ", ":", " )"),
            ("{ ", ":", "; }"),
            ("$(", ":", ")"),
            ("echo $(", ":", ")"),
            ("echo \"$(", ":", ")\""),
            ("echo ${a:-", "b", "}"),
            ("echo \"${a:-", "b", "}\""),
            ("if ", "true", "; then :; fi"),
            ("while ", "false", "; do :; done"),
            ("case x in x) ", ":", " ;; esac"),
            ("case x in x) ", ":", "\nesac"),
            ("f() { ", ":", "; }"),
            ("[[ ( ", "x", " ) ]]"),
            ("echo $((", "1", "))"),
            ("echo $(( $(echo ", "1", ") ))"),
            ("! ( ", ":", " )"),
            ("for i in a; do ", ":", "; done"),
            ("${", "a", "}"),
            ("`", ":", "`"),
        ] {
            // Not a check of the message: some of these are syntax errors before they are deep.
            let text = repeat(begin, middle, end, count);
            let _ = check("deep.sh", &text);
        }
        assert!(check("deep.sh", &repeat("( ", ":", " )", count)).unwrap_err().contains("nested deeper"));
        assert!(check("deep.sh", &repeat("{ ", ":", "; }", count)).unwrap_err().contains("nested deeper"));
        assert!(check("deep.sh", &repeat("echo $(", ":", ")", count)).unwrap_err().contains("nested deeper"));
        assert_eq!(run(&format!("echo $(({}))", repeat("(", "1", ")", count))).0, 2);
        assert_eq!(run(&format!("[[ {} ]]", repeat("( ", "x", " )", count))).0, 2);
        assert_eq!(run(&format!("[ {} ]", repeat("\\( ", "x", " \\)", count))).0, 2);
        assert_ne!(run(&format!("echo {}", repeat("{a,", "b", "}", count))).0, 101);
        assert_ne!(run(&format!("expr {}", repeat("\\( ", "1", " \\)", count))).0, 0);
        assert_ne!(run(&format!("jq -n '{}'", repeat("[", "1", "]", count))).0, 0);
        assert_ne!(run(&format!("jq -n '{}'", repeat("1+", "1", "", count))).0, 0);
        assert_ne!(run(&format!("jq -n '{}'", repeat("if 1 then ", "1", " end", count))).0, 0);
        assert_ne!(run(&format!("echo '{}' | jq .", repeat("[", "1", "]", count))).0, 0);
        assert_ne!(run(&format!("echo x | sed -E 's/{}/y/'", repeat("(", "x", ")", count))).0, 0);
    }
}

#[test]
fn what_runs_too_deep_is_stopped() {
    for text in [
        "f() { f; }; f",
        "f() { $(f); }; f",
        "f() { (f); }; f",
        "f() { f | cat; }; f",
        "f() { command f; }; $(printf 'command %.0s' $(seq 10000)) f",
        "$(printf 'env %.0s' $(seq 10000)) f",
        "f() { f & wait; }; f",
        "f() { eval f; }; f",
        "f() { if true; then { case x in x) while true; do f; done;; esac; }; fi; }; f",
        "echo '. ./deep-source.sh' > deep-source.sh; . ./deep-source.sh",
        "echo 'sh ./deep-sh.sh' > deep-sh.sh; sh ./deep-sh.sh",
        "x='$(eval \"$x\")'; eval \"$x\"",
        "x='env sh -c \"$x\"'; export x; sh -c \"$x\"",
        "trap 'trap - ERR; f' ERR; f() { f; }; f",
        "a=b b=a; echo $((a))",
        "PS4='$(f)'; set -x; f() { f; }; f",
    ] {
        let (status, _, messages) = run(text);
        assert!(
            status != 0 || messages.contains("deeper") || messages.contains("too many"),
            "{text}: {messages}"
        );
    }
}

#[test]
fn a_job_of_a_subshell_is_waited_for_there() {
    let (status, _, messages) =
        run("x=$(exec 3>&1; { sleep 0; echo $x; } & wait $!; wait $!); echo $?; wait 99");
    assert_eq!((status, messages.as_str()), (127, ""));
}

#[test]
fn a_syntax_error_names_its_line() {
    for (text, wanted) in [
        ("echo a\necho b\nfi\n", "a.sh:3: syntax error: unexpected \"fi\""),
        ("if true; then echo; fi; fi", "a.sh:1: syntax error: unexpected \"fi\""),
        ("echo 'abc\n\n", "a.sh:1: syntax error: unterminated '"),
        (
            "if true; then\necho\n",
            "a.sh:3: syntax error: unexpected end of file, \"fi\" expected for \"if\" of line 1",
        ),
        ("echo a | | b", "a.sh:1: syntax error: unexpected \"|\""),
        ("\n\necho )", "a.sh:3: syntax error: unexpected \")\""),
        (
            "for i in a; do echo",
            "a.sh:1: syntax error: unexpected end of file, \"done\" expected for \"do\" of line 1",
        ),
        ("echo $(echo", "a.sh:1: syntax error: unexpected end of file, \")\" expected for \"$(\" of line 1"),
        ("cat <(echo)", "a.sh:1: syntax error: process substitution <(…) is not supported"),
        ("x=1; echo ${x", "a.sh:1: syntax error: unterminated ${x"),
        (
            "case x in",
            "a.sh:1: syntax error: unexpected end of file, \"esac\" expected for \"case\" of line 1",
        ),
        ("99999999999>file", ""),
    ] {
        let found = check("a.sh", text).err().unwrap_or_default();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn messages_name_the_script_and_the_line() {
    for (text, status, wanted) in [
        ("echo\nnot-there", 127, "script: line 2: not-there: not found\n"),
        ("\n\necho $((1/0))", 2, "script: line 3: 1/0: division by zero\n"),
        ("set -u\necho $nope", 2, "script: line 2: nope: parameter not set\n"),
        ("cat --zzz", 2, "cat: unsupported option --zzz\n"),
        ("sort -Q", 2, "sort: unsupported option -Q\n"),
        ("awk 1", 127, "script: line 1: awk: not found\n"),
        (
            "eval 'if'",
            2,
            "script: line 1: syntax error: unexpected end of file, \"then\" expected for \"if\" of line 1\n",
        ),
        (
            "mkdir d-exec-test 2>/dev/null; ./d-exec-test",
            126,
            "script: line 1: ./d-exec-test: is a directory\n",
        ),
        ("readonly x=1; x=2", 2, "script: line 1: x: is read only\n"),
        ("declare -A m", 2, "script: line 1: declare: unsupported option -A\n"),
        ("99999999999>file", 1, "script: line 1: 4294967295: bad file descriptor\n"),
        (
            "printf '%s' {1..999999999}",
            2,
            "script: line 1: a word becomes more than 100000 words, or too long ones\n",
        ),
    ] {
        let (found, _, messages) = run(text);
        assert_eq!((found, messages.as_str()), (status, wanted), "{text}");
    }
}

/// What scripts are made of in the test of changed ones.
const SEEDS: [&str; 12] = [
    "x=${y:-a b} z=\"$(echo \"q\" | tr a-z A-Z)\"; echo ${x#*a} ${x%%b*} ${#x} ${x/a/b} ${x:1:2} ${x^^}",
    "for i in {1..3} a*b [x-z]; do case $i in [!a]*|b) echo \"$i\" ;; *) break ;; esac; done",
    "if [ -n \"$x\" ] && [[ a == a* && ! -e b ]]; then echo $((1+2*(3-x++))); else :; fi",
    "cat <<EOF | sed -e 's/\\(a\\)b*/[&\\1]/g;2,3d' -n\na $x $(echo b) `echo c`\nEOF",
    "f() { local a=1; a=(1 2 \"3 4\"); echo ${a[@]:1} ${!a[@]} ${#a[@]}; return 3; }; f x; echo $?",
    "printf '%5.2f|%-10s|%b|%d\\n' 3.14159 abc 'a\\tb\\0101' 0x1f; echo -e 'a\\x41\\u00e9'",
    "echo '{\"a\":[1,{\"b\":null}]}' | jq -c '.a[] | select(. != null) | {x: .}' | grep -nE '^(a|.)*x' | cut -d: -f1-",
    "printf 'b 2\\na 10\\n' | sort -k2,2nr -t' ' | uniq -c | tr -s '[:space:]' ',' | head -c 20 | od -c",
    "set -eu; trap 'echo bye $?' EXIT; (exit 3) || echo caught; { false | true; } 2>&1 >/dev/null",
    "IFS=:; read -r a b <<< 'x:y:z'; echo \"$a-$b\"; set -- \"$@\" 1; shift; echo $# $* \"${@:1}\"",
    "date -u -d '2024-01-31 +1 month' +%F; seq -w 1 3 | paste -sd+ | base64 | base64 -d | tac | rev | nl",
    "echo a | xargs -I{} echo '{}' | tee /dev/null | expr abc : 'a\\(.\\)'; getopts ab: o -a -b c; test 1 -lt 2",
];

const FRAGMENTS: [&str; 39] = [
    "$(",
    "${",
    "}",
    ")",
    "((",
    "))",
    "\"",
    "'",
    "`",
    "\\",
    "\n",
    ";",
    "&",
    "|",
    "<<E",
    "<",
    ">",
    "&>",
    "[[",
    "]]",
    "{",
    "{a,",
    "..",
    "$((",
    "#",
    "%%",
    "*",
    "?",
    "[",
    "]",
    "~",
    "=",
    "-",
    "!",
    "é",
    "\0",
    "99999999999999999999",
    "@",
    "/",
];

/// What could wait or fill the disk in a changed script, which then is only read.
const NOT_RUN: [&str; 5] = ["yes", "while", "until", "sleep", "head -c 99"];

/// A script cut, joined and changed at a few places.
fn changed(random: &mut impl FnMut(usize) -> usize) -> String {
    let mut text: Vec<char> = SEEDS[random(SEEDS.len())].chars().collect();
    for _ in 0..=random(4) {
        let at = random(text.len() + 1);
        match random(4) {
            0 => text.truncate(at),
            1 => text.splice(at..at, FRAGMENTS[random(FRAGMENTS.len())].chars()).for_each(drop),
            2 => {
                let end = (at + random(8)).min(text.len());
                text.drain(at..end);
            }
            _ => {
                let other: Vec<char> = SEEDS[random(SEEDS.len())].chars().collect();
                let from = random(other.len());
                text.splice(at..at, other[from..].iter().copied()).for_each(drop);
            }
        }
    }
    text.into_iter().collect()
}

/// Always the same ones. None may panic, and none runs long.
#[test]
fn changed_scripts_do_not_panic() {
    with_stack(|| {
        let mut state = 0x2545_f491_u32;
        let mut random = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as usize % below
        };
        for round in 0..6_000 {
            let text = changed(&mut random);
            let began = Instant::now();
            if NOT_RUN.iter().any(|word| text.contains(word)) {
                // Whether it is a script is of no matter.
                let _ = check("changed.sh", &text);
            } else {
                run_here(&text);
            }
            assert!(began.elapsed() < TIME_MAX, "round {round}: {text}");
        }
    });
}
