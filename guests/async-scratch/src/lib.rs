//! What `scratch` does, by WASI 0.3: the same operations, and the same lines about what came of them. Files are read
//! and written by streams here.

use wasip3::cli::{environment, stdout};
use wasip3::exports::cli::run::Guest;
use wasip3::filesystem::preopens;
use wasip3::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};

struct AsyncScratch;

wasip3::cli::command::export!(AsyncScratch);

impl Guest for AsyncScratch {
    async fn run() -> Result<(), ()> {
        let directories = preopens::get_directories();
        let Some((root, name)) = directories.first() else { return print("no directory\n".to_owned()).await };
        let mut text = format!("{name}\n");
        for operation in environment::get_arguments().into_iter().skip(1) {
            let words: Vec<&str> = operation.split(' ').collect();
            match run(root, &words).await {
                Ok(line) => text.push_str(&line),
                Err(code) => text.push_str(&name_of(&code)),
            }
            text.push('\n');
        }
        print(text).await
    }
}

async fn run(root: &Descriptor, words: &[&str]) -> Result<String, ErrorCode> {
    let done = |()| "ok".to_owned();
    let own = |word: &str| word.to_owned();
    match words {
        ["mkdir", path] => root.create_directory_at(own(path)).await.map(done),
        ["rmdir", path] => root.remove_directory_at(own(path)).await.map(done),
        ["unlink", path] => root.unlink_file_at(own(path)).await.map(done),
        ["symlink", target, path] => root.symlink_at(own(target), own(path)).await.map(done),
        ["readlink", path] => root.readlink_at(own(path)).await,
        ["link", from, to] => root.link_at(PathFlags::empty(), own(from), root, own(to)).await.map(done),
        ["rename", from, to] => root.rename_at(own(from), root, own(to)).await.map(done),
        ["put", path, text] => write(&create(root, path).await?, text.as_bytes(), 0).await.map(done),
        ["append", path, text] => append(&create(root, path).await?, text.as_bytes()).await.map(done),
        ["get", path] => read(&open(root, path, OpenFlags::empty(), DescriptorFlags::READ).await?).await,
        ["list", path] => list(&open(root, path, OpenFlags::DIRECTORY, DescriptorFlags::READ).await?).await,
        ["stat", path] => stat(root, PathFlags::empty(), path).await,
        ["follow", path] => stat(root, PathFlags::SYMLINK_FOLLOW, path).await,
        ["create", path] => create_new(root, path).await.map(|_| "ok".to_owned()),
        ["size", path, bytes] => create(root, path).await?.set_size(number(bytes)).await.map(done),
        ["fill", path, bytes] => fill(&create(root, path).await?, number(bytes)).await,
        ["many", path, count] => many(root, path, number(count)).await,
        ["unnamed", path] => unnamed(root, path).await,
        _ => Err(ErrorCode::Unsupported),
    }
}

fn number(word: &str) -> u64 {
    word.parse().expect("a number")
}

async fn open(at: &Descriptor, path: &str, open: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor, ErrorCode> {
    at.open_at(PathFlags::SYMLINK_FOLLOW, path.to_owned(), open, flags).await
}

async fn create(at: &Descriptor, path: &str) -> Result<Descriptor, ErrorCode> {
    open(at, path, OpenFlags::CREATE, DescriptorFlags::READ | DescriptorFlags::WRITE).await
}

async fn create_new(at: &Descriptor, path: &str) -> Result<Descriptor, ErrorCode> {
    open(at, path, OpenFlags::CREATE | OpenFlags::EXCLUSIVE, DescriptorFlags::WRITE).await
}

async fn write(file: &Descriptor, bytes: &[u8], offset: u64) -> Result<(), ErrorCode> {
    let (mut writer, reader) = wasip3::wit_stream::new();
    let written = file.write_via_stream(reader, offset);
    writer.write_all(bytes.to_vec()).await;
    drop(writer);
    written.await
}

async fn append(file: &Descriptor, bytes: &[u8]) -> Result<(), ErrorCode> {
    let (mut writer, reader) = wasip3::wit_stream::new();
    let written = file.append_via_stream(reader);
    writer.write_all(bytes.to_vec()).await;
    drop(writer);
    written.await
}

async fn read(file: &Descriptor) -> Result<String, ErrorCode> {
    let (stream, ended) = file.read_via_stream(0);
    let bytes = stream.collect().await;
    ended.await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn list(directory: &Descriptor) -> Result<String, ErrorCode> {
    let (stream, ended) = directory.read_directory();
    let names: Vec<String> = stream.collect().await.into_iter().map(|entry| entry.name).collect();
    ended.await?;
    Ok(names.join(" "))
}

async fn stat(at: &Descriptor, flags: PathFlags, path: &str) -> Result<String, ErrorCode> {
    let stat = at.stat_at(flags, path.to_owned()).await?;
    Ok(format!("{:?} {} bytes {} links", stat.type_, stat.size, stat.link_count))
}

/// Writes zeros until it is so long; says how far it came.
async fn fill(file: &Descriptor, bytes: u64) -> Result<String, ErrorCode> {
    let done = write(file, &vec![0; bytes as usize], 0).await;
    let size = file.stat().await?.size;
    Ok(done.err().map_or_else(|| size.to_string(), |code| format!("{size} then {}", name_of(&code))))
}

/// Makes so many empty files; says how far it came.
async fn many(at: &Descriptor, path: &str, count: u64) -> Result<String, ErrorCode> {
    for index in 0..count {
        if let Err(code) = create_new(at, &format!("{path}{index}")).await {
            return Ok(format!("{index} then {}", name_of(&code)));
        }
    }
    Ok(format!("{count}"))
}

/// Uses a file that has lost its name.
async fn unnamed(root: &Descriptor, path: &str) -> Result<String, ErrorCode> {
    let file = create(root, path).await?;
    root.unlink_file_at(path.to_owned()).await?;
    write(&file, b"still here", 0).await?;
    read(&file).await
}

/// An error as 0.2 has it: `ErrorCode::NoEntry` is `no-entry`.
fn name_of(code: &ErrorCode) -> String {
    let debug = format!("{code:?}");
    let plain = debug.rsplit("::").next().unwrap_or(&debug);
    let mut name = String::new();
    for letter in plain.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

async fn print(text: String) -> Result<(), ()> {
    let (mut writer, reader) = wasip3::wit_stream::new();
    let written = stdout::write_via_stream(reader);
    writer.write_all(text.into_bytes()).await;
    drop(writer);
    written.await.map_err(|_| ())
}
