//! Every tool, by its name.

use super::{
    Run, base64, basename, cat, cut, date, digest, echo, environment, expr, find as find_files, fold, grep,
    head, hexdump, identity, jq, list, move_file, nl, number_list, paste, printf, remove, reverse, sed,
    shuffle, sleep, sort, tail, tee, test, touch, translate, unique, which, word_count, xargs, yes,
};

/// Sorted by name.
const TOOLS: [(&str, Run); 70] = [
    ("[", |tool| Box::pin(test::run(tool))),
    ("base64", |tool| Box::pin(base64::run(tool))),
    ("basename", |tool| Box::pin(basename::basename(tool))),
    ("cat", |tool| Box::pin(cat::run(tool))),
    ("chmod", |tool| Box::pin(touch::chmod(tool))),
    ("cp", |tool| Box::pin(move_file::copy(tool))),
    ("cut", |tool| Box::pin(cut::run(tool))),
    ("date", |tool| Box::pin(date::run(tool))),
    ("dirname", |tool| Box::pin(basename::dirname(tool))),
    ("echo", |tool| Box::pin(echo::run(tool))),
    ("egrep", |tool| Box::pin(grep::run(tool))),
    ("env", |tool| Box::pin(environment::env(tool))),
    ("expr", |tool| Box::pin(expr::run(tool))),
    ("false", |_| Box::pin(async { Ok(1) })),
    ("fgrep", |tool| Box::pin(grep::run(tool))),
    ("find", |tool| Box::pin(find_files::run(tool))),
    ("fold", |tool| Box::pin(fold::run(tool))),
    ("grep", |tool| Box::pin(grep::run(tool))),
    ("head", |tool| Box::pin(head::run(tool))),
    ("hexdump", |tool| Box::pin(hexdump::hexdump(tool))),
    ("hostname", |tool| Box::pin(identity::hostname(tool))),
    ("id", |tool| Box::pin(identity::id(tool))),
    ("jq", |tool| Box::pin(jq::run(tool))),
    ("link", |tool| Box::pin(move_file::link(tool))),
    ("ln", |tool| Box::pin(move_file::link(tool))),
    ("ls", |tool| Box::pin(list::run(tool))),
    ("md5sum", |tool| Box::pin(digest::run(tool))),
    ("mkdir", |tool| Box::pin(touch::mkdir(tool))),
    ("mktemp", |tool| Box::pin(touch::mktemp(tool))),
    ("mv", |tool| Box::pin(move_file::rename(tool))),
    ("nl", |tool| Box::pin(nl::run(tool))),
    ("nohup", |tool| Box::pin(environment::plain(tool))),
    ("nproc", |tool| Box::pin(identity::nproc(tool))),
    ("od", |tool| Box::pin(hexdump::octal(tool))),
    ("paste", |tool| Box::pin(paste::run(tool))),
    ("printenv", |tool| Box::pin(environment::printenv(tool))),
    ("printf", |tool| Box::pin(printf::run(tool))),
    ("readlink", |tool| Box::pin(basename::readlink(tool))),
    ("realpath", |tool| Box::pin(basename::realpath(tool))),
    ("rev", |tool| Box::pin(reverse::characters(tool))),
    ("rm", |tool| Box::pin(remove::run(tool))),
    ("rmdir", |tool| Box::pin(remove::directory(tool))),
    ("sed", |tool| Box::pin(sed::run(tool))),
    ("seq", |tool| Box::pin(number_list::run(tool))),
    ("sha1sum", |tool| Box::pin(digest::run(tool))),
    ("sha256sum", |tool| Box::pin(digest::run(tool))),
    ("sha512sum", |tool| Box::pin(digest::run(tool))),
    ("shuf", |tool| Box::pin(shuffle::run(tool))),
    ("sleep", |tool| Box::pin(sleep::run(tool))),
    ("sort", |tool| Box::pin(sort::run(tool))),
    ("stat", |tool| Box::pin(list::stat(tool))),
    ("sync", |_| Box::pin(async { Ok(0) })),
    ("tac", |tool| Box::pin(reverse::lines(tool))),
    ("tail", |tool| Box::pin(tail::run(tool))),
    ("tee", |tool| Box::pin(tee::run(tool))),
    ("test", |tool| Box::pin(test::run(tool))),
    ("timeout", |tool| Box::pin(sleep::timeout(tool))),
    ("touch", |tool| Box::pin(touch::run(tool))),
    ("tr", |tool| Box::pin(translate::run(tool))),
    ("true", |_| Box::pin(async { Ok(0) })),
    ("truncate", |tool| Box::pin(touch::truncate(tool))),
    ("uname", |tool| Box::pin(identity::uname(tool))),
    ("uniq", |tool| Box::pin(unique::run(tool))),
    ("unlink", |tool| Box::pin(remove::run(tool))),
    ("wc", |tool| Box::pin(word_count::run(tool))),
    ("which", |tool| Box::pin(which::run(tool))),
    ("whoami", |tool| Box::pin(identity::whoami(tool))),
    ("xargs", |tool| Box::pin(xargs::run(tool))),
    ("xxd", |tool| Box::pin(hexdump::xxd(tool))),
    ("yes", |tool| Box::pin(yes::run(tool))),
];

pub(crate) fn find(name: &str) -> Option<Run> {
    TOOLS.iter().find(|(found, _)| *found == name).map(|(_, run)| *run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_are_sorted_and_each_is_there_once() {
        assert!(TOOLS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
