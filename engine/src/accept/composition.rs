//! What the parts of a composed component may pass to each other.

use wasmparser::{CanonicalFunction, CanonicalOption, Parser, Payload};

use crate::error::Rejected;

/// Refuses strings of UTF-16 between the parts of a composition. From one encoding to the other they go in one
/// uninterruptible call of the runtime's, a second for a few hundred MiB; bytes as they are go ten times as fast.
pub(super) fn check(component: &[u8]) -> Result<(), Rejected> {
    let broken = |error| Rejected(format!("this is WebAssembly, but cannot be read: {error}"));
    let (mut has_parts, mut has_utf16) = (false, false);
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(broken)? {
            Payload::ComponentSection { .. } => has_parts = true,
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    has_utf16 |= is_utf16(&function.map_err(broken)?);
                }
            }
            _ => {}
        }
    }
    if has_parts && has_utf16 {
        return Err(Rejected(
            "the parts of this component pass strings as UTF-16, which takes the host too long at once; \
             build them with UTF-8, or upload them one by one"
                .into(),
        ));
    }
    Ok(())
}

/// Whether a component, which is valid, has components in it.
pub(crate) fn has_parts(component: &[u8]) -> bool {
    let is_part = |payload: Result<Payload<'_>, _>| matches!(payload, Ok(Payload::ComponentSection { .. }));
    Parser::new(0).parse_all(component).any(is_part)
}

fn is_utf16(function: &CanonicalFunction) -> bool {
    let (CanonicalFunction::Lift { options, .. }
    | CanonicalFunction::Lower { options, .. }
    | CanonicalFunction::TaskReturn { options, .. }
    | CanonicalFunction::StreamRead { options, .. }
    | CanonicalFunction::StreamWrite { options, .. }
    | CanonicalFunction::FutureRead { options, .. }
    | CanonicalFunction::FutureWrite { options, .. }) = function
    else {
        return false;
    };
    options.iter().any(|option| matches!(option, CanonicalOption::UTF16 | CanonicalOption::CompactUTF16))
}
