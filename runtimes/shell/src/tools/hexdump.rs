//! `od`, `hexdump -C` and `xxd`: bytes as numbers, in the formats that people use most.

use super::{Failure, Outcome, Spec, Tool};

/// Bytes of a line.
const COLUMNS: usize = 16;

pub(super) async fn octal(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "vbcx", values: "AtNj", ..Spec::default() })?;
    let kind = match parsed.value('t') {
        Some("x1") => 'x',
        Some("o1") => 'b',
        Some("u1") => 'u',
        Some("c") => 'c',
        Some("d1") => 'd',
        None if parsed.has('c') => 'c',
        None if parsed.has('b') => 'b',
        _ => return Err(Failure::usage("one of -t x1, -t o1, -t u1, -t d1, -c and -b is needed")),
    };
    let base = parsed.value('A').unwrap_or("o");
    let skip = usize::try_from(parsed.number('j')?.unwrap_or(0)).unwrap_or(usize::MAX);
    let count = parsed.number('N')?.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let bytes = tool.read_files(&parsed.operands).await?;
    let bytes = &bytes[skip.min(bytes.len())..];
    let bytes = &bytes[..count.min(bytes.len())];
    let address = |at: usize| match base {
        "n" => String::new(),
        "d" => format!("{at:07}"),
        "x" => format!("{at:06x}"),
        _ => format!("{at:07o}"),
    };
    for (index, line) in bytes.chunks(COLUMNS).enumerate() {
        let shown: String = line.iter().map(|byte| shown(*byte, kind)).collect();
        tool.output.line(format!("{}{shown}", address(skip + index * COLUMNS)).as_bytes()).await?;
    }
    if base != "n" {
        tool.output.line(address(skip + bytes.len()).as_bytes()).await?;
    }
    Ok(tool.status)
}

fn shown(byte: u8, kind: char) -> String {
    match kind {
        'x' => format!(" {byte:02x}"),
        'b' => format!(" {byte:03o}"),
        'u' => format!(" {byte:3}"),
        'd' => format!(" {:4}", byte.cast_signed()),
        _ => match byte {
            0 => "  \\0".to_owned(),
            b'\n' => "  \\n".to_owned(),
            b'\t' => "  \\t".to_owned(),
            b'\r' => "  \\r".to_owned(),
            32..127 => format!("   {}", char::from(byte)),
            byte => format!(" {byte:03o}"),
        },
    }
}

fn text(line: &[u8]) -> String {
    line.iter().map(|byte| if (32..127).contains(byte) { char::from(*byte) } else { '.' }).collect()
}

pub(super) async fn hexdump(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "Cv", values: "n", ..Spec::default() })?;
    if !parsed.has('C') {
        return Err(Failure::usage("-C is needed"));
    }
    let count = parsed.number('n')?.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let bytes = tool.read_files(&parsed.operands).await?;
    let bytes = &bytes[..count.min(bytes.len())];
    for (index, line) in bytes.chunks(COLUMNS).enumerate() {
        let half = |part: &[u8]| part.iter().map(|byte| format!("{byte:02x} ")).collect::<String>();
        let (first, second) = line.split_at(line.len().min(COLUMNS / 2));
        let numbers = format!("{} {}", half(first), half(second));
        tool.output
            .line(format!("{:08x}  {numbers:<50}|{}|", index * COLUMNS, text(line)).as_bytes())
            .await?;
    }
    if !bytes.is_empty() {
        tool.output.line(format!("{:08x}", bytes.len()).as_bytes()).await?;
    }
    Ok(tool.status)
}

pub(super) async fn xxd(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "pru", values: "lc", ..Spec::default() })?;
    let mut bytes = tool.read_files(&parsed.operands).await?;
    if parsed.has('r') {
        if !parsed.has('p') {
            return Err(Failure::usage("-r is supported with -p only"));
        }
        bytes.retain(|byte| !byte.is_ascii_whitespace());
        let digits = std::str::from_utf8(&bytes).map_err(|_| Failure::new("not hexadecimal"))?;
        let pairs = digits
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
        let decoded: Option<Vec<u8>> = pairs.collect();
        let decoded = decoded.ok_or_else(|| Failure::new("not hexadecimal"))?;
        tool.output.write(&decoded).await?;
        return Ok(tool.status);
    }
    if let Some(count) = parsed.number('l')? {
        bytes.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    }
    let default = if parsed.has('p') { 30 } else { COLUMNS as u64 };
    let columns = usize::try_from(parsed.number('c')?.unwrap_or(default)).unwrap_or(COLUMNS).clamp(1, 256);
    let digits = |byte: &u8| if parsed.has('u') { format!("{byte:02X}") } else { format!("{byte:02x}") };
    for (index, line) in bytes.chunks(columns).enumerate() {
        if parsed.has('p') {
            tool.output.line(line.iter().map(digits).collect::<String>().as_bytes()).await?;
            continue;
        }
        let groups = line.chunks(2).map(|group| group.iter().map(digits).collect::<String>() + " ");
        let width = columns.div_ceil(2) * 5;
        let numbers: String = groups.collect();
        tool.output
            .line(format!("{:08x}: {numbers:<width$} {}", index * columns, text(line)).as_bytes())
            .await?;
    }
    Ok(tool.status)
}
