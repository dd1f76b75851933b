//! Turns the author's [`Channel`] or [`Supplier`] into the contract's `Plugin`. The same rules hold on both sides of
//! a library's boundary: what the card does not declare is refused here as well as by the host.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use entrepot_contract::capability::{Capabilities, ChannelCapabilities, SupplierCapabilities, SupplierFulfilment};
use entrepot_contract::channel::{ChannelRequest, ChannelResponse};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::manifest::{Manifest, PluginKind};
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services;
use entrepot_contract::supplier::{SupplierRequest, SupplierResponse};

use crate::card::manifest_of;
use crate::channel::Channel;
use crate::context::{Call, OpenContext};
use crate::settings::{NoSettings, parse, schema_of};
use crate::supplier::Supplier;

/// A channel as the host calls it.
///
/// # Panics
/// When the card holds an id that cannot be one.
#[must_use]
pub fn plugin_of_channel<C: Channel>() -> Arc<dyn Plugin> {
    let manifest = manifest_of(
        C::card(),
        PluginKind::Channel,
        |channel| Capabilities { channel: Some(channel), supplier: None },
        schema_of::<C::Settings>(),
        schema_of::<C::ConnectionSettings>(),
    );
    Arc::new(ChannelPlugin::<C> { manifest, author: PhantomData })
}

/// A supplier as the host calls it.
///
/// # Panics
/// When the card holds an id that cannot be one.
#[must_use]
pub fn plugin_of_supplier<S: Supplier>() -> Arc<dyn Plugin> {
    let manifest = manifest_of(
        S::card(),
        PluginKind::Supplier,
        |supplier| Capabilities { channel: None, supplier: Some(supplier) },
        schema_of::<S::Settings>(),
        schema_of::<NoSettings>(),
    );
    Arc::new(SupplierPlugin::<S> { manifest, author: PhantomData })
}

struct ChannelPlugin<C> {
    manifest: Manifest,
    author: PhantomData<fn() -> C>,
}

struct ChannelInstance<C> {
    channel: C,
    capabilities: ChannelCapabilities,
    closed: AtomicBool,
}

#[async_trait]
impl<C: Channel> Plugin for ChannelPlugin<C> {
    fn manifest(&self) -> Manifest {
        self.manifest.clone()
    }

    async fn open(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let context = OpenContext::new(&request, services);
        let channel = C::open(&context, parse(&request.settings)?).await?;
        let opened = Opened { answers: channel.ready_answers() };
        let capabilities = self.manifest.capabilities.channel.clone().unwrap_or_default();
        let closed = AtomicBool::new(false);
        Ok((Arc::new(ChannelInstance { channel, capabilities, closed }), opened))
    }
}

#[async_trait]
impl<C: Channel> Instance for ChannelInstance<C> {
    async fn call(
        &self,
        context: CallContext,
        request: Request,
        services: Arc<dyn Services>,
    ) -> Result<Response, Fault> {
        refuse_closed(&self.closed)?;
        let name = request.name();
        let Request::Channel(request) = request else {
            return Err(Fault::unsupported(name));
        };
        let answer = match request {
            ChannelRequest::Locate { raw } => ChannelResponse::Located(self.channel.locate(&raw)?),
            ChannelRequest::Decode { raw } => {
                let call = Call::of_channel(context, services)?;
                ChannelResponse::Decoded { intent: Box::new(self.channel.decode(&call, raw).await?) }
            }
            ChannelRequest::Encode { scene, intent, outcome } => {
                let call = Call::of_channel(context, services)?;
                ChannelResponse::Encoded { raw: self.channel.encode(&call, &scene, &intent, &outcome)? }
            }
            ChannelRequest::Deliver { notice } => {
                let event = notice.event.name();
                if !self.capabilities.notices.iter().any(|declared| declared == event) {
                    return Err(Fault::unsupported(&format!("deliver {event}")));
                }
                self.channel.deliver(&Call::of_channel(context, services)?, *notice).await?;
                ChannelResponse::Delivered
            }
        };
        Ok(Response::Channel(answer))
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

struct SupplierPlugin<S> {
    manifest: Manifest,
    author: PhantomData<fn() -> S>,
}

struct SupplierInstance<S> {
    supplier: S,
    capabilities: SupplierCapabilities,
    closed: AtomicBool,
}

#[async_trait]
impl<S: Supplier> Plugin for SupplierPlugin<S> {
    fn manifest(&self) -> Manifest {
        self.manifest.clone()
    }

    async fn open(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let context = OpenContext::new(&request, services);
        let supplier = S::open(&context, parse(&request.settings)?).await?;
        let capabilities = self.manifest.capabilities.supplier.clone().unwrap_or_default();
        let closed = AtomicBool::new(false);
        Ok((Arc::new(SupplierInstance { supplier, capabilities, closed }), Opened::default()))
    }
}

#[async_trait]
impl<S: Supplier> Instance for SupplierInstance<S> {
    async fn call(
        &self,
        context: CallContext,
        request: Request,
        services: Arc<dyn Services>,
    ) -> Result<Response, Fault> {
        refuse_closed(&self.closed)?;
        let name = request.name();
        let Request::Supplier(request) = request else {
            return Err(Fault::unsupported(name));
        };
        if !declared(&self.capabilities, &request) {
            return Err(Fault::unsupported(name));
        }
        let call = Call::of_supplier(context, services)?;
        let answer = match request {
            SupplierRequest::Book { order } => SupplierResponse::Booking(self.supplier.book(&call, *order).await?),
            SupplierRequest::Inquire { order } => {
                SupplierResponse::Booking(self.supplier.inquire(&call, *order).await?)
            }
            SupplierRequest::Cancel { order, units, key } => {
                SupplierResponse::Cancellation(self.supplier.cancel(&call, *order, units, key).await?)
            }
            SupplierRequest::PrepareCodes { rows } => {
                SupplierResponse::Codes { rows: self.supplier.prepare_codes(&call, rows).await? }
            }
        };
        Ok(Response::Supplier(answer))
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

fn declared(capabilities: &SupplierCapabilities, request: &SupplierRequest) -> bool {
    match request {
        SupplierRequest::Book { .. } => capabilities.book,
        SupplierRequest::Inquire { .. } => capabilities.inquire,
        SupplierRequest::Cancel { order, units, .. } if units.len() < usize::from(order.count) => {
            capabilities.cancel_units
        }
        SupplierRequest::Cancel { .. } => capabilities.cancel,
        SupplierRequest::PrepareCodes { .. } => capabilities.fulfilment == SupplierFulfilment::Pool,
    }
}

fn refuse_closed(closed: &AtomicBool) -> Result<(), Fault> {
    if closed.load(Ordering::Acquire) {
        return Err(Fault::not_done(FaultKind::Unavailable, "the instance is closed"));
    }
    Ok(())
}
