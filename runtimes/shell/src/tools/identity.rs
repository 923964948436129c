//! `uname`, `hostname`, `whoami`, `id`, `nproc`: what a sandbox says of itself. It is the same everywhere, and
//! says nothing of the host.

use super::{Failure, Outcome, Spec, Tool};

const SYSTEM: &str = "WASI";
const RELEASE: &str = "0.2";
const MACHINE: &str = "wasm32";
const HOST: &str = "sandbox";
const USER: &str = "root";

pub(super) async fn uname(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec {
        flags: "asnrvmpo",
        long: &[("all", 'a'), ("kernel-name", 's'), ("machine", 'm'), ("kernel-release", 'r')],
        ..Spec::default()
    })?;
    let parts = [
        ('s', SYSTEM),
        ('n', HOST),
        ('r', RELEASE),
        ('v', RELEASE),
        ('m', MACHINE),
        ('p', MACHINE),
        ('o', SYSTEM),
    ];
    let is_wanted = |letter: char| match letter {
        'p' => parsed.has('p'),
        's' => parsed.has('s') || parsed.has('a') || parsed.options.is_empty(),
        letter => parsed.has(letter) || parsed.has('a'),
    };
    let words: Vec<&str> =
        parts.into_iter().filter(|(letter, _)| is_wanted(*letter)).map(|(_, word)| word).collect();
    tool.output.line(words.join(" ").as_bytes()).await?;
    Ok(0)
}

pub(super) async fn hostname(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "sf", ..Spec::default() })?;
    if !parsed.operands.is_empty() {
        return Err(Failure::new("the name cannot be changed"));
    }
    tool.output.line(HOST.as_bytes()).await?;
    Ok(0)
}

pub(super) async fn whoami(tool: &mut Tool) -> Outcome {
    tool.parse(&Spec::default())?;
    tool.output.line(USER.as_bytes()).await?;
    Ok(0)
}

pub(super) async fn id(tool: &mut Tool) -> Outcome {
    let parsed = tool.parse(&Spec { flags: "ugnrG", ..Spec::default() })?;
    let text = match (parsed.has('u') || parsed.has('g') || parsed.has('G'), parsed.has('n')) {
        (true, true) => USER,
        (true, false) => "0",
        _ => "uid=0(root) gid=0(root) groups=0(root)",
    };
    tool.output.line(text.as_bytes()).await?;
    Ok(0)
}

pub(super) async fn nproc(tool: &mut Tool) -> Outcome {
    tool.parse(&Spec { long: &[("all", 'a')], ..Spec::default() })?;
    tool.output.line(b"1").await?;
    Ok(0)
}
