//! Reads programs, lists, pipelines and simple commands.

use std::rc::Rc;

use super::Parser;
use super::cursor::SyntaxError;
use super::token::Token;
use super::tree::{
    Assigned, Assignment, Chain, Command, CommandKind, Element, Item, Link, List, Piece, Pipeline, Redirect,
    RedirectKind, Word,
};
use super::word::{ends_word, is_name, is_name_character};

/// Reserved words that end a list where a command could begin.
const ENDS: [&str; 8] = ["then", "else", "elif", "fi", "do", "done", "esac", "}"];

impl Parser<'_> {
    pub(crate) fn program(&mut self) -> Result<List, SyntaxError> {
        let list = self.list(&[])?;
        let end = self.next()?;
        if !matches!(end.token, Token::End) {
            return Err(Self::unexpected(&end));
        }
        self.read_pending()?;
        Ok(list)
    }

    /// Commands up to something that cannot begin one. `ends` are the reserved words that may follow, for
    /// the message where there is none.
    pub(crate) fn list(&mut self, ends: &[&str]) -> Result<List, SyntaxError> {
        let mut list = List::default();
        loop {
            self.skip_newlines()?;
            let found = self.peek()?;
            match &found.token {
                Token::End | Token::Operator(")" | ";;" | ";&" | ";;&") => return Ok(list),
                token if token.plain().is_some_and(|word| ends.contains(&word)) => return Ok(list),
                token if token.plain().is_some_and(|word| ENDS.contains(&word)) => {
                    return Err(Self::unexpected(found));
                }
                _ => {}
            }
            let chain = Rc::new(self.chain()?);
            let background = self.take_operator("&")?;
            list.items.push(Item { chain, background });
            if !background && !self.take_operator(";")? && !matches!(self.peek()?.token, Token::Newline) {
                return Ok(list);
            }
        }
    }

    fn chain(&mut self) -> Result<Chain, SyntaxError> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let link = if self.take_operator("&&")? {
                Link::And
            } else if self.take_operator("||")? {
                Link::Or
            } else {
                return Ok(Chain { first, rest });
            };
            self.skip_newlines()?;
            rest.push((link, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, SyntaxError> {
        let mut negated = false;
        let mut timed = false;
        loop {
            if self.take_reserved("!")? {
                negated = !negated;
            } else if self.take_reserved("time")? {
                timed = true;
                self.take_reserved("-p")?;
            } else {
                break;
            }
        }
        let mut commands = vec![self.command()?];
        loop {
            if self.take_operator("|&")? {
                let last = commands.last_mut().expect("a pipeline has a command");
                last.redirects.push(error_to_output());
            } else if !self.take_operator("|")? {
                return Ok(Pipeline { negated, timed, commands });
            }
            self.skip_newlines()?;
            commands.push(self.command()?);
        }
    }

    /// A command of any kind, with its redirections.
    pub(crate) fn command(&mut self) -> Result<Command, SyntaxError> {
        let found = self.peek()?;
        let line = found.line;
        let mut command = match &found.token {
            Token::Operator("(") => self.nested(Self::parenthesis)?,
            token => match token.plain().and_then(super::compound::find) {
                Some(reader) => self.nested(reader)?,
                None => self.simple(line)?,
            },
        };
        if !matches!(command.kind, CommandKind::Simple { .. } | CommandKind::Function { .. }) {
            while let Some(redirect) = self.redirect()? {
                command.redirects.push(redirect);
            }
        }
        command.line = line;
        Ok(command)
    }

    fn simple(&mut self, line: u32) -> Result<Command, SyntaxError> {
        let mut assignments = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirects = Vec::new();
        loop {
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            let found = self.peek()?.clone();
            match found.token {
                Token::Word(word) => {
                    if words.is_empty() && redirects.is_empty() && assignments.is_empty() {
                        self.refuse_reserved(&found.text, &word)?;
                    }
                    self.peeked = None;
                    let declares = words.first().is_some_and(is_declaration);
                    match self.assignment(&word, words.is_empty() || declares)? {
                        Some(assignment) if words.is_empty() => assignments.push(assignment),
                        Some(Assignment { value: Assigned::Array(_), .. }) => {
                            return Err(self
                                .cursor
                                .error("an array cannot be an argument: assign it on its own"));
                        }
                        _ => words.push(word),
                    }
                }
                Token::Operator("(")
                    if words.len() == 1 && redirects.is_empty() && assignments.is_empty() =>
                {
                    return self.function_of(&words, line);
                }
                _ if words.is_empty() && redirects.is_empty() && assignments.is_empty() => {
                    return Err(Self::unexpected(&found));
                }
                _ => break,
            }
        }
        Ok(Command { line, kind: CommandKind::Simple { assignments, words }, redirects })
    }

    fn refuse_reserved(&mut self, text: &str, word: &Word) -> Result<(), SyntaxError> {
        let plain = matches!(word.pieces.as_slice(), [Piece::Text(_)]);
        if plain && ENDS.contains(&text) {
            return Err(self.cursor.error(format!("unexpected {text:?}")));
        }
        if plain && matches!(text, "select" | "coproc") {
            return Err(self.cursor.error(format!("{text:?} is not supported")));
        }
        Ok(())
    }

    /// `name() …`, of which the name was read.
    fn function_of(&mut self, words: &[Word], line: u32) -> Result<Command, SyntaxError> {
        let parenthesis = self.next()?;
        let name = match words {
            [Word { pieces, .. }] => match pieces.as_slice() {
                [Piece::Text(name)] if !name.contains('=') => name.clone(),
                _ => return Err(Self::unexpected(&parenthesis)),
            },
            _ => return Err(Self::unexpected(&parenthesis)),
        };
        let end = self.next()?;
        if !end.token.is(")") {
            return Err(Self::unexpected(&end));
        }
        self.nested(|parser| parser.function_body(name, line))
    }

    pub(crate) fn function_body(&mut self, name: String, line: u32) -> Result<Command, SyntaxError> {
        self.skip_newlines()?;
        let body = self.command()?;
        if matches!(body.kind, CommandKind::Simple { .. }) {
            let message = format!("the body of {name} is no {{ … }} or other compound command");
            return Err(SyntaxError { line: body.line, message });
        }
        Ok(Command { line, kind: CommandKind::Function { name, body: Rc::new(body) }, redirects: Vec::new() })
    }

    /// The word as an assignment, if it is one and `wanted`.
    fn assignment(&mut self, word: &Word, wanted: bool) -> Result<Option<Assignment>, SyntaxError> {
        let Some(Piece::Text(text)) = word.pieces.first() else { return Ok(None) };
        let name_end = text.find(|character| !is_name_character(character)).unwrap_or(text.len());
        let (name, after) = text.split_at(name_end);
        if !wanted || !is_name(name) {
            return Ok(None);
        }
        let mut rest = vec![Piece::Text(after.to_owned())];
        rest.extend_from_slice(&word.pieces[1..]);
        let index = if after.starts_with('[') { split_index(&mut rest) } else { None };
        let Some(Piece::Text(after)) = rest.first() else { return Ok(None) };
        let (append, value) = match (after.strip_prefix("+="), after.strip_prefix('=')) {
            (Some(value), _) => (true, value.to_owned()),
            (None, Some(value)) => (false, value.to_owned()),
            (None, None) => return Ok(None),
        };
        let is_array =
            value.is_empty() && rest.len() == 1 && self.cursor.peek() == Some('(') && self.peeked.is_none();
        let value = if is_array {
            Assigned::Array(self.array()?)
        } else {
            rest[0] = Piece::Text(value);
            // An empty text would keep the piece after it from being the first.
            rest.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
            Assigned::Word(Word { pieces: rest, braces: false })
        };
        Ok(Some(Assignment { name: name.to_owned(), index, append, value }))
    }

    /// The elements of `name=(…)`.
    fn array(&mut self) -> Result<Vec<Element>, SyntaxError> {
        self.next()?;
        let mut elements = Vec::new();
        loop {
            let found = self.next()?;
            match found.token {
                Token::Newline => {}
                Token::Operator(")") => return Ok(elements),
                Token::Word(mut word) => {
                    let mut index = None;
                    if matches!(word.pieces.first(), Some(Piece::Text(text)) if text.starts_with('[')) {
                        let mut rest = word.pieces.clone();
                        index = split_index(&mut rest);
                        if index.is_some()
                            && let Some(Piece::Text(text)) = rest.first_mut()
                            && let Some(value) = text.strip_prefix('=')
                        {
                            *text = value.to_owned();
                            word.pieces = rest;
                        } else {
                            index = None;
                        }
                    }
                    elements.push((index, word));
                }
                _ => return Err(Self::unexpected(&found)),
            }
        }
    }

    pub(crate) fn redirect(&mut self) -> Result<Option<Redirect>, SyntaxError> {
        let found = self.peek()?.clone();
        let descriptor = match found.token {
            Token::Descriptor(number) => {
                self.peeked = None;
                Some(number)
            }
            Token::Operator(
                "<" | ">" | ">>" | ">|" | "<>" | "<&" | ">&" | "&>" | "&>>" | "<<" | "<<-" | "<<<",
            ) => None,
            _ => return Ok(None),
        };
        let Token::Operator(operator) = self.next()?.token else { return Err(Self::unexpected(&found)) };
        let target = self.next()?;
        let Token::Word(word) = target.token else { return Err(Self::unexpected(&target)) };
        let kind = match operator {
            "<" => RedirectKind::Read(word),
            ">" | ">|" => RedirectKind::Write(word),
            ">>" => RedirectKind::Append(word),
            "<>" => RedirectKind::ReadWrite(word),
            "<&" | ">&" => RedirectKind::Duplicate { word, output: operator == ">&" },
            "&>" | "&>>" => RedirectKind::Both { word, append: operator == "&>>" },
            "<<<" => RedirectKind::HereString(word),
            "<<" | "<<-" => self.here_document(operator == "<<-", &word)?,
            _ => return Err(Self::unexpected(&found)),
        };
        Ok(Some(Redirect { descriptor, kind }))
    }

    /// A word of its own kind, for places where `(` and `|` do not end one.
    pub(crate) fn default_word(&mut self) -> Result<Word, SyntaxError> {
        self.word(ends_word)
    }
}

/// What `|&` adds to the command before it.
fn error_to_output() -> Redirect {
    let word = Word { pieces: vec![Piece::Text("1".to_owned())], braces: false };
    Redirect { descriptor: Some(2), kind: RedirectKind::Duplicate { word, output: true } }
}

/// Whether the arguments of this command can be arrays in bash, to say that here they cannot.
fn is_declaration(word: &Word) -> bool {
    matches!(word.pieces.as_slice(), [Piece::Text(name)]
        if matches!(name.as_str(), "local" | "export" | "readonly" | "declare" | "typeset"))
}

/// Takes `[…]` off the start of the pieces. Nothing if there is no `]`.
fn split_index(pieces: &mut Vec<Piece>) -> Option<Vec<Piece>> {
    let mut index = Vec::new();
    for (position, piece) in pieces.iter().enumerate() {
        let Piece::Text(text) = piece else {
            index.push(piece.clone());
            continue;
        };
        let text = if position == 0 { &text[1..] } else { text.as_str() };
        let Some(end) = text.find(']') else {
            index.push(Piece::Text(text.to_owned()));
            continue;
        };
        index.push(Piece::Text(text[..end].to_owned()));
        let mut rest = vec![Piece::Text(text[end + 1..].to_owned())];
        rest.extend_from_slice(&pieces[position + 1..]);
        *pieces = rest;
        return Some(index);
    }
    None
}
