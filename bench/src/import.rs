//! A file of codes imported into a pool over HTTP, as an operator does it, beside the same rows inserted plainly.

use std::net::SocketAddr;
use std::time::Instant;

use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;
use crate::database::{Choice, Source};
use crate::http_way::{Apart, Served};
use crate::machine::{Machine, resident_mib};
use crate::shop::Shop;
use crate::sql::Sql;
use crate::table::{number, report};

const MERCHANT: &str = "lakeside";
const POOL: &str = "imported";

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// Rows of the file; one import takes 200,000 at most
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    rows: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    way: &'static str,
    rows: i64,
    seconds: f64,
    rows_per_s: f64,
    /// Memory of the whole process afterwards.
    resident_mib: u64,
}

impl Row {
    fn new(database: &'static str, way: &'static str, rows: i64, seconds: f64) -> Self {
        Self { database, way, rows, seconds, rows_per_s: rows as f64 / seconds, resident_mib: resident_mib() }
    }
}

/// Runs and prints.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let metrics = entrepot_server::telemetry::start_metrics()?;
    let mut rows = Vec::new();
    for source in options.databases.sources()? {
        rows.push(plain(&source, options.rows).await?);
        rows.extend(imported(&source, options.rows, &metrics).await?);
    }
    let heads = ["database", "way", "rows", "seconds", "rows/s", "memory MiB"];
    report(options.json, &machine, &rows, &heads, |row| {
        let Row { database, way, rows, seconds, rows_per_s, resident_mib } = row;
        let told = [number(*seconds), number(*rows_per_s), resident_mib.to_string()];
        [(*database).to_owned(), (*way).to_owned(), rows.to_string()].into_iter().chain(told).collect()
    })
}

async fn plain(source: &Source, count: u32) -> Result<Row> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let url = source.fresh("import_plain").await?;
    // Only for its schema.
    Shop::open(&url, folder.path(), json!({})).await?.app.stop().await;
    let sql = Sql::connect(&url, 1).await?;
    let begun = Instant::now();
    sql.plain_codes(MERCHANT, POOL, count).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let row = Row::new(source.kind(), "plain", stands(&sql, count).await?, seconds);
    sql.close().await;
    Ok(row)
}

/// Imported, and given a second time: then every row is a duplicate.
async fn imported(source: &Source, count: u32, metrics: &PrometheusHandle) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let url = source.fresh("import").await?;
    let shop = Shop::open(&url, folder.path(), json!({})).await?;
    let served = Served::start(&shop, metrics.clone()).await?;
    let sql = Sql::connect(&url, 1).await?;
    let apart = Apart::start()?;
    let file: String =
        std::iter::once("code\n".to_owned()).chain((0..count).map(|n| format!("SUN-{n:08}\n"))).collect();
    let mut rows = Vec::new();
    for (way, key, expected) in [("import", "first", count), ("again", "second", 0)] {
        let request = request(key, &file);
        let begun = Instant::now();
        let answer = apart.run(post(served.address, request)).await??;
        let seconds = begun.elapsed().as_secs_f64();
        if answer["added"] != expected {
            return Err(format!("{way}: {expected} rows were to be added; the server answered {answer}"));
        }
        rows.push(Row::new(source.kind(), way, stands(&sql, count).await?, seconds));
    }
    let broken = shop.broken_invariants().await?;
    sql.close().await;
    served.stop().await;
    shop.app.stop().await;
    if broken.is_empty() { Ok(rows) } else { Err(broken.join("; ")) }
}

/// Counted in the database, not by the client.
async fn stands(sql: &Sql, count: u32) -> Result<i64> {
    let found = sql.codes_of(POOL).await?;
    if found == i64::from(count) { Ok(found) } else { Err(format!("{count} codes were given, {found} stand there")) }
}

fn request(key: &str, file: &str) -> Vec<u8> {
    let head = format!(
        "POST /api/v1/merchants/{MERCHANT}/pools/{POOL}/codes?batch=one HTTP/1.1\r\nhost: localhost\r\n\
         authorization: Bearer bench\r\nidempotency-key: {key}\r\ncontent-type: text/csv\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        file.len()
    );
    [head.as_bytes(), file.as_bytes()].concat()
}

async fn post(address: SocketAddr, request: Vec<u8>) -> Result<Value> {
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&request).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = talk.await.map_err(|fault| format!("the import: {fault}"))?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("the server's answer has no end of its head")?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("the import was answered {}: {body}", head.lines().next().unwrap_or_default()));
    }
    let shown: Value = serde_json::from_str(body).map_err(|fault| format!("the server's answer: {fault}"))?;
    Ok(shown)
}
