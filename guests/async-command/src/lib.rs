//! A command of WASI 0.3: an async `run` and stdout as a stream. Prints its arguments, one a line,
//! or `hello from 0.3` if there are none; with `fail` as the first one it returns an error.

use wasip3::cli::{environment, stdout};
use wasip3::exports::cli::run::Guest;

struct AsyncCommand;

wasip3::cli::command::export!(AsyncCommand);

impl Guest for AsyncCommand {
    async fn run() -> Result<(), ()> {
        // The first one is the name of the program.
        let arguments: Vec<String> = environment::get_arguments().into_iter().skip(1).collect();
        match arguments.first().map(String::as_str) {
            None => print("hello from 0.3\n".to_owned()).await,
            Some("fail") => Err(()),
            Some(_) => print(arguments.join("\n") + "\n").await,
        }
    }
}

/// Writes through 0.3's stdout: `println!` would go through the one of 0.2, which std uses.
async fn print(text: String) -> Result<(), ()> {
    let (mut writer, reader) = wasip3::wit_stream::new();
    let written = stdout::write_via_stream(reader);
    let left = writer.write_all(text.into_bytes()).await;
    // The host's end of the stream, and so the future, ends only with ours.
    drop(writer);
    written.await.map_err(|_| ())?;
    if left.is_empty() { Ok(()) } else { Err(()) }
}
