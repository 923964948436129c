//! The runtimes that come with the server; `runtimes/` has their source.

use skep_domain::Result;
use skep_domain::service::Services;

/// Each by its name, as a component.
const BUILT_IN: [(&str, &[u8]); 3] = [
    ("javascript", include_bytes!("../../../runtimes/built/javascript.wasm")),
    ("shell", include_bytes!("../../../runtimes/built/shell.wasm")),
    ("typescript", include_bytes!("../../../runtimes/built/typescript.wasm")),
];

/// The component of one of them.
pub(crate) fn built_in(name: &str) -> Option<&'static [u8]> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, component)| *component)
}

/// Sees to it that they are there. One that the operator has removed stays away until a release brings another.
pub(crate) async fn ensure(services: &Services) -> Result<()> {
    for (name, component) in BUILT_IN {
        services.runtimes.ensure(name, component).await?;
    }
    Ok(())
}
