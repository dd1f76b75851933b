//! The host, as a spoilt plugin sees it: what goes out and what comes back may be changed on the way.

use std::sync::{Arc, PoisonError};

use entrepot_sdk::async_trait;
use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::services::{LogLevel, ServiceRequest, ServiceResponse, Services};
use entrepot_sdk::contract::time::Timestamp;
use entrepot_sdk::http;

use super::{Deed, Shared, Spoils};

/// The host behind it, and what is spoilt.
pub(super) struct SpoiltServices {
    pub(super) services: Arc<dyn Services>,
    pub(super) shared: Arc<Shared>,
}

impl Shared {
    /// Does something on its own; what comes of it does not matter to the plugin.
    pub(super) async fn does(&self, deed: Deed, services: &Arc<dyn Services>, request: impl Fn() -> String + Send) {
        match deed {
            Deed::LogsSecret => {
                let name = self.secret.clone().unwrap_or_default();
                if let Ok(ServiceResponse::Secret(value)) = services.request(ServiceRequest::Secret { name }).await {
                    services.log(LogLevel::Info, &value.0);
                }
            }
            Deed::LogsRequest => services.log(LogLevel::Debug, &request()),
            Deed::CallsPartner => {
                let hello = http::get("hello", "http://partner.test/hello").build();
                let _ = services.request(ServiceRequest::Http(hello)).await;
            }
            Deed::AsksForStranger => {
                let _ = services.request(ServiceRequest::Secret { name: "another_one".to_owned() }).await;
            }
        }
    }

    /// The host whose secrets are asked for.
    fn keeper(&self, services: &Arc<dyn Services>) -> Arc<dyn Services> {
        if !matches!(self.spoils, Some(Spoils::SharesSecrets)) {
            return Arc::clone(services);
        }
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(first.get_or_insert_with(|| Arc::clone(services)))
    }
}

#[async_trait]
impl Services for SpoiltServices {
    async fn request(&self, request: ServiceRequest) -> Result<ServiceResponse, Fault> {
        let mut call = match request {
            ServiceRequest::Http(call) => call,
            ServiceRequest::Secret { .. } => return self.shared.keeper(&self.services).request(request).await,
            other => return self.services.request(other).await,
        };
        if let Some(Spoils::Sent(spoil)) = self.shared.spoils {
            spoil(&mut call, &self.shared.notes);
        }
        if let Some(Spoils::SentTimes(times)) = self.shared.spoils {
            for _ in 1..times {
                let _ = self.services.request(ServiceRequest::Http(call.clone())).await;
            }
        }
        let mut received = match self.services.request(ServiceRequest::Http(call.clone())).await {
            Ok(ServiceResponse::Http(response)) => Ok(response),
            Ok(other) => return Ok(other),
            Err(fault) => Err(fault),
        };
        if let Some(Spoils::Received(spoil)) = self.shared.spoils {
            spoil(&call, &mut received);
        }
        received.map(ServiceResponse::Http)
    }

    fn log(&self, level: LogLevel, text: &str) {
        self.services.log(level, text);
    }

    fn now(&self) -> Timestamp {
        self.services.now()
    }
}
