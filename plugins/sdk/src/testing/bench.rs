//! A plugin about to be opened, and one that is open.

use std::sync::Arc;

use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawRequest, RawResponse};
use entrepot_contract::fault::Fault;
use entrepot_contract::ids::{ApplicationId, ConnectionId, MerchantId, SceneName, TraceId};
use entrepot_contract::intent::Intent;
use entrepot_contract::looking::{Look, Seen};
use entrepot_contract::message::{CallContext, ConnectionFacts, OpenRequest, Opened, Request, Response, TokenMode};
use entrepot_contract::notice::{Notice, Told};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services as _;
use entrepot_contract::supplier::{
    Booking, Cancellation, CodeRow, Memo, PreparedCode, SupplierOrder, SupplierRequest, SupplierResponse,
};
use serde_json::{Value, json};

use super::trip;
use super::world::World;

/// A plugin about to be opened.
pub struct Bench {
    plugin: Arc<dyn Plugin>,
    world: Arc<World>,
    open: OpenRequest,
    connection: ConnectionFacts,
}

impl Bench {
    /// With no settings, base URL `http://partner.test`, connection `c1` of merchant `m1`.
    ///
    /// # Panics
    /// Never: the ids are constant.
    #[must_use]
    pub fn new(plugin: Arc<dyn Plugin>) -> Self {
        const PROVEN: &str = "a constant id";
        let open = OpenRequest {
            application: ApplicationId::parse("a1").expect(PROVEN),
            base_url: Some("http://partner.test".to_owned()),
            token_mode: TokenMode::default(),
            extra_headers: Vec::new(),
            settings: json!({}),
        };
        let connection = ConnectionFacts {
            id: ConnectionId::parse("c1").expect(PROVEN),
            merchant: MerchantId::parse("m1").expect(PROVEN),
            account: None,
            shops: Vec::new(),
            settings: json!({}),
        };
        Self { plugin, world: World::new(), open, connection }
    }

    /// Plays in that world.
    #[must_use]
    pub fn world(mut self, world: &Arc<World>) -> Self {
        self.world = Arc::clone(world);
        self
    }

    /// The instance's settings.
    #[must_use]
    pub fn settings(mut self, settings: Value) -> Self {
        self.open.settings = settings;
        self
    }

    /// The connection's settings, account and shops.
    #[must_use]
    pub fn connection(mut self, settings: Value, account: Option<&str>, shops: &[&str]) -> Self {
        self.connection.settings = settings;
        self.connection.account = account.map(str::to_owned);
        self.connection.shops = shops.iter().map(|shop| (*shop).to_owned()).collect();
        self
    }

    /// Changes anything else of the opening.
    #[must_use]
    pub fn opening(mut self, change: impl FnOnce(&mut OpenRequest)) -> Self {
        change(&mut self.open);
        self
    }

    /// Opens an instance.
    pub async fn open(&self) -> Result<Seat, Fault> {
        let (instance, opened) = self.plugin.open(trip(&self.open)?, Arc::clone(&self.world) as _).await?;
        let (world, connection) = (Arc::clone(&self.world), self.connection.clone());
        Ok(Seat { instance, opened: trip(&opened)?, world, connection })
    }
}

/// An open instance with its world.
pub struct Seat {
    instance: Arc<dyn Instance>,
    /// What opening told the host.
    pub opened: Opened,
    /// The world it plays in.
    pub world: Arc<World>,
    connection: ConnectionFacts,
}

impl Seat {
    /// The context of a call: ten seconds from the world's now.
    ///
    /// # Panics
    /// Never: the id is constant.
    #[must_use]
    pub fn context(&self) -> CallContext {
        CallContext {
            deadline: self.world.now().plus_millis(10_000),
            idempotency_key: "key-1".to_owned(),
            trace: TraceId::parse("trace-1").expect("a constant id"),
            attempt: 1,
            connection: Some(self.connection.clone()),
        }
    }

    /// One call in that context.
    pub async fn call_in(&self, context: CallContext, request: Request) -> Result<Response, Fault> {
        let answer = self.instance.call(trip(&context)?, trip(&request)?, Arc::clone(&self.world) as _).await;
        match answer {
            Ok(response) => trip(&response),
            Err(fault) => Err(trip(&fault)?),
        }
    }

    /// One call.
    pub async fn call(&self, request: Request) -> Result<Response, Fault> {
        self.call_in(self.context(), request).await
    }

    /// `locate`.
    pub async fn locate(&self, raw: RawRequest) -> Result<Located, Fault> {
        let context = CallContext { connection: None, ..self.context() };
        match self.call_in(context, Request::Channel(ChannelRequest::Locate { raw })).await? {
            Response::Channel(ChannelResponse::Located(located)) => Ok(located),
            other => Err(unasked(&other)),
        }
    }

    /// `decode`.
    pub async fn decode(&self, raw: RawRequest) -> Result<Intent, Fault> {
        match self.call(Request::Channel(ChannelRequest::Decode { raw })).await? {
            Response::Channel(ChannelResponse::Decoded { intent }) => Ok(*intent),
            other => Err(unasked(&other)),
        }
    }

    /// `encode`.
    pub async fn encode(&self, scene: SceneName, intent: Intent, outcome: Outcome) -> Result<RawResponse, Fault> {
        let (intent, outcome) = (Box::new(intent), Box::new(outcome));
        match self.call(Request::Channel(ChannelRequest::Encode { scene, intent, outcome })).await? {
            Response::Channel(ChannelResponse::Encoded { raw }) => Ok(raw),
            other => Err(unasked(&other)),
        }
    }

    /// `deliver`.
    pub async fn deliver(&self, notice: Notice) -> Result<Told, Fault> {
        match self.call(Request::Channel(ChannelRequest::Deliver { notice: Box::new(notice) })).await? {
            Response::Channel(ChannelResponse::Told(told)) => Ok(told),
            other => Err(unasked(&other)),
        }
    }

    /// `look`.
    pub async fn look(&self, what: Look) -> Result<Seen, Fault> {
        match self.call(Request::Channel(ChannelRequest::Look { what: Box::new(what) })).await? {
            Response::Channel(ChannelResponse::Seen(seen)) => Ok(*seen),
            other => Err(unasked(&other)),
        }
    }

    /// `book`.
    pub async fn book(&self, order: SupplierOrder) -> Result<Booking, Fault> {
        self.booking(SupplierRequest::Book { order: Box::new(order) }).await
    }

    /// `inquire`, without a memo.
    pub async fn inquire(&self, order: SupplierOrder) -> Result<Booking, Fault> {
        self.booking(SupplierRequest::Inquire { order: Box::new(order), memo: None }).await
    }

    async fn booking(&self, request: SupplierRequest) -> Result<Booking, Fault> {
        match self.call(Request::Supplier(request)).await? {
            Response::Supplier(SupplierResponse::Booking(booking)) => Ok(booking),
            other => Err(unasked(&other)),
        }
    }

    /// `cancel`.
    pub async fn cancel(&self, order: SupplierOrder, units: &[u16], key: &str) -> Result<Cancellation, Fault> {
        let (order, units, key) = (Box::new(order), units.to_vec(), key.to_owned());
        self.cancellation(SupplierRequest::Cancel { order, units, key }).await
    }

    /// `inquire_cancel`.
    pub async fn inquire_cancel(
        &self,
        order: SupplierOrder,
        units: &[u16],
        key: &str,
        memo: Option<Memo>,
    ) -> Result<Cancellation, Fault> {
        let (order, units, key) = (Box::new(order), units.to_vec(), key.to_owned());
        self.cancellation(SupplierRequest::InquireCancel { order, units, key, memo }).await
    }

    async fn cancellation(&self, request: SupplierRequest) -> Result<Cancellation, Fault> {
        match self.call(Request::Supplier(request)).await? {
            Response::Supplier(SupplierResponse::Cancellation(cancellation)) => Ok(cancellation),
            other => Err(unasked(&other)),
        }
    }

    /// `prepare_codes`.
    pub async fn prepare_codes(&self, rows: Vec<CodeRow>) -> Result<Vec<PreparedCode>, Fault> {
        match self.call(Request::Supplier(SupplierRequest::PrepareCodes { rows })).await? {
            Response::Supplier(SupplierResponse::Codes { rows }) => Ok(rows),
            other => Err(unasked(&other)),
        }
    }

    /// Closes it.
    pub async fn close(&self) {
        self.instance.close().await;
    }
}

fn unasked(response: &Response) -> Fault {
    let from = if matches!(response, Response::Channel(_)) { "channel" } else { "supplier" };
    Fault::garbled(format!("a {from}'s answer to another call"))
}
