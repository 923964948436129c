//! A component's whole interface as WIT text, with the names that its types have there.

use wit_component::{WitPrinter, decode};

use crate::error::Rejected;

/// Prints the WIT of a component: its world first, then the packages that it uses.
pub(crate) fn print(component: &[u8]) -> Result<String, Rejected> {
    let failed = |error| Rejected(format!("the WIT of this component cannot be printed: {error:#}"));
    let decoded = decode(component).map_err(failed)?;
    let (resolve, main) = (decoded.resolve(), decoded.package());
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
    let mut printer = WitPrinter::default();
    printer.print(resolve, main, &others).map_err(failed)?;
    Ok(printer.output.to_string())
}
