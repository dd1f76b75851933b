//! The command line as a whole.

use super::*;

fn all(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
    let path = format!("{path} {}", command.get_name()).trim().to_owned();
    found.push((path.clone(), command.clone()));
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        all(sub, &path, found);
    }
}

fn commands() -> Vec<(String, clap::Command)> {
    let mut found = Vec::new();
    let mut root = Cli::command();
    root.build();
    all(&root, "", &mut found);
    found
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_help_has_an_example_of_its_own_command() {
    for (path, mut command) in commands() {
        let help = command.render_long_help().to_string();
        assert!(help.contains("Example"), "{path} has no example");
        assert!(help.contains(&format!("  {path}")), "{path} shows no use of itself:\n{help}");
    }
}

#[test]
fn every_argument_and_command_is_explained() {
    for (path, command) in commands() {
        assert!(command.get_about().is_some(), "{path} is not explained");
        for argument in command.get_arguments() {
            let explained = argument.get_help().is_some() || argument.get_long_help().is_some();
            assert!(explained, "{path}: {} is not explained", argument.get_id());
        }
    }
}

#[test]
fn the_top_level_help_documents_the_exit_codes() {
    let help = Cli::command().render_long_help().to_string();
    for line in ["0  done", "1  failed", "2  the configuration", "3  the database"] {
        assert!(help.contains(line), "{line}");
    }
}

fn parses(line: &str) -> bool {
    Cli::try_parse_from(line.split_whitespace()).is_ok()
}

#[test]
fn the_documented_lines_parse() {
    for line in [
        "entrepot serve --config a.toml -c b.yaml --listen 127.0.0.1:0 --libraries",
        "entrepot serve --libraries some/folder --config a.toml",
        "entrepot demo --exit --json --database sqlite://x.db --libraries --listen 127.0.0.1:0",
        "entrepot migrate --config a.toml",
        "entrepot routes --config a.toml --json",
        "entrepot config check",
        "entrepot config show --config a.toml",
        "entrepot config schema",
        "entrepot plugins list --json",
        "entrepot plugins check my-gate",
        "entrepot plugins new my-gate --kind supplier --path d --sdk e",
        "entrepot plugins new my-gate --kind supplier --git u --rev r",
        "entrepot tokens create --config a.toml --name n --role read-only",
        "entrepot tokens create --config a.toml --name n --role gate --gate g",
        "entrepot codes import --config a.toml --pool p --merchant m codes.csv",
        "entrepot codes import --config a.toml --pool p --dry-run -",
        "entrepot codes import --config a.toml --pool p --batch b --columns code=A,password=B --no-header --errors e.csv c.xlsx",
        "entrepot codes batches --config a.toml --pool p --json",
        "entrepot codes pause --config a.toml --pool p b",
        "entrepot codes resume --config a.toml --pool p --merchant m b",
        "entrepot codes void --config a.toml --pool p b",
        "entrepot codes export --config a.toml --pool p --batch b --state void --full",
        "entrepot calendar import --config a.toml --merchant m --skip-bad-rows --dry-run --json days.csv",
        "entrepot stop-sale set --config a.toml fog --sku s --connection c --from 2026-10-01 --to 2026-10-02 --reason r",
        "entrepot stop-sale lift --config a.toml --merchant m fog",
        "entrepot credit transfer --config a.toml --from a --to b --amount-minor 5 --note n",
        "entrepot alerts --config a.toml --all --json",
        "entrepot connections check --config a.toml c --language en --json",
        "entrepot connections calendar --config a.toml c --again --product p",
        "entrepot connections products --config a.toml c --tell --product p",
        "entrepot connections catch-up --config a.toml c --now",
        "entrepot connections there --config a.toml c pair stock=100 cancel=free first_date=2026-04-20 linked=",
        "entrepot reconcile --config a.toml --connection c --day 2026-10-01 --wait",
        "entrepot differences --config a.toml",
        "entrepot differences --config a.toml --connection c --day 2026-10-01 --settled --format xlsx --output f.xlsx",
        "entrepot differences settle --config a.toml --connection c --day 2026-10-01 --kind amount --subject s --note n",
        "entrepot orders show --config a.toml X",
        "entrepot orders accept --config a.toml X --merchant m",
        "entrepot orders refuse --config a.toml X --reason used",
        "entrepot refunds list --config a.toml --state waiting",
        "entrepot refunds queue --config a.toml --merchant m --json",
        "entrepot refunds decide --config a.toml R --agree",
        "entrepot refunds decide --config a.toml --agree R S T",
        "entrepot refunds decide --config a.toml R --refuse --reason used",
        "entrepot redeem --config a.toml --order X --units 1,2",
        "entrepot redeem --config a.toml --code -",
        "entrepot completions bash",
    ] {
        assert!(parses(line), "{line}");
    }
}

#[test]
fn lines_that_make_no_sense_are_refused() {
    for line in [
        "entrepot",
        "entrepot serve",
        "entrepot serve --config a.toml --listen nowhere",
        "entrepot plugins new my-gate",
        "entrepot plugins new my-gate --kind supplier --rev r",
        "entrepot plugins new my-gate --kind supplier --sdk e --git u",
        "entrepot tokens create --config a.toml --name n --role king",
        "entrepot tokens create --config a.toml --name n --role gate",
        "entrepot codes import --config a.toml codes.csv",
        "entrepot calendar import --config a.toml",
        "entrepot stop-sale set --config a.toml fog",
        "entrepot stop-sale set --config a.toml fog --reason r --from soon",
        "entrepot credit transfer --config a.toml --from a --to b",
        "entrepot orders refuse --config a.toml X",
        "entrepot connections check --config a.toml",
        "entrepot connections check --config a.toml c --language fr",
        "entrepot connections calendar --config a.toml c --product p",
        "entrepot connections there --config a.toml c pair stock",
        "entrepot connections products --config a.toml c --product p",
        "entrepot reconcile --config a.toml --connection c --day soon",
        "entrepot reconcile --config a.toml --day 2026-10-01",
        "entrepot differences",
        "entrepot differences --config a.toml --format pdf",
        "entrepot differences settle --config a.toml --connection c --day 2026-10-01 --kind amount --subject s",
        "entrepot differences --config a.toml settle --config a.toml",
        "entrepot refunds decide --config a.toml R",
        "entrepot refunds decide --config a.toml R --agree --refuse --reason x",
        "entrepot refunds decide --config a.toml R --refuse",
        "entrepot redeem --config a.toml",
        "entrepot redeem --config a.toml --code 4711",
        "entrepot redeem --config a.toml --order X --code -",
        "entrepot redeem --config a.toml --code - --units 1",
    ] {
        assert!(!parses(line), "{line}");
    }
}
