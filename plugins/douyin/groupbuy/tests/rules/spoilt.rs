//! The plugin with one thing wrong in it, put around the plugin itself: what no switch of the core can spoil.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use entrepot_contract::async_trait;
use entrepot_contract::channel::{ChannelRequest, ChannelResponse};
use entrepot_contract::fault::Fault;
use entrepot_contract::ids::PluginId;
use entrepot_contract::intent::Intent;
use entrepot_contract::manifest::Manifest;
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_contract::notice::{Notice, OrderEvent};
use entrepot_contract::order::GuestField;
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// Whatever Laike ticked, everything is shown.
    UntickedKindShown,
    /// Of a buyer the name is kept, too.
    NameKept,
    /// Each try of a use bears a token of its own.
    TokenOfEachTry,
}

/// Its id, beside the plugin's own.
pub const ID: &str = "spoilt-groupbuy";

thread_local! {
    static ACTIVE: Cell<Option<Slip>> = const { Cell::new(None) };
}

/// What is wrong on this thread.
pub fn active() -> Option<Slip> {
    ACTIVE.get()
}

/// Something is wrong on this thread until this is dropped.
#[must_use = "it is right again when this is dropped"]
pub struct Slipped(());

impl Slipped {
    pub fn new(slip: Slip) -> Self {
        ACTIVE.set(Some(slip));
        Self(())
    }
}

impl Drop for Slipped {
    fn drop(&mut self) {
        ACTIVE.set(None);
    }
}

/// The plugin, spoilt.
pub fn plugin(slip: Slip) -> Arc<dyn Plugin> {
    Arc::new(Spoilt { inner: douyin_groupbuy::plugin(), slip })
}

struct Spoilt {
    inner: Arc<dyn Plugin>,
    slip: Slip,
}

struct SpoiltInstance {
    inner: Arc<dyn Instance>,
    slip: Slip,
    tries: AtomicU64,
}

#[async_trait]
impl Plugin for Spoilt {
    fn manifest(&self) -> Manifest {
        Manifest { id: PluginId::parse(ID).unwrap(), ..self.inner.manifest() }
    }

    async fn open(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let (inner, opened) = self.inner.open(request, services).await?;
        Ok((Arc::new(SpoiltInstance { inner, slip: self.slip, tries: AtomicU64::new(0) }), opened))
    }
}

#[async_trait]
impl Instance for SpoiltInstance {
    async fn call(
        &self,
        mut context: CallContext,
        mut request: Request,
        services: Arc<dyn Services>,
    ) -> Result<Response, Fault> {
        match self.slip {
            Slip::UntickedKindShown => {
                let settings = context.connection.as_mut().and_then(|facts| facts.settings.as_object_mut());
                settings.map(|settings| settings.remove("shown"));
            }
            Slip::TokenOfEachTry => {
                if let Request::Channel(ChannelRequest::Deliver { notice }) = &mut request
                    && let Notice::Order(told) = notice.as_mut()
                    && let OrderEvent::Redeemed { token, .. } = &mut told.event
                {
                    *token = format!("{token}-{}", self.tries.fetch_add(1, Ordering::Relaxed));
                }
            }
            Slip::NameKept => {}
        }
        let mut answer = self.inner.call(context, request, services).await;
        if let (Slip::NameKept, Ok(Response::Channel(ChannelResponse::Decoded { intent }))) = (self.slip, &mut answer)
            && let Intent::CreateOrder(create) = intent.as_mut()
            && let (None, Some(buyer)) = (&create.source_order, create.wish.guests.buyer.as_mut())
        {
            buyer.name = Some(GuestField::Plain("林小满".to_owned()));
        }
        answer
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
