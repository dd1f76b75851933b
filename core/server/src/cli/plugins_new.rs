//! `plugins new`: writes a plugin's crate of the house's shape, which passes the conformance suite as it stands.
//!
//! - [`name`]: the plugin's id and the names that follow from it.
//! - [`place`]: where the crate goes, and how it reaches the SDK from there.
//! - [`files`]: what is written.

mod files;
mod name;
mod place;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::print;
use name::Name;
use place::{Place, Sdk};

/// Write the crate of a new plugin, ready to be filled in
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The crate compiles and passes the conformance suite against an invented partner, which it brings along; `FILL IN`
marks what has to be made yours. docs/plugin-guide.md goes on from there.

In a checkout of Entrepot the crate goes to plugins/ and uses the SDK that is there. Anywhere else say where the SDK is:
a checkout with --sdk, or a repository with --git. Nothing that exists is changed.

Examples:
  entrepot plugins new supplier-acme --kind supplier
  entrepot plugins new channel-acme --kind channel
  entrepot plugins new supplier-acme --kind supplier --sdk ../entrepot
  entrepot plugins new supplier-acme --kind supplier --path plugins --git https://git.example/entrepot --rev 0a1b2c3d")]
pub(super) struct Args {
    /// The plugin's id: lower-case letters, digits and hyphens, for example supplier-acme
    #[arg(value_name = "ID")]
    id: String,
    /// What it does
    #[arg(long, value_enum)]
    kind: Kind,
    /// Folder in which the crate's own folder is made; in a checkout of Entrepot its plugins/, otherwise the present one
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// A checkout of Entrepot, for its SDK
    #[arg(long, value_name = "PATH", conflicts_with = "git")]
    sdk: Option<PathBuf>,
    /// A git repository of Entrepot, for its SDK
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// The commit of that repository
    #[arg(long, value_name = "REV", requires = "git")]
    rev: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// It fulfils: a ticket system, a gate
    Supplier,
    /// It sells: a platform, a reseller
    Channel,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let built_in: Vec<String> =
        entrepot_builtin::plugins().iter().map(|plugin| plugin.manifest().id.to_string()).collect();
    let name = Name::parse(&args.id, &built_in).map_err(Failure::usage)?;
    let here = std::env::current_dir().map_err(|fault| Failure::failed(format!("the present folder: {fault}")))?;
    let sdk = match (&args.sdk, &args.git) {
        (Some(path), _) => Some(Sdk::Path(path.clone())),
        (None, Some(url)) => Some(Sdk::Git { url: url.clone(), rev: args.rev.clone() }),
        (None, None) => None,
    };
    let place = Place::find(&here, args.path.as_deref(), sdk, &name)?;
    let written = files::write(&place, &name, args.kind)?;
    let shown = |path: &std::path::Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    for path in &written {
        print::line(&shown(path))?;
    }
    for line in place.next_steps(&name, &shown(place.folder())) {
        print::note(&line);
    }
    Ok(Exit::Done)
}
