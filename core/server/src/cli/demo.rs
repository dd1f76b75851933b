//! `demo`: the whole journey on this machine.

use std::net::SocketAddr;

use super::exit::{Exit, Failure};
use super::source::Libraries;

const AFTER: &str = "\
Needs nothing: no account, no server, no network. Starts simulated partners and Entrepot on loopback, plays the
journeys over real HTTP, checks the invariants, then stays up until Ctrl-C.

Examples:
  entrepot demo
  entrepot demo --exit --json
  entrepot demo --exit --database postgres://entrepot@127.0.0.1/demo
  entrepot demo --exit --libraries";

/// Play the whole journey with simulated partners
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(super) struct Args {
    /// End after the journeys: exit code 0 when all passed, 1 when not
    #[arg(long)]
    exit: bool,
    /// Print one JSON document instead of a story
    #[arg(long)]
    json: bool,
    /// Database to use, instead of a SQLite file in a temporary folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    #[command(flatten)]
    libraries: Libraries,
    /// Address and port to listen on, instead of a free port on loopback
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let options = crate::demo::Options {
        exit: args.exit,
        json: args.json,
        database: args.database,
        libraries: args.libraries.checked_folder()?,
        listen: args.listen.map(|address| address.to_string()),
    };
    match crate::demo::run(options).await {
        Ok(true) => Ok(Exit::Done),
        Ok(false) => Ok(Exit::Failed),
        Err(text) => Err(Failure::failed(text)),
    }
}
