//! `sed`.

mod execute;
mod files;
mod parse;
mod replace;
mod select;

use super::{Failure, Outcome, Spec, Tool};

/// Where a command applies.
#[derive(Debug)]
enum Address {
    Line(u64),
    Last,
    /// `first~step`
    Step(u64, u64),
    Matches(Pattern),
    /// `+count`, as the second address.
    Count(u64),
}

/// A regular expression. An empty one is the last that was used.
#[derive(Debug)]
struct Pattern(Option<regex::bytes::Regex>);

#[derive(Debug)]
struct Command {
    first: Option<Address>,
    second: Option<Address>,
    negated: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// `{`: where it ends.
    Begin(usize),
    End,
    /// `:`
    Label,
    /// `b`, `t`, `T`: the letter, and where it goes.
    Branch(char, usize),
    Substitute(Box<Substitution>),
    /// `y`: what each byte or character becomes.
    Translate(Vec<(char, char)>),
    /// `a`, `i`, `c`
    Text(char, Vec<u8>),
    /// `r`
    Read(String),
    /// `w`
    Write(usize),
    /// `q`, `Q`: the exit code.
    Quit(char, u8),
    /// `d D g G h H l n N p P x =`
    Plain(char),
}

#[derive(Debug)]
struct Substitution {
    pattern: Pattern,
    replacement: Vec<Part>,
    global: bool,
    /// Which of the matches is meant first.
    number: usize,
    prints: bool,
    writes: Option<usize>,
}

/// A part of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Group(usize),
    /// `\U`, `\L`, `\u`, `\l`, `\E`
    Case(char),
}

/// A script, and the files that it writes.
#[derive(Debug, Default)]
struct Script {
    commands: Vec<Command>,
    files: Vec<String>,
}

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let mut arguments = std::mem::take(&mut tool.arguments);
    // `-i` may have a suffix directly after it, `-i.bak`, but never takes the next argument.
    let mut suffix = None;
    for argument in &mut arguments {
        if argument == "--" {
            break;
        }
        if let Some(found) = argument.strip_prefix("-i").or_else(|| argument.strip_prefix("--in-place=")) {
            suffix = Some(found.to_owned());
            *argument = "--in-place".to_owned();
        }
    }
    tool.arguments = arguments;
    let parsed = tool.parse(&Spec {
        flags: "nErizsu",
        values: "ef",
        long: &[
            ("quiet", 'n'),
            ("silent", 'n'),
            ("expression", 'e'),
            ("file", 'f'),
            ("regexp-extended", 'E'),
            ("in-place", 'i'),
            ("separate", 's'),
            ("null-data", 'z'),
            ("unbuffered", 'u'),
        ],
        ..Spec::default()
    })?;
    let mut operands = parsed.operands.clone();
    let mut texts = Vec::new();
    for (letter, value) in &parsed.options {
        match letter {
            'e' => texts.push(value.clone()),
            'f' => {
                let bytes = tool.open(value)?.read_all().await?;
                texts.push(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned());
            }
            _ => {}
        }
    }
    if texts.is_empty() {
        if operands.is_empty() {
            return Err(Failure::usage("a script is needed"));
        }
        texts.push(operands.remove(0));
    }
    let mut text = texts.join("\n");
    let mut is_quiet = parsed.has('n');
    if let Some(rest) = text.strip_prefix("#n\n") {
        is_quiet = true;
        text = rest.to_owned();
    }
    let is_extended = parsed.has('E') || parsed.has('r');
    let script = parse::script(&text, is_extended).map_err(|message| Failure::Message(message, 1))?;
    let delimiter = if parsed.has('z') { 0 } else { b'\n' };
    let mut execution = execute::Execution::new(tool, script, is_quiet, delimiter)?;
    if parsed.has('i') {
        execution.in_place(&operands, suffix.as_deref().unwrap_or("")).await
    } else if parsed.has('s') {
        execution.each(&operands).await
    } else {
        execution.all(&operands).await
    }
}
