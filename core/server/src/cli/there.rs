//! `connections there`: what a person read in a channel's console, kept with the listing for the check of the connection.

use axum::http::Method;
use entrepot_contract::ids::{ConnectionId, ListingId};
use serde_json::{Map, Value};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{print, reach};
use crate::client::{new_key, segment};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The channel connection
    connection: ConnectionId,
    /// The listing
    listing: ListingId,
    /// What its console says; FIELD= takes a field away, and without any the fields are shown
    #[arg(value_name = "FIELD=VALUE", value_parser = figure)]
    figures: Vec<(String, Value)>,
}

/// A field with its value: JSON, or a word that is none.
fn figure(text: &str) -> Result<(String, Value), String> {
    let (field, value) = text.split_once('=').ok_or("expected FIELD=VALUE")?;
    let value = match value {
        "" => Value::Null,
        value => serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
    };
    Ok((field.to_owned(), value))
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    reach::with_api(&args.source, async |client, config| {
        let (connection, listing) = (&args.connection, &args.listing);
        let merchant = config.channels().find(|(_, id, _)| *id == connection).map(|(merchant, _, _)| merchant.clone());
        let merchant = merchant.ok_or_else(|| Failure::failed(format!("{connection} is no channel connection")))?;
        let path = format!("/merchants/{}/listings/{}", segment(merchant.as_str()), segment(listing.as_str()));
        let mut found = client.get(&path).await?;
        if found["connection"] != connection.as_str() {
            return Err(Failure::failed(format!("listing {listing} is of connection {}", found["connection"])));
        }
        let mut there = found["there"].as_object().cloned().unwrap_or_default();
        if !args.figures.is_empty() {
            enter(&mut there, &args.figures);
            found["there"] = if there.is_empty() { Value::Null } else { Value::Object(there.clone()) };
            client.request(Method::PUT, &path, Some(&new_key()?), Some(&found)).await?;
        }
        print::json(&there)?;
        Ok(Exit::Done)
    })
    .await
}

fn enter(there: &mut Map<String, Value>, figures: &[(String, Value)]) {
    for (field, value) in figures {
        match value {
            Value::Null => drop(there.remove(field)),
            value => drop(there.insert(field.clone(), value.clone())),
        }
    }
}
