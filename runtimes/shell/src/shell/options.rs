//! The options of `set`.

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    pub(crate) exit_on_error: bool,
    pub(crate) unset_is_error: bool,
    pub(crate) trace: bool,
    pub(crate) no_glob: bool,
    pub(crate) pipe_fails: bool,
    pub(crate) no_clobber: bool,
    pub(crate) export_all: bool,
}

/// The letter, the name, and whether it may be set here.
pub(crate) const NAMES: [(char, &str); 7] = [
    ('a', "allexport"),
    ('C', "noclobber"),
    ('e', "errexit"),
    ('f', "noglob"),
    ('p', "pipefail"),
    ('u', "nounset"),
    ('x', "xtrace"),
];

impl Options {
    /// The option of this name. `pipefail` has a letter only here.
    pub(crate) fn by_name(&mut self, name: &str) -> Option<&mut bool> {
        let (letter, _) = NAMES.iter().find(|(_, found)| *found == name)?;
        self.by_letter(*letter)
    }

    pub(crate) fn by_letter(&mut self, letter: char) -> Option<&mut bool> {
        Some(match letter {
            'a' => &mut self.export_all,
            'C' => &mut self.no_clobber,
            'e' => &mut self.exit_on_error,
            'f' => &mut self.no_glob,
            'p' => &mut self.pipe_fails,
            'u' => &mut self.unset_is_error,
            'x' => &mut self.trace,
            _ => return None,
        })
    }

    /// `$-`
    pub(crate) fn letters(mut self) -> String {
        let letters = NAMES.iter().map(|(letter, _)| *letter).filter(|letter| *letter != 'p');
        letters.filter(|letter| self.by_letter(*letter).is_some_and(|option| *option)).collect()
    }
}
