//! `jq`, by the crates of jaq.
//!
//! A filter that calls itself without end takes the whole stack of the sandbox and ends it: the crates have no
//! limit for that. What can be seen before, the nesting of the filter and of the JSON, is limited here.

use jaq_core::data::HasLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, DataT, Filter, Lut, Vars};
use jaq_json::write::{Pp, write};
use jaq_json::{Val, read};
use jaq_std::input::{HasInputs, Inputs, RcIter};

use super::{Failure, Outcome, Tool, or_input};
use crate::shell::Kind;

/// Brackets in each other, in JSON and in filters.
const NESTING_MAX: usize = 250;

/// Operators and keywords of a filter, wherever they stand: 2,000 were measured to fill a stack of one MiB.
const OPERATORS_MAX: usize = 500;

/// Of these 4,000 do.
const PATH_STEPS_MAX: usize = 1000;

const KEYWORDS: [&str; 9] = ["if", "elif", "try", "as", "def", "and", "or", "reduce", "foreach"];

/// What a wrong filter, and one that failed, end with.
const WRONG_FILTER: u8 = 3;
const FILTER_FAILED: u8 = 5;

/// Formats of jq that the crates lack.
const FORMATS: &str = r#"
def @csv: map(if type == "string" then "\"" + gsub("\""; "\"\"") + "\"" elif . == null then "" else tostring end)
  | join(",");
def @tsv: map(if type == "string" then gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n")
  elif . == null then "" else tostring end) | join("\t");
"#;

/// What the options say.
#[derive(Default)]
struct Options {
    raw_output: bool,
    join_output: bool,
    raw_input: bool,
    null_input: bool,
    slurp: bool,
    exit_status: bool,
    pretty: Pp,
    variables: Vec<(String, Val)>,
    positional: Vec<Val>,
    operands: Vec<String>,
}

/// What native filters can ask for: the inputs that are left.
#[derive(Clone)]
struct Data<'a> {
    lut: &'a Lut<Kinds>,
    inputs: Inputs<'a, Val>,
}

struct Kinds;

impl DataT for Kinds {
    type V<'a> = Val;
    type Data<'a> = Data<'a>;
}

impl<'a> HasLut<'a, Kinds> for Data<'a> {
    fn lut(&self) -> &'a Lut<Kinds> {
        self.lut
    }
}

impl<'a> HasInputs<'a, Val> for Data<'a> {
    fn inputs(&self) -> Inputs<'a, Val> {
        self.inputs
    }
}

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let mut options = parse(tool).await?;
    if options.operands.is_empty() {
        return Err(Failure::usage("a filter is needed"));
    }
    let code = options.operands.remove(0);
    check_filter(&code).map_err(|message| Failure::Message(message, WRONG_FILTER))?;
    named_values(tool, &mut options);
    let names: Vec<&str> = options.variables.iter().map(|(name, _)| name.as_str()).collect();
    let filter = compile(&code, names)?;
    // Only `input` and `inputs` read then, and without them nothing is waited for.
    let bytes = if options.null_input && !code.contains("input") {
        Vec::new()
    } else {
        tool.read_files(&or_input(&options.operands)).await?
    };
    let inputs = inputs(&bytes, &options)?;
    let inputs = RcIter::new(inputs.into_iter());
    let values = || Vars::new(options.variables.iter().map(|(_, value)| value.clone()));
    let mut last: Option<Val> = None;
    let mut status = 0;
    let mut only = options.null_input.then_some(Ok(Val::Null));
    let mut rest = &inputs;
    loop {
        let Some(input) = (if options.null_input { only.take() } else { rest.next() }) else { break };
        let input = input.map_err(Failure::usage)?;
        let context = Ctx::<Kinds>::new(Data { lut: &filter.lut, inputs: &inputs }, values());
        for result in filter.id.run((context, input)) {
            match result.map_err(|exception| exception.get_err()) {
                Ok(value) => {
                    print(tool, &options, &value).await?;
                    last = Some(value);
                }
                Err(Ok(error)) => {
                    tool.warn(&format!("error: {error}")).await;
                    status = FILTER_FAILED;
                    break;
                }
                // `halt`
                Err(Err(exception)) => {
                    return Ok(exception.get_halt().map_or(FILTER_FAILED, |code| code as u8));
                }
            }
        }
    }
    if options.exit_status && status == 0 {
        status = match last {
            None => 4,
            Some(Val::Null | Val::Bool(false)) => 1,
            Some(_) => 0,
        };
    }
    Ok(if status == 0 && tool.status != 0 { 2 } else { status })
}

/// The filter of a text, in which these variables are known.
fn compile(code: &str, names: Vec<&str>) -> Result<Filter<Kinds>, Failure> {
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs::<Kinds>()
        .chain(jaq_std::funs::<Kinds>())
        .chain(
            jaq_std::input::funs::<Kinds>()
                .into_vec()
                .into_iter()
                .map(|filter| jaq_core::native::run::<Kinds>(filter)),
        )
        .chain(jaq_json::funs::<Kinds>());
    let formats = jaq_core::load::parse(FORMATS, |parser| parser.defs()).unwrap_or_default();
    let arena = Arena::default();
    let modules = Loader::new(definitions.chain(formats)).load(&arena, File { code, path: () });
    let modules = modules.map_err(|errors| {
        wrong_filter(&errors.iter().map(|(_, error)| load_error(error)).collect::<Vec<_>>())
    })?;
    let filter = Compiler::default().with_funs(functions).with_global_vars(names).compile(modules);
    filter.map_err(|errors| {
        let undefined = errors.iter().flat_map(|(_, errors)| errors);
        wrong_filter(
            &undefined.map(|(name, kind)| format!("undefined {} {name}", kind.as_str())).collect::<Vec<_>>(),
        )
    })
}

fn wrong_filter(messages: &[String]) -> Failure {
    Failure::Message(format!("wrong filter: {}", messages.join(", ")), WRONG_FILTER)
}

fn load_error(error: &jaq_core::load::Error<&str>) -> String {
    use jaq_core::load::Error;
    match error {
        Error::Io(errors) => {
            errors.iter().map(|(name, error)| format!("{name}: {error}")).collect::<Vec<_>>().join(", ")
        }
        Error::Lex(errors) => {
            let shown = errors
                .iter()
                .map(|(expected, at)| format!("{} expected at {:?}", expected.as_str(), shorten(at)));
            shown.collect::<Vec<_>>().join(", ")
        }
        Error::Parse(errors) => {
            let shown = errors
                .iter()
                .map(|(expected, at)| format!("{} expected at {:?}", expected.as_str(), shorten(at)));
            shown.collect::<Vec<_>>().join(", ")
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(20).collect()
}

/// An error if the filter would take too much of the stack: the crates go one level deeper with each of these.
fn check_filter(code: &str) -> Result<(), String> {
    let count = |characters: &str| code.chars().filter(|character| characters.contains(*character)).count();
    let words = code.split(|character: char| !character.is_ascii_alphanumeric());
    let keywords = words.filter(|word| KEYWORDS.contains(word)).count();
    if count("|,+-*/%=<>") + keywords > OPERATORS_MAX {
        return Err(format!("a filter has at most {OPERATORS_MAX} operators"));
    }
    if count(".[?") > PATH_STEPS_MAX {
        return Err(format!("a filter has at most {PATH_STEPS_MAX} steps of paths"));
    }
    check_nesting(code.as_bytes())
}

/// An error if brackets are nested too deep. Those in texts do not count.
fn check_nesting(bytes: &[u8]) -> Result<(), String> {
    let mut open = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    for byte in bytes {
        match (in_text, byte) {
            (true, _) if escaped => {
                // `\(` in the text of a filter opens a bracket; counting it errs to the safe side.
                escaped = false;
                if *byte == b'(' {
                    open += 1;
                }
            }
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{' | b'(') => open += 1,
            (false, b']' | b'}' | b')') => open = open.saturating_sub(1),
            _ => {}
        }
        if open > NESTING_MAX {
            return Err(format!("nested deeper than {NESTING_MAX} levels"));
        }
    }
    Ok(())
}

/// The variables that every filter has.
fn named_values(tool: &Tool, options: &mut Options) {
    let text = |text: &str| Val::utf8_str(text.as_bytes().to_vec());
    let exported = tool.shell.variables.sorted(Kind::Exported).into_iter();
    let environment = exported.map(|(name, value)| (text(&name), text(&value))).collect();
    let named = options.variables.iter().map(|(name, value)| (text(&name[1..]), value.clone())).collect();
    let positional = Val::Arr(std::mem::take(&mut options.positional).into());
    let all = [(text("named"), Val::obj(named)), (text("positional"), positional)];
    options.variables.push(("$ENV".to_owned(), Val::obj(environment)));
    options.variables.push(("$ARGS".to_owned(), Val::obj(all.into_iter().collect())));
}

fn inputs(bytes: &[u8], options: &Options) -> Result<Vec<Result<Val, String>>, Failure> {
    let text = |bytes: &[u8]| Val::utf8_str(bytes.to_vec());
    if options.raw_input {
        if options.slurp {
            return Ok(vec![Ok(text(bytes))]);
        }
        let lines = bytes.split(|byte| *byte == b'\n');
        let mut lines: Vec<_> = lines.map(|line| Ok(text(line))).collect();
        if bytes.is_empty() || bytes.ends_with(b"\n") {
            lines.pop();
        }
        return Ok(lines);
    }
    check_nesting(bytes).map_err(Failure::usage)?;
    let mut values = Vec::new();
    for value in read::parse_many(bytes) {
        let is_error = value.is_err();
        values.push(value.map_err(|error| format!("wrong JSON: {error}")));
        if is_error {
            break;
        }
    }
    if options.slurp {
        let values: Result<Vec<Val>, String> = values.into_iter().collect();
        return Ok(vec![Ok(Val::Arr(values.map_err(Failure::usage)?.into()))]);
    }
    Ok(values)
}

async fn print(tool: &mut Tool, options: &Options, value: &Val) -> Result<(), Failure> {
    match value {
        Val::TStr(text) | Val::BStr(text) if options.raw_output || options.join_output => {
            tool.output.write(text).await?;
        }
        value => {
            let mut bytes = Vec::new();
            write(&mut bytes, &options.pretty, 0, value)?;
            tool.output.write(&bytes).await?;
        }
    }
    if !options.join_output {
        tool.output.write(b"\n").await?;
    }
    Ok(())
}

/// The largest indent.
const INDENT_MAX: usize = 7;

async fn parse(tool: &mut Tool) -> Result<Options, Failure> {
    let mut options = Options::default();
    options.pretty.indent = Some("  ".to_owned());
    options.pretty.sep_space = true;
    let arguments = std::mem::take(&mut tool.arguments);
    let mut rest = arguments.into_iter();
    // What the operands after the filter are: files, or arguments as text or JSON.
    let mut kind = 'f';
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| Failure::usage(format!("{argument} needs a value")));
        match argument.as_str() {
            "--arg" | "--argjson" | "--slurpfile" | "--rawfile" => {
                let (name, text) = (value()?, value()?);
                let value = variable(tool, &argument, &text).await?;
                options.variables.push((format!("${name}"), value));
            }
            "--indent" => {
                let width = value()?.parse().ok().filter(|width| *width <= INDENT_MAX);
                let width = width
                    .ok_or_else(|| Failure::usage(format!("--indent is a number up to {INDENT_MAX}")))?;
                options.pretty.indent = (width > 0).then(|| " ".repeat(width));
            }
            "--args" => kind = 't',
            "--jsonargs" => kind = 'j',
            long if long.starts_with("--") => set(&mut options, long_letter(long)?)?,
            short if short.len() > 1 && short.starts_with('-') => {
                for letter in short[1..].chars() {
                    set(&mut options, letter)?;
                }
            }
            _ if options.operands.is_empty() || kind == 'f' => options.operands.push(argument),
            text if kind == 't' => options.positional.push(Val::utf8_str(text.as_bytes().to_vec())),
            text => options.positional.push(json(text)?),
        }
    }
    options.pretty.sep_space = options.pretty.indent.is_some();
    Ok(options)
}

async fn variable(tool: &mut Tool, option: &str, text: &str) -> Result<Val, Failure> {
    Ok(match option {
        "--arg" => Val::utf8_str(text.as_bytes().to_vec()),
        "--argjson" => json(text)?,
        "--rawfile" => Val::utf8_str(tool.open(text)?.read_all().await?),
        _ => {
            let bytes = tool.open(text)?.read_all().await?;
            check_nesting(&bytes).map_err(Failure::usage)?;
            let values: Result<Vec<Val>, _> = read::parse_many(&bytes).collect();
            Val::Arr(values.map_err(|error| Failure::usage(format!("{text}: wrong JSON: {error}")))?.into())
        }
    })
}

fn json(text: &str) -> Result<Val, Failure> {
    check_nesting(text.as_bytes()).map_err(Failure::usage)?;
    read::parse_single(text.as_bytes())
        .map_err(|error| Failure::usage(format!("{text}: wrong JSON: {error}")))
}

fn long_letter(long: &str) -> Result<char, Failure> {
    Ok(match long {
        "--raw-output" => 'r',
        "--join-output" => 'j',
        "--raw-input" => 'R',
        "--compact-output" => 'c',
        "--null-input" => 'n',
        "--slurp" => 's',
        "--exit-status" => 'e',
        "--sort-keys" => 'S',
        "--tab" => 't',
        "--monochrome-output" => 'M',
        long => return Err(Failure::usage(format!("unsupported option {long}"))),
    })
}

fn set(options: &mut Options, letter: char) -> Result<(), Failure> {
    match letter {
        'r' => options.raw_output = true,
        'j' => options.join_output = true,
        'R' => options.raw_input = true,
        'c' => options.pretty.indent = None,
        'n' => options.null_input = true,
        's' => options.slurp = true,
        'e' => options.exit_status = true,
        'S' => options.pretty.sort_keys = true,
        't' => options.pretty.indent = Some("\t".to_owned()),
        'M' => {}
        letter => return Err(Failure::usage(format!("unsupported option -{letter}"))),
    }
    Ok(())
}
