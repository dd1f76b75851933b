//! `tokens`: who may call the API.

use axum::http::Method;
use clap::ValueEnum;
use entrepot_contract::ids::{ConnectionId, MerchantId};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::client::{new_key, segment};
use crate::config::Config;

/// Make, list and revoke the API's tokens
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot tokens create --config entrepot.toml --name monitor --role read-only")]
pub(super) enum Command {
    /// Make a token and print it: once, as only its digest is kept
    #[command(after_help = "\
Roles: `admin` everything, for every merchant; `operator` everything of one merchant; `gate` redeems the tickets of one
supplier connection; `read-only` sees, of one merchant or of all. Only the token itself goes to standard output.

Examples:
  entrepot tokens create --config entrepot.toml --name anna --role operator --merchant lakeside > anna.token
  entrepot tokens create --config entrepot.toml --name turnstile --role gate --gate lakeside-pool")]
    Create(Create),
    /// List tokens; never the texts themselves
    #[command(after_help = "Example:\n  entrepot tokens list --config entrepot.toml")]
    List(List),
    /// Revoke a token, from this moment on
    #[command(after_help = "Example:\n  entrepot tokens revoke --config entrepot.toml K0123456789ABCDEF0123")]
    Revoke(Revoke),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Admin,
    Operator,
    Gate,
    ReadOnly,
}

impl Role {
    /// As the API writes it.
    const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Gate => "gate",
            Self::ReadOnly => "read_only",
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    #[command(flatten)]
    source: Source,
    /// Who it is for; timelines and the audit log show it
    #[arg(long)]
    name: String,
    /// What it may do
    #[arg(long, value_enum)]
    role: Role,
    /// Whose data; needed for an operator where there are several merchants
    #[arg(long)]
    merchant: Option<MerchantId>,
    /// The supplier connection whose tickets a gate redeems
    #[arg(long, value_name = "CONNECTION", required_if_eq("role", "gate"))]
    gate: Option<ConnectionId>,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    source: Source,
    /// The token's id, as `tokens list` shows it
    id: String,
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Create(create) => run_create(create).await,
        Command::List(list) => run_list(list).await,
        Command::Revoke(revoke) => run_revoke(revoke).await,
    }
}

async fn run_create(create: Create) -> Result<Exit, Failure> {
    reach::with_api(&create.source, async |client, config| {
        let merchant = scope(&create, config)?;
        let mut body = json!({ "name": create.name, "role": create.role.word() });
        if let Some(merchant) = merchant {
            body["merchant"] = json!(merchant);
        }
        if let Some(gate) = &create.gate {
            body["gate"] = json!(gate);
        }
        let answer = client.request(Method::POST, "/tokens", Some(&new_key()?), Some(&body)).await?;
        let text = answer["text"].as_str();
        let text = text.ok_or_else(|| Failure::failed("the API's answer has no token; revoke it and try again"))?;
        print::note(&format!("token {}, shown this once:", print::cell(&answer["token"]["id"])));
        print::line(text)?;
        Ok(Exit::Done)
    })
    .await
}

/// Whose data the new token is about; all when none.
fn scope(create: &Create, config: &Config) -> Result<Option<MerchantId>, Failure> {
    let named = create.merchant.as_ref();
    match create.role {
        Role::Gate => merchants::of_supplier(config, named, create.gate.as_ref()).map(Some),
        _ if create.gate.is_some() => Err(Failure::usage("--gate is for the role gate only")),
        Role::Operator => merchants::one(config, named).map(Some),
        Role::Admin if named.is_some() => {
            Err(Failure::usage("an admin is everybody's; for one merchant's data take the role operator"))
        }
        Role::Admin => Ok(None),
        Role::ReadOnly => named.map(|_| merchants::one(config, named)).transpose(),
    }
}

async fn run_list(list: List) -> Result<Exit, Failure> {
    reach::with_api(&list.source, async |client, _| {
        let answer = client.get("/tokens").await?;
        if list.json {
            print::json(&answer["tokens"])?;
            return Ok(Exit::Done);
        }
        let fields = ["id", "name", "role", "merchant", "gate", "created_at", "revoked_at"];
        let row = |token: &Value| fields.map(|field| print::cell(&token[field]));
        let rows: Vec<[String; 7]> = reach::rows(&answer, "tokens")?.iter().map(row).collect();
        print::line(&print::table(["ID", "NAME", "ROLE", "MERCHANT", "GATE", "MADE", "REVOKED"], &rows))?;
        Ok(Exit::Done)
    })
    .await
}

async fn run_revoke(revoke: Revoke) -> Result<Exit, Failure> {
    reach::with_api(&revoke.source, async |client, _| {
        let path = format!("/tokens/{}", segment(&revoke.id));
        client.request(Method::DELETE, &path, Some(&new_key()?), None).await?;
        print::line(&format!("token {} is revoked", revoke.id))?;
        Ok(Exit::Done)
    })
    .await
}
