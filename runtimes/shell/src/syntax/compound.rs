//! Reads compound commands: groups, loops, branches and functions.

use super::Parser;
use super::cursor::SyntaxError;
use super::token::Token;
use super::tree::{AfterArm, Arm, Command, CommandKind, List, Piece, Word};
use super::word::is_name;

type Reader = fn(&mut Parser<'_>) -> Result<Command, SyntaxError>;

/// What reads the command that begins with this reserved word.
pub(crate) fn find(word: &str) -> Option<Reader> {
    Some(match word {
        "{" => |parser| parser.group(),
        "if" => |parser| parser.branches(),
        "while" => |parser| parser.while_loop(false),
        "until" => |parser| parser.while_loop(true),
        "for" => |parser| parser.for_loop(),
        "case" => |parser| parser.case(),
        "function" => |parser| parser.function(),
        "[[" => |parser| parser.condition_command(),
        _ => return None,
    })
}

fn command(kind: CommandKind) -> Command {
    Command { line: 0, kind, redirects: Vec::new() }
}

impl Parser<'_> {
    /// `( … )` or `(( … ))`.
    pub(crate) fn parenthesis(&mut self) -> Result<Command, SyntaxError> {
        let opened = self.next()?.line;
        if self.cursor.peek() == Some('(') && self.is_arithmetic(2) {
            self.cursor.next();
            let pieces = self.arithmetic_pieces(None)?;
            if !self.cursor.take("))") {
                return Err(self.cursor.error("unterminated (("));
            }
            return Ok(command(CommandKind::Arithmetic(pieces)));
        }
        let list = self.filled_list(&[], "(", opened)?;
        let end = self.next()?;
        if !end.token.is(")") {
            return Err(expected(&end, ")", "(", opened));
        }
        Ok(command(CommandKind::Subshell(list)))
    }

    fn group(&mut self) -> Result<Command, SyntaxError> {
        let opened = self.next()?.line;
        let list = self.filled_list(&["}"], "{", opened)?;
        self.reserved("}", "{", opened)?;
        Ok(command(CommandKind::Group(list)))
    }

    fn branches(&mut self) -> Result<Command, SyntaxError> {
        let opened = self.next()?.line;
        let mut branches = Vec::new();
        loop {
            let condition = self.filled_list(&["then"], "if", opened)?;
            self.reserved("then", "if", opened)?;
            let body = self.filled_list(&["elif", "else", "fi"], "if", opened)?;
            branches.push((condition, body));
            if !self.take_reserved("elif")? {
                break;
            }
        }
        let otherwise =
            if self.take_reserved("else")? { Some(self.filled_list(&["fi"], "else", opened)?) } else { None };
        self.reserved("fi", "if", opened)?;
        Ok(command(CommandKind::If { branches, otherwise }))
    }

    fn while_loop(&mut self, until: bool) -> Result<Command, SyntaxError> {
        let opened = self.next()?.line;
        let condition = self.filled_list(&["do"], if until { "until" } else { "while" }, opened)?;
        let body = self.loop_body(opened)?;
        Ok(command(CommandKind::While { until, condition, body }))
    }

    /// `do … done`.
    fn loop_body(&mut self, opened: u32) -> Result<List, SyntaxError> {
        self.reserved("do", "loop", opened)?;
        let body = self.filled_list(&["done"], "do", opened)?;
        self.reserved("done", "do", opened)?;
        Ok(body)
    }

    fn for_loop(&mut self) -> Result<Command, SyntaxError> {
        let opened = self.next()?.line;
        let found = self.next()?;
        if found.token.is("(") && self.cursor.take("(") {
            return self.arithmetic_for(opened);
        }
        let variable =
            found.token.plain().filter(|name| is_name(name)).ok_or_else(|| Self::unexpected(&found))?;
        let variable = variable.to_owned();
        self.skip_newlines()?;
        let words = if self.take_reserved("in")? {
            let mut words = Vec::new();
            while let Token::Word(word) = &self.peek()?.token {
                words.push(word.clone());
                self.peeked = None;
            }
            let end = self.peek()?;
            if !matches!(end.token, Token::Newline | Token::Operator(";")) {
                return Err(Self::unexpected(end));
            }
            Some(words)
        } else {
            None
        };
        self.take_operator(";")?;
        self.skip_newlines()?;
        let body = self.loop_body(opened)?;
        Ok(command(CommandKind::For { variable, words, body }))
    }

    /// `for ((a; b; c))`, of which `for ((` was read.
    fn arithmetic_for(&mut self, opened: u32) -> Result<Command, SyntaxError> {
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        for (index, part) in parts.iter_mut().enumerate() {
            let end = if index < 2 { ";" } else { "))" };
            *part = self.arithmetic_pieces(end.chars().next())?;
            if !self.cursor.take(end) {
                return Err(self.cursor.error(format!("{end:?} expected in for ((")));
            }
        }
        self.take_operator(";")?;
        self.skip_newlines()?;
        if self.peek()?.token.plain() == Some("{") {
            let CommandKind::Group(body) = self.group()?.kind else {
                return Err(self.cursor.error("a loop without a body"));
            };
            return Ok(command(CommandKind::ArithmeticFor { parts, body }));
        }
        let body = self.loop_body(opened)?;
        Ok(command(CommandKind::ArithmeticFor { parts, body }))
    }

    fn case(&mut self) -> Result<Command, SyntaxError> {
        let opened = self.next()?.line;
        let found = self.next()?;
        let Token::Word(word) = found.token else { return Err(Self::unexpected(&found)) };
        self.skip_newlines()?;
        self.reserved("in", "case", opened)?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.take_reserved("esac")? {
                return Ok(command(CommandKind::Case { word, arms }));
            }
            let (arm, is_last) = self.arm(opened)?;
            arms.push(arm);
            if is_last {
                self.reserved("esac", "case", opened)?;
                return Ok(command(CommandKind::Case { word, arms }));
            }
        }
    }

    /// A branch of `case`, and whether no other can follow.
    fn arm(&mut self, opened: u32) -> Result<(Arm, bool), SyntaxError> {
        self.take_operator("(")?;
        let mut patterns: Vec<Word> = Vec::new();
        loop {
            let found = self.next()?;
            let Token::Word(pattern) = found.token else {
                return Err(expected(&found, "esac", "case", opened));
            };
            patterns.push(pattern);
            let next = self.next()?;
            match next.token {
                Token::Operator("|") => {}
                Token::Operator(")") => break,
                _ => return Err(Self::unexpected(&next)),
            }
        }
        let body = self.list(&["esac"])?;
        let found = self.peek()?;
        let after = match found.token {
            Token::Operator(";;") => AfterArm::Leave,
            Token::Operator(";&") => AfterArm::RunNext,
            Token::Operator(";;&") => AfterArm::TryNext,
            _ => return Ok((Arm { patterns, body, after: AfterArm::Leave }, true)),
        };
        self.peeked = None;
        Ok((Arm { patterns, body, after }, false))
    }

    fn function(&mut self) -> Result<Command, SyntaxError> {
        let line = self.next()?.line;
        let found = self.next()?;
        let Token::Word(word) = &found.token else { return Err(Self::unexpected(&found)) };
        let [Piece::Text(name)] = word.pieces.as_slice() else { return Err(Self::unexpected(&found)) };
        if self.take_operator("(")? {
            let end = self.next()?;
            if !end.token.is(")") {
                return Err(Self::unexpected(&end));
            }
        }
        self.function_body(name.clone(), line)
    }

    /// A list that must have a command.
    fn filled_list(&mut self, ends: &[&str], of: &str, opened: u32) -> Result<List, SyntaxError> {
        let list = self.list(ends)?;
        if !list.items.is_empty() {
            return Ok(list);
        }
        let end = ends.last().copied().unwrap_or(")");
        let found = self.peek()?;
        Err(if matches!(found.token, Token::End) {
            expected(found, end, of, opened)
        } else {
            Self::unexpected(found)
        })
    }

    /// Steps over a reserved word that must be here.
    fn reserved(&mut self, word: &str, of: &str, opened: u32) -> Result<(), SyntaxError> {
        if self.take_reserved(word)? {
            return Ok(());
        }
        let found = self.peek()?;
        Err(expected(found, word, of, opened))
    }
}

/// The error that something else was expected. At the end of the file it says for what.
fn expected(found: &super::token::Located, word: &str, of: &str, opened: u32) -> SyntaxError {
    let mut error = Parser::unexpected(found);
    if matches!(found.token, Token::End) {
        error.message = format!("{}, {word:?} expected for {of:?} of line {opened}", error.message);
    }
    error
}
