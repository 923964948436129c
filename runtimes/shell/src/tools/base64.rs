//! `base64`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Failure, Outcome, Spec, Tool};

/// Characters of a line.
const COLUMNS: usize = 76;

pub(super) async fn run(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "di",
        values: "w",
        long: &[("decode", 'd'), ("wrap", 'w'), ("ignore-garbage", 'i')],
        ..Spec::default()
    })?;
    let columns = parsed.number('w')?.map_or(COLUMNS, |columns| usize::try_from(columns).unwrap_or(0));
    let mut bytes = tool.read_files(&parsed.operands).await?;
    if tool.status != 0 {
        return Ok(tool.status);
    }
    if parsed.has('d') {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        bytes.retain(|byte| if parsed.has('i') { is_letter(byte) } else { !byte.is_ascii_whitespace() });
        let decoded = STANDARD.decode(&bytes).map_err(|_| Failure::new("invalid input"))?;
        tool.output.write(&decoded).await?;
        return Ok(0);
    }
    let encoded = STANDARD.encode(&bytes);
    if columns == 0 {
        tool.output.write(encoded.as_bytes()).await?;
        return Ok(0);
    }
    for line in encoded.as_bytes().chunks(columns) {
        tool.output.line(line).await?;
    }
    Ok(0)
}
