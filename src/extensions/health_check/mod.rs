//! `health_check`: 200 while every receiver listens, 503 before and while the process stops.

mod config;

pub use config::HealthCheckSettings;

use std::io;
use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use crate::net::pages;
use crate::telemetry::health::{Health, Stage};

/// The page, not yet served.
pub struct HealthCheck {
    settings: HealthCheckSettings,
    health: Health,
}

// === impl HealthCheck ===

impl HealthCheck {
    /// A page about `health`.
    pub fn new(settings: HealthCheckSettings, health: Health) -> Self {
        Self { settings, health }
    }

    /// Binds and serves until the process ends.
    pub async fn start(self) -> io::Result<()> {
        let endpoint = self.settings.endpoint.clone();
        let page = move |request: &http::Request<hyper::body::Incoming>| {
            if request.uri().path() != self.settings.path {
                return pages::text(StatusCode::NOT_FOUND, "text/plain", "no such page\n".into());
            }
            let (status, body) = self.page();
            let kind = if self.settings.response_body.is_some() {
                "text/plain"
            } else {
                "application/json"
            };
            pages::text(status, kind, body)
        };
        let (address, _) = pages::serve(&endpoint, Arc::new(page)).await?;
        tracing::info!(%address, "health_check listens");
        Ok(())
    }

    fn page(&self) -> (StatusCode, String) {
        let ready = self.health.stage() == Stage::Ready;
        let status = if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        if let Some(body) = &self.settings.response_body {
            return (
                status,
                if ready {
                    body.healthy.clone()
                } else {
                    body.unhealthy.clone()
                },
            );
        }
        let body = json!({
            "status": if ready { "Server available" } else { "Server not available" },
            "uptime": format!("{:?}", self.health.uptime()),
        });
        (status, body.to_string())
    }
}
