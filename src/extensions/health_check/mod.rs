//! `health_check`: 200 while every receiver listens and spans are taken; 503 before, while the process stops, and while
//! a journal cannot take spans. What is wrong is listed in its body, also what stops nothing.

mod config;

pub use config::HealthCheckSettings;

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::StatusCode;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::net::listen::{Listener, Place};
use crate::net::pages;
use crate::net::tls::{self, Acceptor};
use crate::pipeline::parts::{Extension, Surroundings};
use crate::telemetry::health::{Health, Stage};
use crate::telemetry::receiver::ConnectionEvents;

/// The page, not yet served.
pub struct HealthCheck {
    settings: HealthCheckSettings,
    health: Health,
}

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name: "health_check",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Says over HTTP whether spans are taken.",
    };
    Factory::of::<HealthCheckSettings>(Kind::Extension, about, |settings, _, surroundings| {
        Ok(Box::new(HealthCheck {
            settings,
            health: surroundings.health.clone(),
        }))
    })
}

// === impl HealthCheck ===

impl Extension for HealthCheck {
    fn start(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        self.serve(stop).boxed()
    }
}

impl HealthCheck {
    async fn serve(self: Box<Self>, stop: CancellationToken) -> io::Result<()> {
        let tls = self.settings.tls.as_ref();
        let tls = tls.map(|tls| Acceptor::new(tls, tls::HTTP1, "extension health_check"));
        let tls = tls.transpose().map_err(io::Error::other)?;
        let listener = Listener::bind(Place::tcp(&self.settings.endpoint))
            .await?
            .with_tls(tls);
        let addresses = listener.names()?;
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
        let events = ConnectionEvents::new("health_check", "http");
        for address in addresses {
            tracing::info!(address, "health_check listens");
        }
        tokio::spawn(pages::serve(listener, Arc::new(page), events, stop));
        Ok(())
    }

    fn page(&self) -> (StatusCode, String) {
        let troubles = self.health.troubles();
        let stopped = troubles.values().any(|trouble| trouble.stops);
        let ready = self.health.stage() == Stage::Ready && !stopped;
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
        let mut body = json!({
            "status": if ready { "Server available" } else { "Server not available" },
            "uptime": format!("{:?}", self.health.uptime()),
        });
        if let (false, Some(fields)) = (troubles.is_empty(), body.as_object_mut()) {
            let sentences = troubles
                .iter()
                .map(|(who, trouble)| format!("{who}: {}", trouble.reason));
            fields.insert("troubles".into(), sentences.collect());
        }
        (status, body.to_string())
    }
}
