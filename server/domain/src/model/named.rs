//! Enums with a stored number and a name that is contract.

/// Declares such an enum. Numbers are stored, names are what answers say and requests ask for.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident, $noun:literal, $field:literal:
     $($(#[$variant_doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type {
            $($(#[$variant_doc])* $name = $number,)*
        }

        impl $type {
            /// Every one there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in answers.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its stored number.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// What a stored number means.
            pub fn from_number(number: u8) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.number() == number)
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::error::Error;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.name() == name).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|known| known.name()).collect();
                    let names = names.join(", ");
                    let message = format!("there is no {} \"{name}\"; there are {names}", $noun);
                    $crate::error::Error::invalid(message).field($field)
                })
            }
        }
    };
}

pub(super) use named;
