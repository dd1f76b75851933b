//! The commands of `entrepot`: what each one takes, and the way from its arguments to its exit code.
//!
//! - [`exit`]: exit codes and failures; `print`: standard output, tables, outlines.
//! - `source`: `--config` and `--libraries`; `database`: whether the database can be used; `merchants`: whose data;
//!   `reach`: the way to the API.
//! - commands: `serve`, `demo`, `migrate`, `routes`, `config`, `plugins` (with `plugins_new`), `tokens`, `codes` (with
//!   `code_file`), `pools`, `calendar` (with `calendar_file`), `stop_sale`, `connections` (with `check` and `telling`), `orders`, `refunds`, `redeem`, `credit`,
//!   `alerts`, `nodes`, `reload`, `reconcile`, `differences`. Those about business data go through [`crate::client`].

mod alerts;
mod calendar;
mod calendar_file;
mod check;
mod code_file;
mod codes;
mod config;
mod connections;
mod credit;
mod database;
mod demo;
mod differences;
pub mod exit;
mod issue_order;
mod merchants;
mod migrate;
mod nodes;
mod orders;
mod plugins;
mod plugins_check;
mod plugins_new;
mod pools;
mod print;
mod reach;
mod reconcile;
mod redeem;
mod refunds;
mod reload;
mod routes;
mod serve;
mod source;
mod stop_sale;
mod telling;
mod there;
mod tokens;
mod used_list;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use exit::{Exit, Failure};

const AFTER: &str = "\
Examples:
  entrepot demo                                    the whole journey on this machine, nothing to set up
  entrepot config check --config entrepot.toml     all faults of a configuration at once
  entrepot migrate --config entrepot.toml          makes the database, or brings it up to date
  entrepot serve --config entrepot.toml            runs

Exit codes:
  0  done
  1  failed or refused; standard error says why
  2  the configuration or the usage is wrong
  3  the database or the running server cannot be reached";

/// Entrepot: the port between those who make scenic tickets and those who sell them.
#[derive(Debug, Parser)]
#[command(name = "entrepot", version, after_help = AFTER, arg_required_else_help = true, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Migrate(migrate::Args),
    Routes(routes::Args),
    #[command(subcommand)]
    Config(config::Command),
    #[command(subcommand)]
    Plugins(plugins::Command),
    #[command(subcommand)]
    Tokens(tokens::Command),
    #[command(subcommand)]
    Codes(codes::Command),
    #[command(subcommand)]
    Pools(pools::Command),
    #[command(subcommand)]
    Calendar(calendar::Command),
    #[command(subcommand)]
    StopSale(stop_sale::Command),
    #[command(subcommand)]
    Connections(connections::Command),
    #[command(subcommand)]
    Orders(orders::Command),
    #[command(subcommand)]
    Refunds(refunds::Command),
    Redeem(redeem::Args),
    #[command(subcommand)]
    Credit(credit::Command),
    Reconcile(reconcile::Args),
    Differences(differences::Args),
    Alerts(alerts::Args),
    Nodes(nodes::Args),
    Reload(reload::Args),
    Completions(Completions),
}

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  entrepot completions bash > ~/.local/share/bash-completion/completions/entrepot")]
struct Completions {
    /// The shell
    shell: Shell,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads any more (a closed pipe) is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::failed(format!("the runtime cannot be started: {error}")).report(),
    };
    let result = runtime.block_on(dispatch(cli.command));
    // Reading standard input cannot be interrupted; nobody waits for it.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit.code(),
        Err(failure) => failure.report(),
    }
}

async fn dispatch(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Routes(args) => routes::run(&args).await,
        Command::Config(command) => config::run(&command).await,
        Command::Plugins(command) => plugins::run(&command).await,
        Command::Tokens(command) => tokens::run(command).await,
        Command::Codes(command) => codes::run(command).await,
        Command::Pools(command) => pools::run(command).await,
        Command::Calendar(command) => calendar::run(command).await,
        Command::StopSale(command) => stop_sale::run(command).await,
        Command::Connections(command) => connections::run(command).await,
        Command::Orders(command) => orders::run(command).await,
        Command::Refunds(command) => refunds::run(command).await,
        Command::Redeem(args) => redeem::run(args).await,
        Command::Credit(command) => credit::run(command).await,
        Command::Reconcile(args) => reconcile::run(args).await,
        Command::Differences(args) => differences::run(args).await,
        Command::Alerts(args) => alerts::run(args).await,
        Command::Nodes(args) => nodes::run(args).await,
        Command::Reload(args) => reload::run(args).await,
        Command::Completions(Completions { shell }) => completions(shell),
    }
}

fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "entrepot", &mut script);
    print::raw(&script)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests;
