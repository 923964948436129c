//! Here-documents: `<<` and `<<-`, whose text begins after the line that has them.

use std::cell::OnceCell;
use std::rc::Rc;

use super::Parser;
use super::cursor::SyntaxError;
use super::tree::{Piece, RedirectKind, Word};

/// Here-documents on one line.
const PENDING_MAX: usize = 256;

/// A here-document whose text was not come to yet.
pub(crate) struct Pending {
    delimiter: String,
    /// Whether the delimiter was quoted, so that nothing in the text is special.
    quoted: bool,
    strips_tabs: bool,
    text: Rc<OnceCell<Vec<Piece>>>,
}

impl Parser<'_> {
    /// A here-document of this operator and delimiter. Its text is read after the next newline.
    pub(crate) fn here_document(
        &mut self,
        strips_tabs: bool,
        delimiter: &Word,
    ) -> Result<RedirectKind, SyntaxError> {
        if self.pending.len() >= PENDING_MAX {
            return Err(self.cursor.error(format!("more than {PENDING_MAX} here-documents on a line")));
        }
        let text = Rc::new(OnceCell::new());
        let mut written = String::new();
        let quoted = delimiter_text(&delimiter.pieces, &mut written);
        let pending = Pending { delimiter: written, quoted, strips_tabs, text: Rc::clone(&text) };
        self.pending.push(pending);
        Ok(RedirectKind::HereDocument(text))
    }

    /// Reads the text of all here-documents of the line that just ended.
    pub(crate) fn read_pending(&mut self) -> Result<(), SyntaxError> {
        for pending in std::mem::take(&mut self.pending) {
            let line = self.cursor.line();
            let text = self.here_lines(&pending);
            let pieces = if pending.quoted {
                vec![Piece::Text(text)]
            } else {
                let depth = self.depth;
                Parser::new(&text, line, depth).here_text()?
            };
            // It can be set only once: the pending one was taken out of the list.
            let _ = pending.text.set(pieces);
        }
        Ok(())
    }

    /// The lines up to the delimiter, or to the end of the script, as other shells do.
    fn here_lines(&mut self, pending: &Pending) -> String {
        let mut text = String::new();
        while let Some((line, newline)) = self.cursor.take_line() {
            let line = if pending.strips_tabs { line.trim_start_matches('\t') } else { line };
            if line.trim_end_matches('\r') == pending.delimiter {
                break;
            }
            text.push_str(line);
            if newline {
                text.push('\n');
            }
        }
        text
    }

    /// A whole text in which only `$`, backquotes and `\` are special.
    pub(crate) fn here_text(&mut self) -> Result<Vec<Piece>, SyntaxError> {
        let mut pieces = Vec::new();
        while self.cursor.peek().is_some() {
            self.nested(|parser| parser.double_quoted_piece(&mut pieces, false))?;
        }
        Ok(pieces)
    }
}

/// Writes the delimiter without its quotes. Returns whether it had any.
fn delimiter_text(pieces: &[Piece], written: &mut String) -> bool {
    let mut quoted = false;
    for piece in pieces {
        match piece {
            Piece::Text(text) => written.push_str(text),
            Piece::Quoted(text) => {
                written.push_str(text);
                quoted = true;
            }
            Piece::Double(pieces) => {
                delimiter_text(pieces, written);
                quoted = true;
            }
            // Other shells take the text of these as it stands; nobody writes them.
            Piece::Tilde(name) => {
                written.push('~');
                written.push_str(name);
            }
            Piece::Parameter(_) | Piece::Command(_) | Piece::Arithmetic(_) => {}
        }
    }
    quoted
}
