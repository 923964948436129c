//! Expansion: from the words of a script to the texts that a command is given.

pub(crate) mod arithmetic;
mod change;
mod fields;
mod parameter;
mod pathname;
pub(crate) mod pattern;
mod substitution;

use std::future::Future;
use std::pin::Pin;

use crate::shell::{Shell, Stop};
use crate::syntax::{Piece, Word, expand_braces};
pub(crate) use change::{quote, quote_if_needed};
use fields::{Field, Fields};
pub(crate) use pattern::Pattern;

type Expanding<'a> = Pin<Box<dyn Future<Output = Result<(), Stop>> + 'a>>;

/// Fields that the words of one command can become.
const FIELDS_MAX: usize = 1_000_000;

/// Everything that can happen to the words of a command.
pub(crate) async fn words(shell: &mut Shell, words: &[Word]) -> Result<Vec<String>, Stop> {
    let mut texts = Vec::with_capacity(words.len());
    for word in words {
        if let [Piece::Text(text)] = word.pieces.as_slice()
            && !text.contains(['*', '?', '[', '{'])
        {
            texts.push(text.clone());
            continue;
        }
        if word.braces {
            let alternatives = match expand_braces(word) {
                Ok(alternatives) => alternatives,
                Err(message) => return Err(shell.fail(&message, 2).await),
            };
            for alternative in &alternatives {
                expand_word(shell, alternative, &mut texts).await?;
            }
        } else {
            expand_word(shell, word, &mut texts).await?;
        }
        if texts.len() > FIELDS_MAX {
            return Err(shell.fail(&format!("a command has at most {FIELDS_MAX} arguments"), 2).await);
        }
    }
    Ok(texts)
}

async fn expand_word(shell: &mut Shell, word: &Word, texts: &mut Vec<String>) -> Result<(), Stop> {
    let mut fields = Fields::splitting(shell);
    pieces(shell, &word.pieces, Context::Plain, &mut fields).await?;
    for field in fields.finish() {
        if field.may_match() && !shell.options.no_glob {
            let paths = pathname::expand(shell, &field.pattern());
            if !paths.is_empty() {
                texts.extend(paths);
                continue;
            }
        }
        texts.push(field.text());
    }
    Ok(())
}

/// As one text, without splitting and patterns: of an assignment, a here-document, the word of `case`.
pub(crate) async fn text(shell: &mut Shell, of: &[Piece]) -> Result<String, Stop> {
    if let [Piece::Text(text) | Piece::Quoted(text)] = of {
        return Ok(text.clone());
    }
    Ok(whole(shell, of).await?.text())
}

/// As a pattern, in which what was quoted is no wildcard.
pub(crate) async fn pattern(shell: &mut Shell, of: &[Piece]) -> Result<Pattern, Stop> {
    Ok(whole(shell, of).await?.pattern())
}

/// As a regular expression, in which what was quoted stands for itself.
pub(crate) async fn regex(shell: &mut Shell, of: &[Piece]) -> Result<String, Stop> {
    Ok(whole(shell, of).await?.regex())
}

async fn whole(shell: &mut Shell, of: &[Piece]) -> Result<Field, Stop> {
    let mut fields = Fields::whole();
    pieces(shell, of, Context::Plain, &mut fields).await?;
    Ok(fields.finish_whole())
}

/// The value of an arithmetic expression. A wrong one ends the shell.
pub(crate) async fn number(shell: &mut Shell, of: &[Piece]) -> Result<i64, Stop> {
    let expression = text(shell, of).await?;
    match arithmetic::evaluate(shell, &expression) {
        Ok(number) => Ok(number),
        Err(message) => Err(shell.fail(&format!("{}: {message}", expression.trim()), 2).await),
    }
}

/// Where pieces stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Plain,
    /// In `"…"`.
    Quoted,
    /// In the word of `${name:-word}` outside of quotes: its text is split too.
    Word,
}

fn pieces<'a>(
    shell: &'a mut Shell,
    of: &'a [Piece],
    context: Context,
    fields: &'a mut Fields,
) -> Expanding<'a> {
    Box::pin(async move {
        let depth = shell.depth;
        shell.descend().await?;
        for piece in of {
            match piece {
                Piece::Text(text) if context == Context::Word => fields.push_split(text),
                Piece::Text(text) => fields.push(text, context == Context::Quoted),
                Piece::Quoted(text) => fields.push(text, true),
                Piece::Double(inner) => {
                    if !parameter::is_empty_list(shell, inner) {
                        fields.push("", true);
                    }
                    pieces(shell, inner, Context::Quoted, fields).await?;
                }
                Piece::Tilde(name) => {
                    let path = tilde(shell, name);
                    fields.push(&path, true);
                }
                Piece::Parameter(parameter) => parameter::expand(shell, parameter, context, fields).await?,
                Piece::Command(list) => {
                    let output = substitution::run(shell, list).await?;
                    push_value(fields, &output, context);
                }
                Piece::Arithmetic(inner) => {
                    let value = number(shell, inner).await?.to_string();
                    push_value(fields, &value, context);
                }
            }
        }
        shell.depth = depth;
        Ok(())
    })
}

/// Adds what came of an expansion.
fn push_value(fields: &mut Fields, text: &str, context: Context) {
    if context == Context::Quoted { fields.push(text, true) } else { fields.push_split(text) }
}

fn tilde(shell: &Shell, name: &str) -> String {
    match name {
        "" => shell.variables.get("HOME").map_or_else(|| "/".to_owned(), |home| home.to_string()),
        "+" => shell.directory.to_string(),
        "-" => {
            shell.variables.get("OLDPWD").map_or_else(|| "~-".to_owned(), |directory| directory.to_string())
        }
        name => format!("~{name}"),
    }
}
