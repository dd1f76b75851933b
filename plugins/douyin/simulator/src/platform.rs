//! The platform itself: its memory, its OpenAPI server and its read access for tests.

use crate::calendar::CalendarBook;
use crate::catalogue::Catalogue;
use crate::cipher::{OnlineVault, encrypt_local};
use crate::fault::{Fault, FaultQueue, FaultTarget};
use crate::groupbuy::PairProduct;
use crate::groupbuy::telling::Message;
use crate::ids::Ids;
use crate::ledger::LedgerChange;
use crate::openapi::token::TokenBook;
use crate::openapi::verify::VerifyBook;
use crate::options::{FieldEncryption, PlatformOptions};
use crate::orders::Order;
use crate::rates::RateBook;
use crate::record::{Call, Exchange, Log, Violation};
use crate::reserved::ReservedBook;
use crate::scene::Scene;
use crate::shops::ShopBook;
use crate::webhooks::Held;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Everything that changes.
#[derive(Default)]
pub(crate) struct World {
    /// Where the middleware listens; calls go to one after the other.
    pub(crate) targets: VecDeque<String>,
    pub(crate) tokens: TokenBook,
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) verifies: VerifyBook,
    pub(crate) calendar: CalendarBook,
    pub(crate) catalogue: Catalogue,
    pub(crate) shops: ShopBook,
    pub(crate) reserved: ReservedBook,
    /// Differences planted in the bills, by order.
    pub(crate) ledger_changes: Vec<(String, LedgerChange)>,
    pub(crate) rates: RateBook,
    pub(crate) faults: FaultQueue,
    pub(crate) calls: Log<Call>,
    pub(crate) exchanges: Log<Exchange>,
    pub(crate) violations: Log<Violation>,
    pub(crate) unauthorised: BTreeSet<String>,
    /// Every SPI call and webhook is lost.
    pub(crate) is_cut_off: bool,
    /// The next call of this scene about this order is lost with all its repeats.
    pub(crate) unheard: BTreeSet<(Scene, String)>,
    /// Webhooks that wait; `None`: they go out at once.
    pub(crate) held_webhooks: Option<Vec<Held>>,
    pub(crate) decrypted: u64,
    /// Flash-sale products in Laike, by Douyin's id.
    pub(crate) pairs: BTreeMap<String, PairProduct>,
    /// Notices that wait; `None`: they go out at once.
    pub(crate) held_notices: Option<Vec<Message>>,
}

impl World {
    /// The address that is next in turn.
    pub(crate) fn next_target(&mut self) -> Option<String> {
        self.targets.rotate_left(usize::from(!self.targets.is_empty()));
        self.targets.back().cloned()
    }

    pub(crate) fn violation(&mut self, at_ms: i64, order_id: Option<&str>, rule: impl Into<String>) {
        self.violations.push(Violation { at_ms, order_id: order_id.map(str::to_owned), rule: rule.into() });
    }
}

/// What the caller, the server and the behaviours share.
pub(crate) struct Shared {
    pub(crate) options: PlatformOptions,
    pub(crate) vault: OnlineVault,
    pub(crate) http: reqwest::Client,
    pub(crate) ids: Ids,
    world: Mutex<World>,
}

impl Shared {
    pub(crate) fn now_ms(&self) -> i64 {
        (self.options.now)()
    }

    /// The memory. A panic of another holder does not stop the platform: its data stay readable.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals a guest field as this application receives it (common §8.1).
    pub(crate) fn seal(&self, plain: &str) -> String {
        match self.options.field_encryption {
            FieldEncryption::Local => encrypt_local(&self.options.client_secret, plain),
            FieldEncryption::Online => self.vault.encrypt(plain),
            FieldEncryption::None => plain.to_owned(),
        }
    }

    pub(crate) fn logid(&self) -> String {
        self.ids.logid(self.now_ms())
    }
}

/// Stops the server when the last clone of the platform goes.
struct Server {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

/// A simulated Douyin life-services platform. Clones are the same platform.
#[derive(Clone)]
pub struct Platform {
    pub(crate) shared: Arc<Shared>,
    server: Arc<Server>,
}

impl Platform {
    /// Starts the platform: its OpenAPI listens on a free loopback port. Must run inside a tokio runtime.
    ///
    /// # Errors
    /// When no port can be opened or the HTTP client cannot be built.
    pub async fn start(options: PlatformOptions) -> std::io::Result<Platform> {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(std::io::Error::other)?;
        let shared = Arc::new(Shared {
            vault: OnlineVault::new(options.seed),
            ids: Ids::new(options.seed),
            http,
            world: Mutex::new(World::default()),
            options,
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let router = crate::openapi::router(Arc::clone(&shared));
        tokio::spawn(async move {
            let serve = axum::serve(listener, router).with_graceful_shutdown(async {
                // Ends when the sender is dropped, which is the signal.
                let _ = stopped.await;
            });
            // An accept loop that fails ends the server; every later call then fails to connect.
            let _ = serve.await;
        });
        Ok(Platform { shared, server: Arc::new(Server { address, _stop: stop }) })
    }

    /// Base URL of the OpenAPI, without a trailing slash: our `base_url` (common §2).
    pub fn openapi_base(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Where the middleware listens, e.g. `http://127.0.0.1:8080`; calls go to `{base}/in/{application}/{path}`.
    pub fn set_target(&self, entrepot_base: &str) {
        self.set_targets([entrepot_base]);
    }

    /// The same for several nodes: each attempt goes to the next of them, dead or alive, as behind a load balancer that
    /// asks nobody how they are.
    pub fn set_targets<'a>(&self, entrepot_bases: impl IntoIterator<Item = &'a str>) {
        let bases = entrepot_bases.into_iter().map(|base| base.trim_end_matches('/').to_owned());
        self.shared.world().targets = bases.collect();
    }

    /// The options it was started with.
    pub fn options(&self) -> &PlatformOptions {
        &self.shared.options
    }

    /// Platform time, Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.shared.now_ms()
    }

    /// Queues a fault for the next call that it can strike; the token call is struck only by
    /// [`Platform::inject_on_path`].
    pub fn inject(&self, fault: Fault) {
        self.shared.world().faults.push(FaultTarget::Any, fault);
    }

    /// Queues a fault for the next attempt of `scene`.
    pub fn inject_for(&self, scene: Scene, fault: Fault) {
        self.shared.world().faults.push(FaultTarget::Scene(scene), fault);
    }

    /// Queues a fault for the next OpenAPI call on `path`.
    pub fn inject_on_path(&self, path: &str, fault: Fault) {
        self.shared.world().faults.push(FaultTarget::Path(path.to_owned()), fault);
    }

    /// Faults that have not struck yet.
    pub fn faults_waiting(&self) -> usize {
        self.shared.world().faults.len()
    }

    /// OpenAPI calls received, oldest first, token calls included.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.world().calls.all()
    }

    /// OpenAPI calls received on one path.
    pub fn calls_on(&self, path: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| call.path == path);
        calls
    }

    /// SPI calls and webhooks made, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.world().exchanges.all()
    }

    /// Breaches of the rules by the other side.
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.world().violations.all()
    }

    /// Forgets calls, exchanges and violations; orders, tokens and faults stay.
    pub fn clear_records(&self) {
        let mut world = self.shared.world();
        world.calls.clear();
        world.exchanges.clear();
        world.violations.clear();
    }

    /// The platform's view of an order.
    pub fn order(&self, order_id: &str) -> Option<Order> {
        self.shared.world().orders.get(order_id).cloned()
    }

    /// Every order, by id.
    pub fn orders(&self) -> Vec<Order> {
        self.shared.world().orders.values().cloned().collect()
    }

    /// Token fetches that were answered with a token.
    pub fn token_fetches(&self) -> u64 {
        self.shared.world().tokens.fetches()
    }

    /// Makes every token issued so far unknown (2190002), as a foreign refresh in another deployment does.
    pub fn revoke_tokens(&self) {
        self.shared.world().tokens.revoke();
    }

    /// Ciphertexts that the decrypt call has charged.
    pub fn decrypted(&self) -> u64 {
        self.shared.world().decrypted
    }

    /// A merchant withdraws (false) or grants (true) its authorisation; withdrawn: calls answer 2119005.
    pub fn authorise(&self, account_id: &str, granted: bool) {
        let mut world = self.shared.world();
        if granted {
            world.unauthorised.remove(account_id);
        } else {
            world.unauthorised.insert(account_id.to_owned());
        }
    }

    /// The dated prices and stock known for one specification, by `yyyy-MM-dd`. `sku` is our id or Douyin's, as
    /// the publisher named it.
    pub fn calendar(&self, account_id: &str, sku: &str) -> BTreeMap<String, crate::DayOffer> {
        self.shared.world().calendar.days(account_id, sku)
    }
}
