//! The programs that print the figures the README quotes.
//!
//! - [`flash_sale`]: everybody buys one SKU and date until it is sold out, three ways.
//! - [`ledger`]: transfers on one account; [`jobs`]: from the change that causes a job to its end; [`growth`]: the flash
//!   sale beside many stored orders; [`overload`]: more clients than can be served; [`calendar`]: many dates changed;
//!   [`push`]: changed dates until the channel has them ([`dates`] puts them on sale for both, [`relay`] is the way to
//!   the channel); [`import`]: a file of codes; [`boundary`]: one call to a plugin ([`at_once`]); [`bad_plugin`]: what a
//!   bad one costs the others; [`scenes`]: the channel's check and create call beside a supplier that hangs.
//! - [`shop`]: the real thing with one SKU on sale; [`clients`]: many clients at once, timed.
//! - [`engine_way`], [`http_way`]: how a client buys through the engine and over HTTP; [`sql`] holds the plain way and
//!   counts what stands in the database.
//! - [`database`]: a fresh database for each run; [`machine`]: what the figures were taken on; [`table`]: how they are
//!   printed.
// Printing is what these programs are for.
#![allow(clippy::print_stdout)]

mod at_once;
mod bad_plugin;
mod boundary;
mod calendar;
mod clients;
mod database;
mod dates;
mod engine_way;
mod flash_sale;
mod growth;
mod http_way;
mod import;
mod jobs;
mod ledger;
mod machine;
mod overload;
mod push;
mod relay;
mod scenes;
mod shop;
mod sql;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Batches make and drop many small texts on several threads; the system's allocator is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What can go wrong here is told to a person, who reads it once.
type Result<T> = std::result::Result<T, String>;

/// Figures on this machine, with durable settings; see `bench/README.md`.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    program: Program,
}

#[derive(Debug, Subcommand)]
enum Program {
    /// Everybody buys one SKU and date until it is sold out: plain, through the engine, over HTTP
    FlashSale(flash_sale::Options),
    /// Transfers on one account that everybody wants
    Ledger(ledger::Options),
    /// Jobs from the change that causes them to their end, and how soon they start
    Jobs(jobs::Options),
    /// The flash sale beside many orders that stand there already
    Growth(growth::Options),
    /// More clients than can be served
    Overload(overload::Options),
    /// Date cells changed in bulk
    Calendar(calendar::Options),
    /// Changed date cells until the channel has them all, and how many calls that takes
    Push(push::Options),
    /// A file of codes imported over HTTP, beside plain inserts
    Import(import::Options),
    /// One call to a plugin: built in, in a library, in a process
    Boundary(boundary::Options),
    /// The booking check and the create call over signed HTTP, alone and while a supplier hangs
    Scenes(scenes::Options),
    /// What a bad plugin costs the others: orders over HTTP while its threads block or spin
    BadPlugin(bad_plugin::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match arguments.program {
        Program::FlashSale(options) => run(flash_sale::run(options)),
        Program::Ledger(options) => run(ledger::run(options)),
        Program::Jobs(options) => run(jobs::run(options)),
        Program::Growth(options) => run(growth::run(options)),
        Program::Overload(options) => run(overload::run(options)),
        Program::Calendar(options) => run(calendar::run(options)),
        Program::Push(options) => run(push::run(options)),
        Program::Import(options) => run(import::run(options)),
        Program::Boundary(options) => run(boundary::run(options)),
        Program::Scenes(options) => run(scenes::run(options)),
        Program::BadPlugin(options) => run(bad_plugin::run(options)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(program: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|fault| fault.to_string())?.block_on(program)
}
