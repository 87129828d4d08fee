//! The `otlp` receiver: OTLP traces over gRPC and HTTP, as the specification asks of a server.
//!
//! Promises: a success answer is the pipelines' own; what cannot be taken is refused in the words of the
//! protocol, with a time to come back where that helps; every byte held is paid from the budget beforehand.

mod body;
pub mod config;
mod cors;
mod door;
mod doors;
mod fault;
mod format;
mod grpc;
mod guard;
mod http;
mod metadata;
mod project;
mod services;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, join};
use hyper::service::service_fn;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::config::{GrpcConfig, HttpConfig, OtlpConfig};
use self::door::Door;
use self::grpc::Grpc;
use self::guard::Guard;
use self::http::Http;
use self::services::Services;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::id::ComponentId;
use crate::net::auth::Authenticators;
use crate::net::listen::Listener;
use crate::net::serve::{Connection, serve};
use crate::net::tls::{self, Acceptor, Protocols, ServerTls};
use crate::pipeline::client::Client;
use crate::pipeline::intake::Intake;
use crate::pipeline::parts::Surroundings;
use crate::pipeline::receiver::Receiver;
use crate::telemetry::receiver::{ConnectionEvents, ReceiverEvents};

/// A configured receiver.
#[derive(Clone, Debug)]
pub struct OtlpReceiver {
    id: String,
    config: OtlpConfig,
    authenticators: Authenticators,
}

/// A receiver that listens and does not serve yet.
pub struct Bound {
    id: String,
    grpc: Option<(Listener, Guard, GrpcConfig)>,
    http: Option<(Listener, Guard, HttpConfig)>,
}

/// How the receiver is known to configuration.
pub fn factory() -> Factory<Box<dyn Receiver>, Surroundings> {
    let about = About {
        name: "otlp",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Takes OTLP traces over gRPC and HTTP.",
    };
    Factory::of::<OtlpConfig>(Kind::Receiver, about, |config, id, surroundings| {
        let receiver = OtlpReceiver::new(id.to_string(), config);
        Ok(Box::new(
            receiver.with_authenticators(&surroundings.authenticators),
        ))
    })
}

// === impl OtlpReceiver ===

impl OtlpReceiver {
    /// The receiver with id `id` (`otlp`, `otlp/name`); `config` has been validated.
    pub fn new(id: impl Into<String>, config: OtlpConfig) -> Self {
        Self {
            id: id.into(),
            config,
            authenticators: Authenticators::default(),
        }
    }

    /// Where those are that `auth` names.
    pub fn with_authenticators(self, authenticators: &Authenticators) -> Self {
        Self {
            authenticators: authenticators.clone(),
            ..self
        }
    }

    /// Begins to listen; names the endpoint or the authenticator that cannot be had.
    pub async fn bind(self) -> io::Result<Bound> {
        let mut bound = Bound {
            id: self.id.clone(),
            grpc: None,
            http: None,
        };
        if let Some(grpc) = self.config.protocols.grpc.on() {
            let guard = self.guard(grpc.auth.as_ref().map(|auth| &auth.authenticator))?;
            let tls = self.acceptor(grpc.tls.as_ref(), tls::HTTP2, "grpc")?;
            let listener = Listener::bind(grpc.place()).await?.with_tls(tls);
            bound.grpc = Some((listener, guard, grpc.clone()));
        }
        if let Some(http) = self.config.protocols.http.on() {
            let auth = http.auth.as_ref();
            let guard = self.guard(auth.map(|auth| &auth.authenticator))?;
            let guard = guard.with_parameters(auth.map_or(&[], |auth| &auth.request_params));
            let tls = self.acceptor(http.tls.as_ref(), tls::HTTP, "http")?;
            let listener = Listener::bind(http.place()).await?.with_tls(tls);
            bound.http = Some((listener, guard, http.clone()));
        }
        Ok(bound)
    }

    fn acceptor(
        &self,
        tls: Option<&ServerTls>,
        protocols: Protocols,
        transport: &str,
    ) -> io::Result<Option<Acceptor>> {
        let owner = format!("receiver {}/{transport}", self.id);
        let acceptor = tls.map(|tls| Acceptor::new(tls, protocols, &owner));
        acceptor.transpose().map_err(io::Error::other)
    }

    fn guard(&self, authenticator: Option<&ComponentId>) -> io::Result<Guard> {
        let server = self.authenticators.server(authenticator);
        server.map(Guard::new).map_err(io::Error::other)
    }
}

impl Receiver for OtlpReceiver {
    fn start(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, io::Result<BoxFuture<'static, ()>>> {
        async move { self.bind().await?.serve(intake, stop).await }.boxed()
    }
}

// === impl Bound ===

impl Bound {
    /// Where gRPC is served; empty when it is not.
    pub fn grpc_addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.grpc
            .as_ref()
            .map_or(Ok(Vec::new()), |(listener, ..)| listener.addresses())
    }

    /// Where HTTP is served; empty when it is not.
    pub fn http_addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.http
            .as_ref()
            .map_or(Ok(Vec::new()), |(listener, ..)| listener.addresses())
    }

    /// Serves until `stop`; the result ends when the last request has been answered, and cuts off what is
    /// left when it is dropped.
    pub async fn serve(
        self,
        intake: Arc<dyn Intake>,
        stop: CancellationToken,
    ) -> io::Result<BoxFuture<'static, ()>> {
        let nothing = || async {}.boxed();
        let grpc = match self.grpc {
            Some((listener, guard, config)) => {
                serve_grpc(&self.id, listener, guard, config, intake.clone(), stop.clone()).await?
            }
            None => nothing(),
        };
        let http = match self.http {
            Some((listener, guard, config)) => serve_http(&self.id, listener, guard, config, intake, stop)?,
            None => nothing(),
        };
        // Their own tasks, so that a receiver serves whether or not anybody polls the result.
        let tasks = join(
            AbortOnDropHandle::new(tokio::spawn(grpc)),
            AbortOnDropHandle::new(tokio::spawn(http)),
        );
        Ok(tasks.map(|_| ()).boxed())
    }
}

async fn serve_grpc(
    id: &str,
    listener: Listener,
    guard: Guard,
    config: GrpcConfig,
    intake: Arc<dyn Intake>,
    stop: CancellationToken,
) -> io::Result<BoxFuture<'static, ()>> {
    let events = ReceiverEvents::new(id, "grpc");
    events.listening(&listener.names()?);
    let connections = ConnectionEvents::new(id, "grpc");
    let budget = intake.budget().clone();
    let grpc = Arc::new(Grpc {
        services: Services::new().await,
        door: Door {
            intake,
            events,
            limit: config.limit(),
            guard,
            include_metadata: config.include_metadata,
            large: door::large(),
        },
    });
    let serving = grpc.clone();
    let new_service = move |connection: Connection| {
        let grpc = serving.clone();
        let client = client(&connection);
        service_fn(move |request| {
            let in_flight = connection.activity.request();
            let (grpc, client) = (grpc.clone(), client.clone());
            async move {
                let response = grpc.handle(&client, request).await;
                drop(in_flight);
                Ok(response)
            }
        })
    };
    let settings = config.serve();
    Ok(async move {
        let stopping = async {
            stop.cancelled().await;
            grpc.services.stopping().await;
        };
        join(
            serve(listener, settings, budget, connections, new_service, stop.clone()),
            stopping,
        )
        .await;
    }
    .boxed())
}

fn serve_http(
    id: &str,
    listener: Listener,
    guard: Guard,
    config: HttpConfig,
    intake: Arc<dyn Intake>,
    stop: CancellationToken,
) -> io::Result<BoxFuture<'static, ()>> {
    let events = ReceiverEvents::new(id, "http");
    events.listening(&listener.names()?);
    let connections = ConnectionEvents::new(id, "http");
    let budget = intake.budget().clone();
    let door = Door {
        intake,
        events,
        limit: config.limit(),
        guard,
        include_metadata: config.include_metadata,
        large: door::large(),
    };
    let http = Arc::new(Http::new(door, &config));
    let new_service = move |connection: Connection| {
        let http = http.clone();
        let client = client(&connection);
        service_fn(move |request| {
            let in_flight = connection.activity.request();
            let (http, client) = (http.clone(), client.clone());
            async move {
                let response = http.handle(&client, request).await;
                drop(in_flight);
                Ok(response)
            }
        })
    };
    Ok(serve(listener, config.serve(), budget, connections, new_service, stop).boxed())
}

/// What is known of a client whose requests carry nothing of their own.
fn client(connection: &Connection) -> Arc<Client> {
    Arc::new(Client {
        address: connection.peer,
        ..Client::default()
    })
}
