//! What the page about Tork's API lists, and the examples of its own repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::done;
use crate::harness::{Server, repository, skip};

/// Those of the product's own repository that need no network, no mount and no GPU.
const EXAMPLES: [(&str, &str); 9] = [
    ("hello", "COMPLETED"),
    ("each", "COMPLETED"),
    ("parallel", "COMPLETED"),
    ("retry", "COMPLETED|FAILED"),
    ("job_output", "COMPLETED"),
    ("slow", "COMPLETED"),
    ("subjob", "COMPLETED"),
    ("timeout", "FAILED"),
    ("prepost", "COMPLETED"),
];

/// The others, and why they do not.
const EXAMPLES_LEFT: [(&str, &str); 6] = [
    ("aws_create_master", "needs AWS"),
    ("aws_split_and_stitch", "needs AWS and ffmpeg"),
    ("hls", "needs the network and ffmpeg"),
    ("resize_image", "needs the network and an image of its own"),
    ("split_and_stitch", "needs the network and ffmpeg"),
    ("job_defaults", "names a limit `cpu`, which no version of the product knows: refused here as there"),
];

/// What the tests try of this API, as its page says it: made of the scenarios, so that it cannot say more than they show.
#[test]
fn its_page_lists_what_is_tried() {
    let folder = repository().join("tests/scenarios/tork");
    let mut routes: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for file in std::fs::read_dir(folder).expect("scenarios").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("text");
        let scenario: toml::Table = text.parse().expect("TOML");
        for step in scenario["step"].as_array().expect("steps") {
            let send = step["send"].as_str().expect("a request").split('?').next().unwrap_or_default();
            let mut parts: Vec<&str> = send.split('/').collect();
            if parts.len() > 2 {
                parts[2] = "{id}";
            }
            let status = step["status"].as_integer().and_then(|status| u64::try_from(status).ok());
            routes.entry(parts.join("/")).or_default().extend(status);
        }
    }
    let mut list = String::from("| request | answers |\n| --- | --- |\n");
    for (route, statuses) in routes {
        let statuses: Vec<String> = statuses.iter().map(u64::to_string).collect();
        list.push_str(&format!("| `{route}` | {} |\n", statuses.join(", ")));
    }
    list.push_str("\n| example of the product's repository | here |\n| --- | --- |\n");
    for (name, states) in EXAMPLES {
        list.push_str(&format!("| `{name}.yaml` | `{}` |\n", states.replace('|', "` or `")));
    }
    for (name, why) in EXAMPLES_LEFT {
        list.push_str(&format!("| `{name}.yaml` | {why} |\n"));
    }
    let file = repository().join("docs/tork.md");
    let page = std::fs::read_to_string(&file).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the list begins");
    let (listed, after) = rest.split_once(END).expect("the list ends");
    if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
        std::fs::write(&file, format!("{before}{BEGIN}{list}{END}{after}")).expect("it is written");
        return;
    }
    assert_eq!(listed, list, "INSTA_UPDATE=always writes it anew");
}

const BEGIN: &str = "<!-- made by tests/tork/examples.rs -->\n\n";
const END: &str = "\n<!-- to here -->";

#[test]
fn its_own_examples_run_as_they_stand() {
    let Ok(folder) = std::env::var("SKEP_TORK_EXAMPLES") else {
        return skip("SKEP_TORK_EXAMPLES names no folder with the examples of Tork's repository");
    };
    let server = Server::start();
    for (name, states) in EXAMPLES {
        let file = Path::new(&folder).join(format!("{name}.yaml"));
        let job = done(&server.admin(), &std::fs::read_to_string(&file).expect("an example"));
        let state = job["state"].as_str().unwrap_or_default();
        assert!(states.split('|').any(|known| known == state), "{name}: {job}");
        println!("{name:12} {state:10} {}", job["result"]);
    }
}
