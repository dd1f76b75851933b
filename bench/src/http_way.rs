//! Buying over HTTP: the channel's signed create call, one connection for each client, kept open. The clients run on a
//! thread of their own and do little more than to sign and to wait, because they share the machine with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aes::Aes256;
use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use entrepot_server::http::{Shared, inbound::Strangers, serve};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Result;
use crate::clients::{Buyer, Round, Sale, Until, round};
use crate::shop::{ACCOUNT, APPLICATION, CLIENT_KEY, CLIENT_SECRET, Offer, RETAIL_FEN, Shop};

/// A served shop.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Served {
    /// Serves on a free port of the loopback.
    pub async fn start(shop: &Shop, metrics: PrometheusHandle) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|fault| fault.to_string())?;
        let address = listener.local_addr().map_err(|fault| fault.to_string())?;
        let shared = Shared {
            app: shop.app.clone(),
            metrics,
            local_token: "bench".into(),
            strangers: Arc::new(Strangers::default()),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async move {
            let _ = stopped.await;
        };
        let server = tokio::spawn(serve(listener, shared, until, Duration::from_secs(2)));
        Ok(Self { address, stop, server })
    }

    /// Stops serving.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.server.await;
    }
}

/// What all calls have in common, made once.
pub struct Call {
    address: SocketAddr,
    /// The body before and after the order's number.
    body: [Vec<u8>; 2],
    scene: &'static str,
    query: String,
    /// What is signed before the body.
    signed: Vec<u8>,
}

impl Call {
    /// The create call of an offer, as the account sends it.
    pub fn new(address: SocketAddr, account: &str, offer: &Offer) -> Result<Arc<Self>> {
        Self::of_scene("create-order", address, account, offer)
    }

    /// The same to another scene that asks about a purchase.
    pub fn of_scene(scene: &'static str, address: SocketAddr, account: &str, offer: &Offer) -> Result<Arc<Self>> {
        const MARK: &str = "ORDER-NUMBER";
        let person = json!({ "name": seal("张三"), "phone": seal("13800138000"), "license_type": 0 });
        let body = json!({
            "account_id": account, "poi_id": "60001", "product_id": "9DAY-TICKET", "sku_id": "9DAY-ADULT",
            "product_out_id": offer.product, "sku_out_id": offer.sku, "count": 1, "biz_type": 2,
            "book_start_day": offer.date, "book_end_day": offer.date,
            "amount": { "origin_amount": RETAIL_FEN, "pay_amount": RETAIL_FEN, "merchant_discount_amount": 0,
                        "currency": "CNY" },
            "buyer": person, "tourists": [],
            "traveler_info": { "total_num": 1, "diff_target_crowd": false,
                               "crowd_list": [{ "crowd_type": 2, "traveler_num": 1 }] },
            "ticket_rule": { "url_type": 1, "code_sending_info": [2, 3], "code_type": 2 },
            "refund_rule": { "refund_type": 1, "refund_details": [], "auto_refund_time": 0, "can_refund_partly": true },
            "order_id": MARK, "order_type": 2, "item_order_infos": [{ "item_order_id": "8000000000000000001" }],
            "create_order_time_unix": Utc::now().timestamp(), "remark": "",
            "remark_info": { "question_and_answer_list": [] }, "custom_spi_req_extra": "",
        });
        let text = body.to_string();
        let (before, after) = text.split_once(MARK).ok_or("the body has no place for the order's number")?;
        let stamp = Utc::now().timestamp_millis();
        Ok(Arc::new(Self {
            address,
            body: [before.as_bytes().to_vec(), after.as_bytes().to_vec()],
            scene,
            query: format!("client_key={CLIENT_KEY}&timestamp={stamp}&sign=ignored"),
            signed: format!("{CLIENT_SECRET}&client_key={CLIENT_KEY}&timestamp={stamp}&http_body=").into_bytes(),
        }))
    }

    /// One request, ready to be sent.
    fn request(&self, order: &str) -> Vec<u8> {
        let [before, after] = &self.body;
        let mut hash = Sha256::new();
        for part in [&self.signed, before, &order.as_bytes().to_vec(), after] {
            hash.update(part);
        }
        let sign: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let length = before.len() + order.len() + after.len();
        let head = format!(
            "POST /in/{APPLICATION}/{}?{} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             x-bytedance-logid: {order}\r\nx-life-clientkey: {CLIENT_KEY}\r\nx-life-sign: {sign}\r\n\
             content-length: {length}\r\n\r\n",
            self.scene, self.query, self.address
        );
        let mut request = head.into_bytes();
        for part in [before.as_slice(), order.as_bytes(), after] {
            request.extend_from_slice(part);
        }
        request
    }
}

/// A guest's field as the platform encrypts it: AES-256-CBC under the application's secret.
fn seal(plain: &str) -> String {
    let mut key = [0_u8; 32];
    key.copy_from_slice(&CLIENT_SECRET.as_bytes()[..32]);
    let mut start = [0_u8; 16];
    start.copy_from_slice(&key[16..]);
    let cipher = cbc::Encryptor::<Aes256>::new(&key.into(), &start.into());
    STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(plain.as_bytes()))
}

/// One client with its connection.
pub struct HttpBuyer {
    call: Arc<Call>,
    numbers: Arc<AtomicU64>,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

/// That many clients; each connects with its first call.
pub fn buyers(call: &Arc<Call>, clients: usize, numbers: &Arc<AtomicU64>) -> Vec<HttpBuyer> {
    let one = || HttpBuyer {
        call: Arc::clone(call),
        numbers: Arc::clone(numbers),
        stream: None,
        read: Vec::with_capacity(2_048),
    };
    (0..clients).map(|_| one()).collect()
}

/// The clients of the shop's own account.
pub fn of_shop(served: &Served, shop: &Shop, clients: usize, numbers: &Arc<AtomicU64>) -> Result<Vec<HttpBuyer>> {
    Ok(buyers(&Call::new(served.address, ACCOUNT, &shop.offer)?, clients, numbers))
}

impl HttpBuyer {
    /// Connects before the first call.
    pub async fn connect(&mut self) -> std::io::Result<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.call.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    async fn exchange(&mut self, request: &[u8]) -> std::io::Result<Sale> {
        self.connect().await?;
        let stream = self.stream.as_mut().ok_or(std::io::ErrorKind::NotConnected)?;
        stream.write_all(request).await?;
        self.read.clear();
        loop {
            if stream.read_buf(&mut self.read).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(body) = whole_body(&self.read) {
                return sale(body);
            }
        }
    }
}

impl Buyer for HttpBuyer {
    async fn buy(&mut self) -> Result<Sale> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let request = self.call.request(&number.to_string());
        self.exchange(&request).await.map_err(|fault| format!("the server over HTTP: {fault}"))
    }
}

/// The answer's body, once all of it is there.
fn whole_body(read: &[u8]) -> Option<&[u8]> {
    let head_ends = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&read[..head_ends]).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    read.get(head_ends..head_ends + length)
}

/// What the channel's words mean: code 0 is an order, 100 "call again", 1 sold out.
fn sale(body: &[u8]) -> std::io::Result<Sale> {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("\"error_code\":").map(|(_, rest)| rest);
    let code: String = code.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    match code.as_str() {
        "0" => Ok(Sale::Stored),
        "100" => Ok(Sale::Busy),
        SOLD_OUT => Ok(Sale::SoldOut),
        _ => Err(std::io::Error::other(format!("answered with {text}"))),
    }
}

/// The channel's code for "nothing left".
const SOLD_OUT: &str = "1";

/// A thread of the clients' own, so that they take no turn from the server's tasks.
pub struct Apart(Option<tokio::runtime::Runtime>);

impl Apart {
    /// Starts it.
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Ok(Self(Some(runtime.map_err(|fault| fault.to_string())?)))
    }

    /// Runs something there.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let runtime = self.0.as_ref().ok_or("the clients' thread has ended")?;
        runtime.spawn(work).await.map_err(|fault| fault.to_string())
    }

    /// Lets all clients buy at once, there.
    pub async fn round<B: Buyer>(&self, buyers: Vec<B>, until: Until) -> Result<(Vec<B>, Round)> {
        self.run(round(buyers, until)).await?
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // It may be dropped where waiting for it is not allowed.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
