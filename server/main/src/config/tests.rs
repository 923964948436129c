use std::io::Write;

use super::*;

fn load(text: &str) -> Result<Config> {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("it is written");
    Config::load(Some(file.path()), Overrides::default())
}

#[test]
fn what_is_said_first_goes_first() {
    let text = "[server]\nlisten = '127.0.0.1:1'\ngrace_seconds = 3\n[telemetry]\nlog = 'warn'";
    let config = load(text).expect("it can be read");
    assert_eq!((config.listen.port(), config.grace.as_secs(), config.log.as_str()), (1, 3, "warn"));
    assert_eq!(config.data, PathBuf::from(DATA));
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("it is written");
    let overrides = Overrides { grace_seconds: Some(4), ..Overrides::default() };
    let config = Config::load(Some(file.path()), overrides).expect("it can be read");
    assert_eq!(config.grace.as_secs(), 4);
}

#[test]
fn prices_are_a_preset_and_what_is_changed_of_it() {
    let config = load("[prices]\npreset = 'sharedcloud'\nversion = 7\njob = '0.001'\nasks.cpu = '0.1'");
    let prices = config.expect("it can be read").prices;
    assert_eq!((prices.list.version, prices.list.job.0), (7, 1_000_000_000));
    assert_eq!(prices.list.wall_minute.0, 240_000_000_000);
    assert_eq!(prices.ask("cpu").0, 100_000_000);
}

#[test]
fn mistakes_are_named() {
    for (text, expected) in [
        ("[serve]", "unknown field `serve`"),
        ("[server]\nport = 1", "unknown field `port`"),
        ("[server]\nlisten = 'here'", "socket address"),
        ("[prices]\njob = 'much'", "prices.job must be dollars"),
        ("[prices]\npreset = 'cheap'", "\"cheap\" is not one of"),
        ("[prices.asks]\ngpu = '1'", "no device \"gpu\""),
        ("[limits]\nrun_jobs_max = 2000000", "limits.run_jobs_max"),
        ("[limits]\nstreams_max = 0", "limits.streams_max must be 1 at least"),
        ("[telemetry]\nlog = 'loud'", "\"loud\" is no log filter"),
        ("[telemetry]\nlog = 'skep=loud'", "\"skep=loud\" is no log filter"),
        (
            "[[issuers]]\nname = 'a'\naudience = 'b'\nalgorithm = 'HS256'\njwks = 'c'",
            "\"HS256\" is not one of RS256, ES256, EdDSA",
        ),
    ] {
        let error = load(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_readmes_configuration_is_one() {
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("it is there");
    let (_, block) = readme.split_once("```toml\n[server]").expect("it has one");
    let block = block.split("```").next().expect("it ends");
    let config = load(&format!("[server]{block}")).expect("it can be read");
    let usual = Config::load(None, Overrides::default()).expect("the defaults");
    assert_eq!(config.prices.list, usual.prices.list);
    assert_eq!((config.listen, config.grace, config.log), (usual.listen, usual.grace, usual.log));
    assert_eq!(format!("{:?}", config.limits), format!("{:?}", usual.limits), "these are the defaults");
}
