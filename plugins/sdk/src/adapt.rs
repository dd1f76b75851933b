//! Turns the author's [`Channel`] or [`Supplier`] into the contract's `Plugin`. The same rules hold on both sides of
//! a library's boundary: what the card does not declare is refused here as well as by the host.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use entrepot_contract::bounds;
use entrepot_contract::capability::Capabilities;
use entrepot_contract::channel::{ChannelRequest, ChannelResponse};
use entrepot_contract::declared;
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

/// What a method says that its author did not write. It is asked only for what the card declares, so the card promises
/// more than the source holds.
pub(crate) fn not_written(call: &str) -> Fault {
    let text = format!("the card declares {call}, and the plugin does not implement it");
    Fault::not_done(FaultKind::Unsupported, text)
}

/// A channel as the host calls it.
///
/// # Panics
/// When the card holds an id that cannot be one.
#[must_use]
pub fn plugin_of_channel<C: Channel>() -> Arc<dyn Plugin> {
    let manifest = manifest_of(
        C::card(),
        C::rates(),
        PluginKind::Channel,
        |channel| Capabilities { channel: Some(channel), supplier: None },
        schema_of::<C::Settings>(),
        schema_of::<C::ConnectionSettings>(),
    );
    Arc::new(ChannelPlugin::<C> { manifest: Arc::new(manifest), author: PhantomData })
}

/// A supplier as the host calls it.
///
/// # Panics
/// When the card holds an id that cannot be one.
#[must_use]
pub fn plugin_of_supplier<S: Supplier>() -> Arc<dyn Plugin> {
    let manifest = manifest_of(
        S::card(),
        S::rates(),
        PluginKind::Supplier,
        |supplier| Capabilities { channel: None, supplier: Some(supplier) },
        schema_of::<S::Settings>(),
        schema_of::<NoSettings>(),
    );
    Arc::new(SupplierPlugin::<S> { manifest: Arc::new(manifest), author: PhantomData })
}

struct ChannelPlugin<C> {
    manifest: Arc<Manifest>,
    author: PhantomData<fn() -> C>,
}

struct ChannelInstance<C> {
    channel: C,
    manifest: Arc<Manifest>,
    closed: AtomicBool,
}

#[async_trait]
impl<C: Channel> Plugin for ChannelPlugin<C> {
    fn manifest(&self) -> Manifest {
        (*self.manifest).clone()
    }

    async fn open(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let context = OpenContext::new(&request, services);
        let channel = C::open(&context, parse(&request.settings)?).await?;
        let opened = Opened { answers: channel.ready_answers() };
        let (manifest, closed) = (Arc::clone(&self.manifest), AtomicBool::new(false));
        Ok((Arc::new(ChannelInstance { channel, manifest, closed }), opened))
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
        let name = admitted(&self.closed, &self.manifest, &request)?;
        let Request::Channel(request) = request else {
            return Err(Fault::unsupported(name));
        };
        let answer = match request {
            ChannelRequest::Locate { raw } => {
                let located = self.channel.locate(&raw)?;
                read_within(&located)?;
                ChannelResponse::Located(located)
            }
            ChannelRequest::Decode { raw } => {
                let call = Call::of_channel(context, services)?;
                let intent = self.channel.decode(&call, raw).await?;
                read_within(&intent)?;
                ChannelResponse::Decoded { intent: Box::new(intent) }
            }
            ChannelRequest::Encode { scene, intent, outcome } => {
                let call = Call::of_channel(context, services)?;
                ChannelResponse::Encoded { raw: self.channel.encode(&call, &scene, &intent, &outcome)? }
            }
            ChannelRequest::Deliver { notice } => {
                ChannelResponse::Told(self.channel.deliver(&Call::of_channel(context, services)?, *notice).await?)
            }
            ChannelRequest::Look { what } => {
                let call = Call::of_channel(context, services)?;
                let seen = self.channel.look(&call, *what).await?;
                bounds::check(&seen).map_err(|part| Fault::garbled(format!("the partner says too much: {part}")))?;
                ChannelResponse::Seen(Box::new(seen))
            }
            ChannelRequest::Unknown => return Err(Fault::unsupported(name)),
        };
        Ok(Response::Channel(answer))
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

struct SupplierPlugin<S> {
    manifest: Arc<Manifest>,
    author: PhantomData<fn() -> S>,
}

struct SupplierInstance<S> {
    supplier: S,
    manifest: Arc<Manifest>,
    closed: AtomicBool,
}

#[async_trait]
impl<S: Supplier> Plugin for SupplierPlugin<S> {
    fn manifest(&self) -> Manifest {
        (*self.manifest).clone()
    }

    async fn open(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let context = OpenContext::new(&request, services);
        let supplier = S::open(&context, parse(&request.settings)?).await?;
        let opened = Opened { answers: supplier.ready_answers() };
        let (manifest, closed) = (Arc::clone(&self.manifest), AtomicBool::new(false));
        Ok((Arc::new(SupplierInstance { supplier, manifest, closed }), opened))
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
        use SupplierResponse as A;
        let name = admitted(&self.closed, &self.manifest, &request)?;
        let Request::Supplier(request) = request else {
            return Err(Fault::unsupported(name));
        };
        let supplier = &self.supplier;
        if let SupplierRequest::Hear { raw } = &request {
            return Ok(Response::Supplier(A::Heard(supplier.hear(raw)?)));
        }
        let call = &Call::of_supplier(context, services)?;
        let answer = match request {
            SupplierRequest::Hold { order, until } => A::Holding(supplier.hold(call, *order, until).await?),
            SupplierRequest::Release { order } => {
                supplier.release(call, *order).await?;
                A::Released
            }
            SupplierRequest::Book { order } => A::Booking(supplier.book(call, *order).await?),
            SupplierRequest::Inquire { order, memo } => A::Booking(supplier.inquire(call, *order, memo).await?),
            SupplierRequest::Cancel { order, units, key } => {
                A::Cancellation(supplier.cancel(call, *order, units, key).await?)
            }
            SupplierRequest::InquireCancel { order, units, key, memo } => {
                A::Cancellation(supplier.inquire_cancel(call, *order, units, key, memo).await?)
            }
            SupplierRequest::Usage { order } => A::Usage(supplier.usage(call, *order).await?),
            SupplierRequest::Resend { order, how, key } => A::Resent(supplier.resend(call, *order, how, key).await?),
            SupplierRequest::ReadCatalogue { page } => A::Catalogue(supplier.read_catalogue(call, page).await?),
            SupplierRequest::ReadCalendar { product_code, first, last, page } => {
                A::Calendar(supplier.read_calendar(call, product_code, (first, last), page).await?)
            }
            SupplierRequest::PrepareCodes { rows } => A::Codes { rows: supplier.prepare_codes(call, rows).await? },
            SupplierRequest::Hear { .. } | SupplierRequest::Unknown => return Err(Fault::unsupported(name)),
        };
        let heard = |part| Fault::garbled(format!("the partner says too much: {part}"));
        bounds::check(&answer).map_err(heard)?;
        Ok(Response::Supplier(answer))
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// What a partner's call says is no longer than the contract allows. A longer call is the partner's mistake, not this
/// plugin's: otherwise whoever sends one would have the host leave the plugin alone.
fn read_within(read: &impl serde::Serialize) -> Result<(), Fault> {
    bounds::check(read).map_err(|part| Fault::invalid(format!("the call says too much: {part}")))
}

/// The call's name, when the instance is open and its card declares the call.
fn admitted(closed: &AtomicBool, manifest: &Manifest, request: &Request) -> Result<&'static str, Fault> {
    if closed.load(Ordering::Acquire) {
        return Err(Fault::not_done(FaultKind::Unavailable, "the instance is closed"));
    }
    match declared::missing(manifest, request) {
        Some(what) => Err(Fault::not_done(FaultKind::Unsupported, format!("this plugin does not declare {what}"))),
        None => Ok(request.name()),
    }
}
