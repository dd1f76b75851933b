//! Runs worlds by the number: `cargo xtask simulate --seeds 1000000`, or one of them with its trace.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;
use std::time::Instant;

use entrepot_simulation::many::run_all;
use entrepot_simulation::world::run;

const HELP: &str = "\
simulate [--seeds N] [--from SEED]    runs N worlds (1,000) from that seed on (0)
simulate --trace SEED                 runs one world and prints what happens in it
";

fn main() -> ExitCode {
    let mut seeds = 1_000;
    let mut from = 0;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let number = words.next().and_then(|text| text.replace(['_', ','], "").parse::<u64>().ok());
        match (word.as_str(), number) {
            ("--seeds", Some(number)) => seeds = number,
            ("--from", Some(number)) => from = number,
            ("--trace", Some(seed)) => return trace(seed),
            _ => {
                print!("{HELP}");
                return ExitCode::from(2);
            }
        }
    }
    let start = Instant::now();
    let sum = run_all(from..from.saturating_add(seeds), |done| {
        println!("{done} worlds in {:.0} s", start.elapsed().as_secs_f64());
    });
    for report in &sum.broken {
        println!("seed {}:", report.seed);
        for line in &report.broken {
            println!("  {line}");
        }
    }
    println!(
        "{} worlds, {} commits, {} broken, {:.1} s",
        sum.worlds,
        sum.commits,
        sum.broken.len(),
        start.elapsed().as_secs_f64()
    );
    if sum.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn trace(seed: u64) -> ExitCode {
    let report = run(seed, true);
    for line in &report.lines {
        println!("{line}");
    }
    println!("digest {:016x}, {} commits, broken: {:#?}", report.digest, report.commits, report.broken);
    if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
