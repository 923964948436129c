//! From source to a component: each file is compiled, what they define is looked at, and all is linked with what makes
//! it callable.

use crate::bindings::exports::skep::runtime::guest::{Failure, Function, Script, Source};
use crate::component;
use crate::files::{Files, Found, normal};
use crate::objects::{self, Defined};
use crate::system;

/// The header that every file begins with.
const HEADER: (&str, &str) = ("usr/include/skep.h", include_str!("skep.h"));
/// What makes a program of the functions of a source.
const PROGRAM: (&str, &str) = (".skep/program.c", include_str!("program.c"));
const FUNCTIONS: &str = ".skep/functions.inc";
/// What is linked.
const LINKED: &str = ".skep/linked.wasm";
/// Where these are, and objects.
const MADE: &str = ".skep/";

/// Ends of names of files that are compiled. All others may be included.
const C: &str = "c";
const CPP: [&str; 3] = ["cpp", "cc", "cxx"];

#[derive(Clone, Copy, PartialEq)]
enum Language {
    C,
    Cpp,
}

fn language(path: &str) -> Option<Language> {
    match path.rsplit_once('.')?.1 {
        C => Some(Language::C),
        end if CPP.contains(&end) => Some(Language::Cpp),
        _ => None,
    }
}

/// The component, and what it offers.
pub(crate) fn build(source: Source) -> Result<(Vec<u8>, Script), Failure> {
    let mut files = Files::with_resources();
    let mut units = Vec::new();
    for file in source.files {
        if file.path.starts_with(MADE) {
            return Err(failed(format!("{}: the folder {MADE} is for what is made", file.path)));
        }
        units.extend(language(&file.path).map(|language| (file.path.clone(), language)));
        files.put(&normal(&file.path), file.content);
    }
    if units.is_empty() {
        return Err(failed("there is nothing to compile: no file ends in .c, .cc, .cpp or .cxx".to_owned()));
    }
    files.put(HEADER.0, HEADER.1.into());
    files.put(PROGRAM.0, PROGRAM.1.into());
    let (mut defined, mut objects) = (Defined::default(), Vec::new());
    for (path, language) in &units {
        let object = format!("{MADE}{path}.o");
        files = run(files, compile(path, *language, &object))?;
        let content = file(&mut files, &object);
        objects::read(&content, &mut defined).map_err(|error| failed(format!("{path}: {error}")))?;
        objects.push(object);
    }
    check(&defined)?;
    let lines: String = defined.functions.iter().map(|name| format!("FUNCTION({name})\n")).collect();
    files.put(FUNCTIONS, lines.into_bytes());
    let object = format!("{}.o", PROGRAM.0);
    let mut arguments = compile(PROGRAM.0, Language::C, &object);
    if defined.command {
        arguments.push("-DCOMMAND".to_owned());
    }
    files = run(files, arguments)?;
    objects.push(object);
    let cpp = units.iter().any(|(_, language)| *language == Language::Cpp);
    files = run(files, link(&objects, cpp))?;
    let component = component::encode(file(&mut files, LINKED)).map_err(failed)?;
    let function = |name| Function { name, wit: "func(event: json) -> json".to_owned() };
    let functions = defined.functions.into_iter().map(function).collect();
    Ok((component, Script { content: Vec::new(), functions, command: defined.command, http: false }))
}

/// Whether it can be called at all.
fn check(defined: &Defined) -> Result<(), Failure> {
    if let Some(name) = defined.wrong.first() {
        return Err(failed(signature(name)));
    }
    if defined.functions.is_empty() && !defined.command {
        return Err(failed(
            "there is nothing to call: define int main(int argc, char **argv), or char *handler(const char *event), which in C++ is extern \"C\""
                .to_owned(),
        ));
    }
    Ok(())
}

fn file(files: &mut Files, path: &str) -> Vec<u8> {
    match files.find(path) {
        Some(Found::File(content)) => content.borrow().clone(),
        _ => Vec::new(),
    }
}

/// Runs LLVM. What it says is in the log of the build by then.
fn run(files: Files, arguments: Vec<String>) -> Result<Files, Failure> {
    let (files, code, said) = system::run(files, arguments);
    if code == 0 {
        return Ok(files);
    }
    let mut errors = said.lines().filter(|line| line.contains("error: "));
    let message = match errors.next() {
        Some(first) if first.contains("conflicting types for 'handler'") => signature("handler"),
        Some(first) => match errors.count() {
            0 => first.to_owned(),
            more => format!("{first} (and {more} more)"),
        },
        None => format!("the compiler ended with {code}"),
    };
    Err(failed(message))
}

fn signature(function: &str) -> String {
    format!("{function} needs to have the following signature: char *{function}(const char *event)")
}

fn failed(message: String) -> Failure {
    Failure { message, trace: None }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(str::to_owned)
}

/// The arguments that compile one file.
fn compile(path: &str, language: Language, object: &str) -> Vec<String> {
    let mut arguments: Vec<String> = words(
        "clang -cc1 -triple wasm32-unknown-wasip1 -emit-obj -O2 -vectorize-loops -vectorize-slp -disable-free
         -mrelocation-model static -mframe-pointer=none -ffp-contract=on -fno-rounding-math -mconstructor-aliases
         -target-cpu generic -fvisibility=hidden -resource-dir /usr -isysroot /usr -ferror-limit 19 -fgnuc-version=4.2.1
         -I/ -I/include -I/src -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_MMAN
         -D_WASI_EMULATED_GETPID",
    )
    .collect();
    if language == Language::Cpp {
        arguments.extend(words(
            "-std=gnu++20 -fdeprecated-macro -ftemplate-depth=256 -fconstexpr-depth=256
             -internal-isystem /usr/include/wasm32-wasip1/c++/v1 -internal-isystem /usr/include/c++/v1",
        ));
    }
    arguments.extend(words("-internal-isystem /usr/include -internal-isystem /usr/include/wasm32-wasip1"));
    arguments.extend(words("-include skep.h"));
    let language = if language == Language::Cpp { "c++" } else { "c" };
    // A name that could be an argument is a path.
    let path = if path.starts_with(['-', '@']) { format!("./{path}") } else { path.to_owned() };
    arguments.extend(["-x", language, "-o", &format!("/{object}"), &path].map(str::to_owned));
    arguments
}

/// The arguments that link.
fn link(objects: &[String], cpp: bool) -> Vec<String> {
    let mut arguments: Vec<String> = words(
        "wasm-ld -m wasm32 -L/usr/lib/wasm32-unknown-wasip1 -L/usr/lib/wasm32-wasip1
         /usr/lib/wasm32-wasip1/crt1-reactor.o --entry _initialize --strip-debug --stack-first -z stack-size=4194304",
    )
    .collect();
    arguments.extend(objects.iter().map(|object| format!("/{object}")));
    if cpp {
        arguments.extend(words("-lc++ -lc++abi"));
    }
    arguments.extend(words(
        "-lwasi-emulated-process-clocks -lwasi-emulated-signal -lwasi-emulated-mman -lwasi-emulated-getpid
         -lc-printscan-long-double -lc /usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a -o",
    ));
    arguments.push(format!("/{LINKED}"));
    arguments
}
