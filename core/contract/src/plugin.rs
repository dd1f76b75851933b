//! The one trait the host calls. Authors implement `Channel` or `Supplier` of the SDK, which adapts them to this.

use std::sync::Arc;

use async_trait::async_trait;

use crate::fault::Fault;
use crate::manifest::Manifest;
use crate::message::{CallContext, OpenRequest, Opened, Request, Response};
use crate::services::Services;

/// A plugin: its card, and the way to open instances of it.
#[async_trait]
pub trait Plugin: Send + Sync {
    /// Its card; the same at every call.
    fn manifest(&self) -> Manifest;

    /// Opens an instance. Fails when the settings, though valid against the schema, cannot work.
    async fn open(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault>;
}

/// A running plugin.
#[async_trait]
pub trait Instance: Send + Sync {
    /// One call. `services` belongs to this call: what it logs and sends is attached to its order.
    async fn call(
        &self,
        context: CallContext,
        request: Request,
        services: Arc<dyn Services>,
    ) -> Result<Response, Fault>;

    /// Stops its work; calls in flight may still end.
    async fn close(&self);
}
