//! Builds the tests, runs suite by suite, counts and times them.
//!
//! The workspace is built once and its test programs are started directly: `cargo test -p ONE` would
//! resolve features for that package alone and compile half the world again.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::cargo::{self, Workspace};
use crate::leash::Leash;
use crate::libraries;
use xtask::cluster::{Cluster, Durability};
use xtask::failure::{Result, unfit};
use xtask::in_path;

/// Limit of one test program.
const PROGRAM_LIMIT: Duration = Duration::from_secs(30 * 60);
/// Cargo arguments with which `--doc` cannot be combined.
const TARGET_CHOICES: &[&str] = &[
    "--lib",
    "--bins",
    "--bin",
    "--tests",
    "--test",
    "--examples",
    "--example",
    "--benches",
    "--bench",
    "--all-targets",
];

/// What `cargo xtask test` was asked for.
#[derive(Default)]
pub struct Options {
    pub only: Vec<String>,
    pub database: Database,
    pub cargo_args: Vec<String>,
    pub test_args: Vec<String>,
}

/// The databases to cover.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Database {
    Sqlite,
    Postgres,
    #[default]
    Both,
}

impl Database {
    /// Reads the value of `--database`.
    pub fn parse(word: &str) -> Result<Database> {
        match word {
            "sqlite" => Ok(Database::Sqlite),
            "postgres" => Ok(Database::Postgres),
            "both" => Ok(Database::Both),
            other => Err(unfit(format!("--database is sqlite, postgres or both, not `{other}`"))),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgres",
            Database::Both => "both",
        }
    }
}

struct Suite {
    name: String,
    folder: PathBuf,
    programs: Vec<PathBuf>,
}

/// What became of a suite.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    name: String,
    passed: u64,
    failed: u64,
    ignored: u64,
    seconds: f64,
    trouble: Vec<String>,
}

impl Outcome {
    fn is_well(&self) -> bool {
        self.failed == 0 && self.ignored == 0 && self.trouble.is_empty()
    }

    /// What counts as failed at the end: an ignored test, too, and a program that broke off.
    fn failed_in_all(&self) -> u64 {
        let counted = self.failed + self.ignored;
        if counted == 0 && !self.is_well() { 1 } else { counted }
    }
}

/// Runs the tests; the exit code says whether all is well.
pub fn test(options: &Options) -> Result<ExitCode> {
    let workspace = Workspace::read()?;
    let chosen = choose(&workspace, &options.only)?;
    let needs = |core: &str| chosen.iter().any(|name| workspace.reaches(name, core));
    if needs("entrepot-host") && in_path("python3").is_none() {
        return Err(unfit("no python3 in PATH: tests of plugins in a process of their own need it; install Python 3"));
    }
    let mut leash = Leash::start()?;
    let start = Instant::now();
    let suites = build(&workspace, &mut leash, options, &chosen)?;
    let mut environment = vec![("ENTREPOT_TEST_DATABASE", options.database.name().to_owned())];
    if needs("entrepot-host") {
        let release = options.cargo_args.iter().any(|a| a == "--release" || a == "-r");
        let folder = libraries::build_for_tests(&workspace, &mut leash, release)?;
        let binary = folder.with_file_name("entrepot");
        environment.push(("ENTREPOT_BINARY", binary.display().to_string()));
        environment.push(("ENTREPOT_LIBRARIES", folder.display().to_string()));
    }
    println!("\nbuilt in {:.1} s", start.elapsed().as_secs_f64());
    let mut cluster = None;
    if options.database != Database::Sqlite && needs("entrepot-store") {
        environment.push(("ENTREPOT_TEST_POSTGRES", server_url(&mut cluster)?));
    }
    let mut outcomes = Vec::new();
    for suite in &suites {
        outcomes.push(run(suite, &mut leash, &environment, &options.test_args)?);
    }
    if let Some(args) = doc_args(options, &workspace, &chosen) {
        let name = "documentation".to_owned();
        outcomes.push(time(name, |outcome| {
            let mut command = Command::new(cargo::program());
            command.args(&args).arg("--").args(&options.test_args).current_dir(&workspace.root);
            program("cargo test --doc", command.envs(environment.clone()), &mut leash, outcome)
        })?);
    }
    drop(cluster);
    Ok(report(&outcomes, start.elapsed()))
}

/// A server named from outside is used; otherwise we start one.
fn server_url(cluster: &mut Option<Cluster>) -> Result<String> {
    if let Ok(url) = std::env::var("ENTREPOT_TEST_POSTGRES") {
        println!("PostgreSQL: the one in ENTREPOT_TEST_POSTGRES");
        return Ok(url);
    }
    let start = Instant::now();
    let started = cluster.insert(Cluster::start(Durability::Forgetful)?);
    println!("PostgreSQL: a throw-away server, started in {:.1} s", start.elapsed().as_secs_f64());
    Ok(started.url().to_owned())
}

/// The names of the packages to test. A suite may be named without our prefix.
fn choose(workspace: &Workspace, only: &[String]) -> Result<Vec<String>> {
    let all: Vec<String> = workspace.packages.iter().map(|p| p.name.clone()).collect();
    if only.is_empty() {
        return Ok(all);
    }
    only.iter()
        .map(|wanted| {
            let prefixed = format!("entrepot-{wanted}");
            let found = all.iter().find(|name| *name == wanted || **name == prefixed);
            found.cloned().ok_or_else(|| unfit(format!("there is no suite `{wanted}`; there are {}", all.join(", "))))
        })
        .collect()
}

fn selection(options: &Options, chosen: &[String]) -> Vec<String> {
    if options.only.is_empty() {
        return vec!["--workspace".to_owned()];
    }
    chosen.iter().flat_map(|name| ["-p".to_owned(), name.clone()]).collect()
}

fn build(workspace: &Workspace, leash: &mut Leash, options: &Options, chosen: &[String]) -> Result<Vec<Suite>> {
    let mut args = vec!["test".to_owned(), "--no-run".to_owned()];
    args.extend(selection(options, chosen));
    args.extend(options.cargo_args.iter().cloned());
    let artifacts = cargo::build(leash, &workspace.root, &args)?;
    let packages = workspace.packages.iter().filter(|p| chosen.contains(&p.name));
    let suites = packages.map(|package| Suite {
        name: package.name.clone(),
        folder: package.folder.clone(),
        programs: artifacts
            .iter()
            .filter(|a| a.test && a.package_id == package.id)
            .filter_map(|a| a.executable.clone())
            .collect(),
    });
    Ok(suites.collect())
}

/// Arguments for the examples in the documentation, or none where cargo would refuse them.
fn doc_args(options: &Options, workspace: &Workspace, chosen: &[String]) -> Option<Vec<String>> {
    let has_library = |name: &String| {
        let mut packages = workspace.packages.iter().filter(|p| p.name == *name);
        packages.any(|p| p.targets.iter().any(|t| t.kinds.iter().any(|k| k == "lib")))
    };
    let with_library: Vec<String> = chosen.iter().filter(|name| has_library(name)).cloned().collect();
    let narrowed = options.cargo_args.iter().any(|a| TARGET_CHOICES.contains(&a.as_str()));
    if with_library.is_empty() || narrowed {
        return None;
    }
    let mut args = vec!["test".to_owned(), "--doc".to_owned()];
    args.extend(selection(options, &with_library));
    args.extend(options.cargo_args.iter().cloned());
    Some(args)
}

fn run(
    suite: &Suite,
    leash: &mut Leash,
    environment: &[(&'static str, String)],
    test_args: &[String],
) -> Result<Outcome> {
    time(suite.name.clone(), |outcome| {
        for path in &suite.programs {
            let mut command = Command::new(path);
            command
                .args(test_args)
                .current_dir(&suite.folder)
                .env("CARGO_MANIFEST_DIR", &suite.folder)
                .env("CARGO_PKG_NAME", &suite.name)
                .envs(environment.iter().cloned());
            program(&short_name(path), &mut command, leash, outcome)?;
        }
        Ok(())
    })
}

fn time(name: String, run: impl FnOnce(&mut Outcome) -> Result<()>) -> Result<Outcome> {
    println!("\n== {name}");
    let start = Instant::now();
    let mut outcome = Outcome { name, ..Outcome::default() };
    run(&mut outcome)?;
    outcome.seconds = start.elapsed().as_secs_f64();
    Ok(outcome)
}

/// Runs one test program, showing its output as it comes and counting its tests.
fn program(name: &str, command: &mut Command, leash: &mut Leash, outcome: &mut Outcome) -> Result<()> {
    let mut results = 0;
    let start = Instant::now();
    let status = leash.lines(command, Some(PROGRAM_LIMIT), |line| {
        println!("{line}");
        results += u64::from(count(line, outcome));
    })?;
    if start.elapsed() > PROGRAM_LIMIT {
        outcome.trouble.push(format!("{name}: not done within {} s", PROGRAM_LIMIT.as_secs()));
    } else if !status.success() && outcome.failed == 0 {
        outcome.trouble.push(format!("{name}: {status}"));
    } else if status.success() && results == 0 {
        outcome.trouble.push(format!("{name}: printed no `test result`"));
    }
    Ok(())
}

/// Adds up a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; …`; true if it was one.
fn count(line: &str, outcome: &mut Outcome) -> bool {
    let Some(rest) = line.strip_prefix("test result: ") else {
        return false;
    };
    for part in rest.split(['.', ';']) {
        let mut words = part.split_whitespace();
        if let (Some(Ok(number)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) {
            match what {
                "passed" => outcome.passed += number,
                "failed" => outcome.failed += number,
                "ignored" => outcome.ignored += number,
                _ => {}
            }
        }
    }
    true
}

/// `…/deps/layout-0123456789abcdef` → `layout`.
fn short_name(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    name.rsplit_once('-').map_or(name.clone(), |(front, _)| front.to_owned())
}

fn report(outcomes: &[Outcome], whole: Duration) -> ExitCode {
    let (mut passed, mut failed) = (0, 0);
    println!("\n{:<28} {:<7} {:>7} {:>9}", "suite", "", "tests", "seconds");
    for outcome in outcomes {
        let word = if outcome.is_well() { "passed" } else { "FAILED" };
        let tests = outcome.passed + outcome.failed;
        println!("{:<28} {word:<7} {tests:>7} {:>9.1}", outcome.name, outcome.seconds);
        passed += outcome.passed;
        failed += outcome.failed_in_all();
    }
    println!("{:<28} {:<7} {:>7} {:>9.1}", "with the build", "", passed, whole.as_secs_f64());
    for outcome in outcomes.iter().filter(|o| !o.is_well()) {
        if outcome.ignored > 0 {
            println!("{}: {} ignored, and a skipped test is a failed one", outcome.name, outcome.ignored);
        }
        for trouble in &outcome.trouble {
            println!("{}: {trouble}", outcome.name);
        }
    }
    if passed + failed == 0 {
        println!("no test ran at all, and that is a failure");
    }
    let well = failed == 0 && passed > 0;
    println!("\n{passed} passed, {failed} failed");
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_add_up_and_others_count_nothing() {
        let mut outcome = Outcome::default();
        let line = "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 9 filtered out; finished in 0.25s";
        assert!(count(line, &mut outcome));
        assert!(count("test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured", &mut outcome));
        assert!(!count("the test result: ok. 4 passed", &mut outcome));
        assert_eq!((outcome.passed, outcome.failed, outcome.ignored), (7, 1, 2));
    }

    #[test]
    fn an_ignored_test_and_a_broken_program_count_as_failed() {
        let ignored = Outcome { ignored: 2, ..Outcome::default() };
        let broken = Outcome { passed: 5, trouble: vec!["signal".to_owned()], ..Outcome::default() };
        assert_eq!((ignored.failed_in_all(), ignored.is_well()), (2, false));
        assert_eq!((broken.failed_in_all(), broken.is_well()), (1, false));
    }

    #[test]
    fn no_test_at_all_is_a_failure() {
        let empty = [Outcome::default()];
        assert_eq!(report(&empty, Duration::ZERO), ExitCode::FAILURE);
    }

    #[test]
    fn a_program_is_named_without_its_hash() {
        assert_eq!(short_name(Path::new("/t/deps/my_tests-0123456789abcdef")), "my_tests");
    }

    #[test]
    fn a_suite_goes_by_its_name_with_and_without_our_prefix() {
        let workspace = Workspace::read().expect("cargo metadata");
        let chosen = choose(&workspace, &["store".to_owned(), "xtask".to_owned()]).ok();
        assert_eq!(chosen, Some(vec!["entrepot-store".to_owned(), "xtask".to_owned()]));
        assert!(choose(&workspace, &["stor".to_owned()]).is_err());
    }
}
