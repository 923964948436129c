//! `find`: `-name`, `-iname`, `-path`, `-type`, `-maxdepth`, `-mindepth`, `-empty`, `-size`, `-newer`, `-not`, `!`,
//! `-a`, `-o`, parentheses, `-print`, `-print0`, `-delete`, `-prune`, `-quit`, `-exec … \;` and `-exec … +`.

use std::fs::{self, Metadata};

use super::{Failure, Outcome, Tool, basename};
use crate::executor::Task;
use crate::expand::Pattern;
use crate::shell::paths::reason;

/// Parentheses in each other, and directories.
const DEPTH_MAX: usize = 100;

enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    Name(Pattern, bool),
    Path(Pattern),
    Type(char),
    Empty,
    Size(std::cmp::Ordering, u64, u64),
    Newer(std::time::SystemTime),
    Print(&'static str),
    Delete,
    Prune,
    Quit,
    /// The words, and the index of the list that collects the paths for `+`.
    Execute(Vec<String>, Option<usize>),
    Constant(bool),
}

struct Search {
    test: Test,
    depth_min: usize,
    depth_max: usize,
    /// Whether what is in a directory comes before it.
    depth_first: bool,
    /// The paths of each `-exec … +`.
    collected: Vec<(Vec<String>, Vec<String>)>,
    has_action: bool,
    quit: bool,
    pruned: bool,
}

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let arguments = std::mem::take(&mut tool.arguments);
    let split = arguments.iter().position(|word| word.starts_with('-') || word == "!" || word == "(");
    let (paths, expression) = arguments.split_at(split.unwrap_or(arguments.len()));
    let search = Search {
        test: Test::Constant(true),
        depth_min: 0,
        depth_max: DEPTH_MAX,
        depth_first: false,
        collected: Vec::new(),
        has_action: false,
        quit: false,
        pruned: false,
    };
    let mut parser = Parser { tool, rest: expression, search, depth: 0 };
    let test = parser.any()?;
    if let Some(extra) = parser.rest.first() {
        return Err(Failure::new(format!("{extra}: unexpected")));
    }
    let mut search = parser.search;
    search.test = if search.has_action { test } else { Test::And(vec![test, Test::Print("\n")]) };
    let paths = if paths.is_empty() { vec![".".to_owned()] } else { paths.to_vec() };
    for path in &paths {
        if fs::symlink_metadata(tool.shell.path(path)).is_err() {
            tool.warn(&format!("{path}: no such file or directory")).await;
        } else if !search.quit {
            visit(tool, &mut search, path.clone(), 0).await?;
        }
    }
    for (words, paths) in std::mem::take(&mut search.collected) {
        if !paths.is_empty() {
            let words =
                words.iter().flat_map(|word| if word == "{}" { paths.clone() } else { vec![word.clone()] });
            let words = words.collect();
            if tool.run_command(words).await? != 0 {
                tool.status = 1;
            }
        }
    }
    Ok(tool.status)
}

fn visit<'a>(
    tool: &'a mut Tool,
    search: &'a mut Search,
    path: String,
    depth: usize,
) -> Task<'a, Result<(), Failure>> {
    Box::pin(async move {
        let Ok(metadata) = fs::symlink_metadata(tool.shell.path(&path)) else { return Ok(()) };
        search.pruned = false;
        let is_wanted = depth >= search.depth_min;
        if is_wanted && !search.depth_first {
            test(tool, search, &path, &metadata).await?;
        }
        if metadata.is_dir()
            && depth < search.depth_max
            && !std::mem::take(&mut search.pruned)
            && !search.quit
        {
            for name in names(tool, &path).await {
                let end = if path.ends_with('/') { "" } else { "/" };
                visit(tool, search, format!("{path}{end}{name}"), depth + 1).await?;
                if search.quit {
                    return Ok(());
                }
            }
        }
        if is_wanted && search.depth_first {
            test(tool, search, &path, &metadata).await?;
        }
        Ok(())
    })
}

/// The names in a directory, sorted, so that the same files always come in the same order.
async fn names(tool: &mut Tool, path: &str) -> Vec<String> {
    match fs::read_dir(tool.shell.path(path)) {
        Ok(entries) => {
            let mut names: Vec<String> =
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.sort_unstable();
            names
        }
        Err(error) => {
            tool.warn(&format!("{path}: {}", reason(&error))).await;
            Vec::new()
        }
    }
}

async fn test(
    tool: &mut Tool,
    search: &mut Search,
    path: &str,
    metadata: &Metadata,
) -> Result<bool, Failure> {
    // Taken out, so that actions can change the search.
    let test = std::mem::replace(&mut search.test, Test::Constant(true));
    let result = evaluate(tool, search, &test, path, metadata).await;
    search.test = test;
    result
}

fn evaluate<'a>(
    tool: &'a mut Tool,
    search: &'a mut Search,
    test: &'a Test,
    path: &'a str,
    metadata: &'a Metadata,
) -> Task<'a, Result<bool, Failure>> {
    Box::pin(async move {
        Ok(match test {
            Test::And(tests) => {
                for test in tests {
                    if !evaluate(tool, search, test, path, metadata).await? {
                        return Ok(false);
                    }
                }
                true
            }
            Test::Or(tests) => {
                for test in tests {
                    if evaluate(tool, search, test, path, metadata).await? {
                        return Ok(true);
                    }
                }
                false
            }
            Test::Not(test) => !evaluate(tool, search, test, path, metadata).await?,
            Test::Name(pattern, true) => pattern.matches(&basename::last_part(path).to_lowercase()),
            Test::Name(pattern, false) => pattern.matches(basename::last_part(path)),
            Test::Path(pattern) => pattern.matches(path),
            Test::Type('f') => metadata.is_file(),
            Test::Type('d') => metadata.is_dir(),
            Test::Type(_) => metadata.is_symlink(),
            Test::Empty if metadata.is_dir() => names(tool, path).await.is_empty(),
            Test::Empty => metadata.is_file() && metadata.len() == 0,
            Test::Size(ordering, count, unit) => metadata.len().div_ceil(*unit).cmp(count) == *ordering,
            Test::Newer(than) => metadata.modified().is_ok_and(|changed| changed > *than),
            Test::Print(end) => {
                tool.output.write(format!("{path}{end}").as_bytes()).await?;
                true
            }
            Test::Delete => {
                let whole = tool.shell.path(path);
                let removed = if metadata.is_dir() { fs::remove_dir(whole) } else { fs::remove_file(whole) };
                if let Err(error) = &removed {
                    tool.warn(&format!("{path}: {}", reason(error))).await;
                }
                removed.is_ok()
            }
            Test::Prune => {
                search.pruned = true;
                true
            }
            Test::Quit => {
                search.quit = true;
                true
            }
            Test::Execute(_, Some(list)) => {
                search.collected[*list].1.push(path.to_owned());
                true
            }
            Test::Execute(words, None) => {
                let words = words.iter().map(|word| word.replace("{}", path)).collect();
                tool.run_command(words).await? == 0
            }
            Test::Constant(value) => *value,
        })
    })
}

struct Parser<'a> {
    tool: &'a Tool,
    rest: &'a [String],
    search: Search,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take(&mut self, words: &[&str]) -> bool {
        let found = self.rest.first().is_some_and(|word| words.contains(&word.as_str()));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn any(&mut self) -> Result<Test, Failure> {
        let mut tests = vec![self.all()?];
        while self.take(&["-o", "-or"]) {
            tests.push(self.all()?);
        }
        Ok(Test::Or(tests))
    }

    fn all(&mut self) -> Result<Test, Failure> {
        let mut tests = Vec::new();
        while self.rest.first().is_some_and(|word| !matches!(word.as_str(), "-o" | "-or" | ")")) {
            if !self.take(&["-a", "-and"]) {
                tests.push(self.one()?);
            }
        }
        Ok(Test::And(tests))
    }

    fn one(&mut self) -> Result<Test, Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Failure::new(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        let test = if self.take(&["!", "-not"]) {
            Ok(Test::Not(Box::new(self.one()?)))
        } else if self.take(&["("]) {
            let inner = self.any()?;
            if self.take(&[")"]) { Ok(inner) } else { Err(Failure::new("\")\" is missing")) }
        } else {
            self.primary()
        };
        self.depth -= 1;
        test
    }

    fn primary(&mut self) -> Result<Test, Failure> {
        let word = self.next().ok_or_else(|| Failure::new("an expression is missing"))?;
        match word {
            "-print" => return Ok(self.action(Test::Print("\n"))),
            "-print0" => return Ok(self.action(Test::Print("\0"))),
            "-delete" => {
                self.search.depth_first = true;
                return Ok(self.action(Test::Delete));
            }
            "-quit" => return Ok(self.action(Test::Quit)),
            "-prune" => return Ok(Test::Prune),
            "-empty" => return Ok(Test::Empty),
            "-true" => return Ok(Test::Constant(true)),
            "-false" => return Ok(Test::Constant(false)),
            "-depth" => {
                self.search.depth_first = true;
                return Ok(Test::Constant(true));
            }
            "-exec" => return self.execute(),
            _ => {}
        }
        let value = if word.starts_with('-') { self.next() } else { None };
        let value = value
            .ok_or_else(|| Failure::new(format!("unsupported expression {word}, or its value is missing")))?;
        let depth =
            || value.parse::<usize>().map_err(|_| Failure::new(format!("{word} {value}: not a number")));
        Ok(match word {
            "-name" => Test::Name(pattern(value), false),
            "-iname" => Test::Name(pattern(&value.to_lowercase()), true),
            "-path" | "-wholename" => Test::Path(pattern(value)),
            "-type" if matches!(value, "f" | "d" | "l") => Test::Type(value.chars().next().unwrap_or('f')),
            "-maxdepth" => {
                self.search.depth_max = depth()?.min(DEPTH_MAX);
                Test::Constant(true)
            }
            "-mindepth" => {
                self.search.depth_min = depth()?;
                Test::Constant(true)
            }
            "-size" => size(value)?,
            "-newer" => {
                let changed = fs::metadata(self.tool.shell.path(value)).and_then(|found| found.modified());
                Test::Newer(changed.map_err(|error| Failure::new(format!("{value}: {}", reason(&error))))?)
            }
            _ => return Err(Failure::new(format!("unsupported expression {word} {value}"))),
        })
    }

    fn action(&mut self, test: Test) -> Test {
        self.search.has_action = true;
        test
    }

    fn execute(&mut self) -> Result<Test, Failure> {
        let mut words: Vec<String> = Vec::new();
        loop {
            let word = self.next().ok_or_else(|| Failure::new("-exec is not ended by ;"))?;
            let collects = word == "+" && words.last().is_some_and(|last| last == "{}");
            if word != ";" && !collects {
                words.push(word.to_owned());
                continue;
            }
            let list = collects.then(|| {
                self.search.collected.push((words.clone(), Vec::new()));
                self.search.collected.len() - 1
            });
            return Ok(self.action(Test::Execute(words, list)));
        }
    }
}

fn pattern(text: &str) -> Pattern {
    Pattern::new(&text.chars().map(|character| (character, false)).collect::<Vec<_>>())
}

/// `+10k`, `-1M`, `5c`, `3`
fn size(text: &str) -> Result<Test, Failure> {
    let (ordering, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (std::cmp::Ordering::Greater, rest),
        (_, Some(rest)) => (std::cmp::Ordering::Less, rest),
        _ => (std::cmp::Ordering::Equal, text),
    };
    let digits = rest.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &rest[digits.len()..] {
        "c" => 1,
        "k" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "" | "b" => 512,
        unit => return Err(Failure::new(format!("-size: no unit {unit:?}"))),
    };
    let count = digits.parse().map_err(|_| Failure::new(format!("-size {text}: not a size")))?;
    Ok(Test::Size(ordering, count, unit))
}
