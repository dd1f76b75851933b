//! `cargo xtask`: the chores of this repository, in Rust, so that a fresh clone needs nothing but cargo.
//!
//! - [`cargo`]: asks cargo which packages there are and reads what a build produced.
//! - [`leash`]: ends the commands we started when we end, however we end.
//! - [`libraries`]: builds each plugin as a loadable library.
//! - [`official_sdk`]: checks the simulated Douyin platform with Douyin's own SDK.
//! - [`suites`]: builds the tests, runs suite by suite, counts and times them.
//!
//! The throw-away PostgreSQL and its failures are in the library beside this program.
// Printing is what this program is for.
#![allow(clippy::print_stdout)]

mod cargo;
mod leash;
mod libraries;
mod official_sdk;
mod suites;

use std::io::IsTerminal;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};

use xtask::cluster;
use xtask::failure::{Result, unfit, while_doing};

const HELP: &str = "\
The chores of this repository. Nothing needs to be set up before any of them.

  cargo xtask test [--only SUITE]… [--database sqlite|postgres|both] [-- CARGO-ARGS [-- TEST-ARGS]]
      Builds everything once, starts a throw-away PostgreSQL, runs every suite and ends with a table
      and the line `N passed, N failed`. A suite is a package; `--only store` means entrepot-store.
      An ignored test counts as failed, and so does a run without tests.
        cargo xtask test                                 everything, on both databases
        cargo xtask test --only store --only engine      two suites
        cargo xtask test --database sqlite               without PostgreSQL
        cargo xtask test -- --release -- refund          release build, tests named *refund*

  cargo xtask postgres [--durable] -- COMMAND…
      Starts the throw-away PostgreSQL, runs COMMAND against it, and removes it. `--durable` keeps
      fsync on, for figures that mean something.
        cargo xtask postgres -- sh -c 'psql \"$DATABASE_URL\"'
        cargo xtask postgres -- cargo run -- serve --config config/demo.toml

  cargo xtask libraries [--release] [--out DIR]
      Builds each plugin as a library and puts it where the executable looks for it:
      target/debug/plugins or target/release/plugins.

  cargo xtask simulate [--seeds N] [--from SEED] | --trace SEED
      Runs the whole engine in N simulated worlds (1,000 unless told otherwise), or one of them with
      everything that happens in it. A seed gives the same world every time.
        cargo xtask simulate --seeds 1_000_000
        cargo xtask simulate --trace 731

  cargo xtask official-sdk
      Calls the simulated Douyin platform with Douyin's own SDK for Node, which npm fetches
      (tests/official-sdk), and ends with the line `N passed, N failed`. Exit code 3: no Node here, or no
      registry, so nothing was checked.

  cargo xtask ci
      What the pipeline runs (.ci/run): format, lints, documentation, the official SDK, tests.

Tests are told about the world by the environment:
  ENTREPOT_TEST_DATABASE   sqlite, postgres or both: what this run is to cover
  ENTREPOT_TEST_POSTGRES   URL of a server on which tests create their own databases;
                           set beforehand, that server is used and none is started
  ENTREPOT_LIBRARIES       folder with the plugin libraries
  ENTREPOT_BINARY          the built `entrepot` executable
Exit codes: 0 all well, 1 something failed, 2 wrong arguments or something missing on this machine;
`postgres` gives COMMAND's own.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("--help", arguments),
    };
    let own = rest.iter().take_while(|a| *a != "--");
    if matches!(command, "--help" | "-h" | "help") || own.clone().any(|a| a == "--help" || a == "-h") {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    match command {
        "test" => suites::test(&test_options(rest)?),
        "postgres" => postgres_command(rest),
        "libraries" => libraries_command(rest),
        "simulate" => simulate(rest),
        "official-sdk" => match rest.first() {
            Some(word) => Err(unknown(word, "official-sdk")),
            None => official_sdk::check(),
        },
        "ci" => ci(rest),
        other => Err(unfit(format!(
            "there is no `{other}`; there are test, postgres, libraries, simulate, official-sdk and ci (see `cargo xtask --help`)"
        ))),
    }
}

fn test_options(arguments: &[String]) -> Result<suites::Options> {
    let mut options = suites::Options::default();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--only" => options.only.push(value_of(word, words.next())?),
            "--database" => options.database = suites::Database::parse(&value_of(word, words.next())?)?,
            "--" => {
                let rest: Vec<String> = words.cloned().collect();
                let mut halves = rest.splitn(2, |a| a == "--");
                options.cargo_args = halves.next().unwrap_or_default().to_vec();
                options.test_args = halves.next().unwrap_or_default().to_vec();
                break;
            }
            other => return Err(unknown(other, "test")),
        }
    }
    Ok(options)
}

fn postgres_command(arguments: &[String]) -> Result<ExitCode> {
    let at = arguments.iter().position(|a| a == "--").unwrap_or(arguments.len());
    let (own, command) = arguments.split_at(at);
    let mut durability = cluster::Durability::Forgetful;
    for word in own {
        match word.as_str() {
            "--durable" => durability = cluster::Durability::Durable,
            other => return Err(unknown(other, "postgres")),
        }
    }
    let Some((program, command_args)) = command.get(1..).and_then(<[String]>::split_first) else {
        return Err(unfit("say which command to run: cargo xtask postgres -- COMMAND…"));
    };
    let cluster = cluster::Cluster::start(durability)?;
    let mut command = Command::new(program);
    command.args(command_args).env("ENTREPOT_TEST_POSTGRES", cluster.url()).env("DATABASE_URL", cluster.url());
    // At a terminal the command stays in our process group, so that it can read from the terminal and
    // gets its own Ctrl-C. Elsewhere it gets a group of its own, which goes when we go.
    let status = if std::io::stdin().is_terminal() {
        command.status().map_err(while_doing(program))?
    } else {
        leash::Leash::start()?.status(&mut command)?
    };
    Ok(exit_code(status))
}

fn libraries_command(arguments: &[String]) -> Result<ExitCode> {
    let mut release = false;
    let mut out: Option<PathBuf> = None;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--release" => release = true,
            "--out" => out = Some(PathBuf::from(value_of(word, words.next())?)),
            other => return Err(unknown(other, "libraries")),
        }
    }
    let workspace = cargo::Workspace::read()?;
    let out = out.unwrap_or_else(|| libraries::default_folder(&workspace, release));
    libraries::build(&workspace, release, &out)?;
    Ok(ExitCode::SUCCESS)
}

/// Optimised, because a million worlds take a while. The program reads its arguments itself.
fn simulate(arguments: &[String]) -> Result<ExitCode> {
    let workspace = cargo::Workspace::read()?;
    let mut command = Command::new(cargo::program());
    command.args(["run", "--quiet", "--release", "--package", "entrepot-simulation", "--"]).args(arguments);
    let status = command.current_dir(workspace.root).status().map_err(while_doing("cargo run"))?;
    Ok(exit_code(status))
}

/// The steps live in `.ci/run` alone, so that what runs here and what runs there cannot differ.
fn ci(arguments: &[String]) -> Result<ExitCode> {
    if let Some(word) = arguments.first() {
        return Err(unknown(word, "ci"));
    }
    let workspace = cargo::Workspace::read()?;
    let status =
        Command::new("bash").arg(workspace.root.join(".ci/run")).status().map_err(while_doing("bash .ci/run"))?;
    Ok(exit_code(status))
}

fn exit_code(status: ExitStatus) -> ExitCode {
    // As a shell does: 128 + the signal's number.
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn value_of(option: &str, value: Option<&String>) -> Result<String> {
    match value {
        Some(value) if !value.starts_with('-') => Ok(value.clone()),
        _ => Err(unfit(format!("{option} needs a value (see `cargo xtask --help`)"))),
    }
}

fn unknown(word: &str, command: &str) -> xtask::failure::Failure {
    unfit(format!("`{word}` means nothing to `cargo xtask {command}` (see `cargo xtask --help`)"))
}
