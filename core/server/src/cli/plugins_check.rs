//! `plugins check`: loads one plugin, however it is reached, and runs the conformance suite on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entrepot_conformance::{Fixture, Report, Suite};
use entrepot_contract::ids::PluginId;
use entrepot_contract::plugin::Plugin;
use entrepot_contract::time::{Clock, SystemClock};
use entrepot_host::transport::child::{self, ChildPlugin};
use entrepot_host::{Host, LibraryDeclaration, PluginStatus, ProcessDeclaration, ProcessRules};

use super::exit::{Exit, Failure};
use super::plugins::{Row, host, row};
use super::print;
use crate::config::{Config, Plugin as PluginConfig};

/// Load one plugin and run the conformance suite on it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
PLUGIN is the id of a built-in, the path of a library, or the path of a program that speaks frames over its standard
input and output; with --process it is a command line. A check file (--config) says with which settings, secrets and
simulated partner it is checked; built-ins have theirs. Without one, only what needs no settings and no partner is
checked, and the rest is listed as not run. Nothing real is called.

Exit code: 0 when something was checked and nothing failed, 1 otherwise.

Examples:
  entrepot plugins check target/debug/plugins/libmy_gate.so --config check.toml
  entrepot plugins check my-gate --json
  entrepot plugins check ./my-gate --config check.toml
  entrepot plugins check --config check.toml --process python3 my-gate/main.py")]
pub(super) struct Args {
    /// Id of a built-in, or path of a library or program
    #[arg(value_name = "ID|PATH", required_unless_present = "process", conflicts_with = "process")]
    plugin: Option<String>,
    /// A command to start in the present folder; everything that follows belongs to it
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true)]
    process: Vec<String>,
    /// A variable of this environment that the process gets, besides PATH and LANG; may be given several times
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    /// The id expected in it; without it a library's is the one that its file name says, and a program says its own
    #[arg(long, value_name = "ID")]
    id: Option<PluginId>,
    /// Check file: settings, secrets, products and a simulated partner (docs/plugin-guide.md)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON: passed, failed, not_declared, not_run, and checks with name, result, why and rule
    #[arg(long)]
    json: bool,
}

/// A plugin that is fit to be loaded.
struct Fit {
    status: PluginStatus,
    plugin: Arc<dyn Plugin>,
    /// Its process, where it is one.
    process: Option<Arc<ChildPlugin>>,
}

pub(super) async fn run(args: &Args) -> Result<Exit, Failure> {
    let fit = find(args).await?;
    let checked = check(args, &fit).await;
    let Some(process) = &fit.process else { return checked };
    let ended = !process.runs();
    for report in process.reports() {
        print::note(&format!("{}: {}", fit.status.id, report.text));
    }
    process.stop().await;
    match checked {
        Ok(Exit::Done) if ended => Err(Failure::failed("its process ended before the checks did")),
        checked => checked,
    }
}

async fn find(args: &Args) -> Result<Fit, Failure> {
    let Some(given) = &args.plugin else { return in_process(args, args.process.clone()).await };
    let host = host(&Config::default())?;
    if let Some(status) = host.status().into_iter().find(|status| status.id.as_str() == given) {
        // Its card was checked when the host took it.
        let plugin = entrepot_builtin::plugins().into_iter().find(|plugin| plugin.manifest().id == status.id);
        let missing = || Failure::failed(format!("{} is built in and is not there", status.id));
        let plugin = plugin.ok_or_else(missing)?;
        return Ok(Fit { status, plugin, process: None });
    }
    let path = existing(given, &host)?;
    match args.id.clone().or_else(|| named(&path)) {
        Some(id) => in_library(id, path),
        None => {
            let path = path.canonicalize().map_err(|fault| Failure::failed(format!("{given}: {fault}")))?;
            in_process(args, vec![path.display().to_string()]).await
        }
    }
}

fn existing(given: &str, host: &Host) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(given);
    if path.is_file() {
        return Ok(path);
    }
    let built_in = host.status().iter().map(|status| status.id.to_string()).collect::<Vec<_>>().join(", ");
    let what = if path.exists() { "is no file" } else { "is not there" };
    Err(Failure::failed(format!(
        "{given} is no built-in plugin ({built_in}), and as the path of a library or program it {what}; \
         the house's own libraries are built with: cargo xtask libraries"
    )))
}

fn in_library(id: PluginId, path: PathBuf) -> Result<Fit, Failure> {
    // A built-in of the same id would be in the way.
    let config = Config { plugins: [(id.clone(), PluginConfig::in_library(path.clone()))].into(), ..Config::default() };
    let host = host(&config)?;
    let declaration = LibraryDeclaration { plugin: id.clone(), path: path.clone(), sha256: None };
    host.load_library(&declaration).map_err(|fault| Failure::failed(fault.to_string()))?;
    let status = loaded(&host, &id)?;
    let plugin = entrepot_conformance::library::open(&path).map_err(Failure::failed)?;
    Ok(Fit { status, plugin, process: None })
}

/// The host starts one process and judges its card; the checks are made on another.
async fn in_process(args: &Args, command: Vec<String>) -> Result<Fit, Failure> {
    let mut words = command.into_iter();
    let program = words.next().ok_or_else(|| Failure::usage("--process needs a command"))?;
    let folder = std::env::current_dir().map_err(|fault| Failure::failed(format!("the present folder: {fault}")))?;
    let declaration =
        child::UnnamedProcess { program, arguments: words.collect(), folder, environment: args.environment.clone() };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let started = child::start_unnamed(declaration, args.id.as_ref(), ProcessRules::default(), &clock).await;
    let (process, declaration) = started.map_err(|fault| Failure::failed(fault.to_string()))?;
    let status = judged(&declaration).await;
    match status {
        Ok(status) => Ok(Fit { status, plugin: Arc::clone(&process) as _, process: Some(process) }),
        Err(failure) => {
            process.stop().await;
            Err(failure)
        }
    }
}

async fn judged(declaration: &ProcessDeclaration) -> Result<PluginStatus, Failure> {
    let id = &declaration.plugin;
    // A built-in of the same id would be in the way, as with a library.
    let config =
        Config { plugins: [(id.clone(), PluginConfig::in_library(PathBuf::new()))].into(), ..Config::default() };
    let host = host(&config)?;
    let taken = host.load_process(declaration, ProcessRules::default()).await;
    let status = taken.map_err(|fault| Failure::failed(fault.to_string())).and_then(|_| loaded(&host, id));
    host.close_all().await;
    status
}

fn loaded(host: &Host, id: &PluginId) -> Result<PluginStatus, Failure> {
    let loaded = host.status().into_iter().find(|status| status.id == *id);
    loaded.ok_or_else(|| Failure::failed(format!("{id} was loaded and is not there")))
}

async fn check(args: &Args, fit: &Fit) -> Result<Exit, Failure> {
    let id = &fit.status.id;
    let prepared = match &args.config {
        Some(file) => Some(entrepot_conformance::check_file::read(file).map_err(Failure::usage)?),
        None => None,
    };
    let known = match &prepared {
        Some(prepared) => Some(prepared.fixture.clone()),
        None => entrepot_builtin::fixtures::fixture(id.as_str()),
    };
    let bare = known.is_none();
    let suite = Suite::of(Arc::clone(&fit.plugin), known.unwrap_or_else(Fixture::bare));
    // A process is spoken to by this runtime's threads, which must not wait for the suite.
    let report: Report = tokio::task::spawn_blocking(move || suite.run())
        .await
        .map_err(|fault| Failure::failed(format!("the suite did not come to its end: {fault}")))?;
    if args.json {
        print::json(&report)?;
    } else {
        print::line(&shown(id, row(fit.status.clone())))?;
        print::line(&report.to_string())?;
        if bare {
            print::line("a check file has more of it run: --config FILE (docs/plugin-guide.md)")?;
        }
    }
    Ok(if report.conforms() { Exit::Done } else { Exit::Failed })
}

/// That a plugin can be loaded, and what it is.
fn shown(id: &PluginId, row: Row) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let kind = print::cell(&row.kind);
    let (version, family, contract) = (text(&row.version), text(&row.family), text(&row.contract));
    format!("{id} is fit to be loaded: {kind} {version} of family {family}, contract {contract}, from {}", row.loaded)
}

/// `libmy_gate.so` → `my-gate`.
fn named(path: &Path) -> Option<PluginId> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(std::env::consts::DLL_SUFFIX)?;
    let name = name.strip_prefix(std::env::consts::DLL_PREFIX).unwrap_or(name);
    name.replace('_', "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_names_its_plugin() {
        let file = crate::plugins::library_file(Path::new("somewhere"), "my-gate");
        assert_eq!(named(&file).unwrap().as_str(), "my-gate");
        assert!(named(Path::new("my-gate.txt")).is_none());
    }
}
