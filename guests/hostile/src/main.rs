//! An attacker: a command of WASI 0.2 whose first argument is one idea. What it must get is in
//! `tests/hostile/attacks.toml`; an idea that ends by itself prints what it saw.

mod hangs;
mod hoards;
mod probes;

use std::env;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["poll-many", count] => hangs::poll_many(number(count)),
        ["poll-ready"] => hangs::poll_ready(),
        ["drip"] => hangs::drip(),
        ["write-nothing"] => hangs::write_nothing(),
        ["pollables"] => hoards::pollables(),
        ["headers"] => hoards::headers(),
        ["header-copies"] => hoards::header_copies(),
        ["requests"] => hoards::requests(),
        ["methods"] => hoards::methods(),
        ["bodies"] => hoards::bodies(),
        ["finished-bodies"] => hoards::finished_bodies(),
        ["emptied-headers"] => hoards::emptied_headers(),
        ["sockets"] => println!("{}", hoards::sockets()),
        ["random"] => hoards::random(),
        ["print", text] => hoards::print(text),
        ["write", path] => println!("{}", hoards::write(path)),
        ["files"] => println!("{}", hoards::files()),
        ["links"] => println!("{}", hoards::links()),
        ["given"] => probes::given(),
        ["escape"] => println!("{:?}", probes::escape()),
        ["clock"] => println!("{}", probes::finest_step()),
        ["file-times"] => println!("{}", probes::file_time()),
        ["dial", port] => println!("{}", probes::dial(number(port))),
        ["fetch", url] => println!("{}", probes::fetch(url)),
        ["resolve", name] => println!("{}", probes::resolve(name)),
        ["escapes"] => probes::escapes(),
        _ => panic!("no such idea"),
    }
}

fn number<N: std::str::FromStr>(word: &str) -> N {
    word.parse().ok().expect("a number")
}
