//! What the gRPC port serves beside traces: health, reflection, and clear words about everything else.

use std::convert::Infallible;

use http::{Request, Response};
use hyper::body::Incoming;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower_service::Service;

use super::fault::Fault;
use crate::net::grpc::server::Reply;
use crate::telemetry::receiver::Reason;

/// The name under which health and reflection know the trace service.
const TRACES: &str = "opentelemetry.proto.collector.trace.v1.TraceService";

const HEALTH: &str = "/grpc.health.v1.Health/";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/";
const REFLECTION_ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/";

/// Services of OTLP that take what this gateway does not.
const OTHER_SIGNALS: [(&str, &str); 3] = [
    (
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/",
        "metrics",
    ),
    ("/opentelemetry.proto.collector.logs.v1.LogsService/", "logs"),
    (
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/",
        "profiles",
    ),
];

/// The services beside the trace service.
pub struct Services {
    reporter: HealthReporter,
    health: Box<dyn Call>,
    reflection: Box<dyn Call>,
    reflection_alpha: Box<dyn Call>,
}

/// A service of tonic's, whatever its type.
trait Call: Send + Sync {
    fn call(&self, request: Request<Incoming>) -> BoxFuture<Response<Body>, Infallible>;
}

// === impl Services ===

impl Services {
    /// All of them; the trace service is reported as serving.
    pub async fn new() -> Result<Self, std::io::Error> {
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status(TRACES, ServingStatus::Serving).await;
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(opentelemetry_proto::DESCRIPTORS)
                .with_service_name(TRACES)
                .with_service_name("grpc.health.v1.Health")
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        Ok(Self {
            reporter,
            health: Box::new(health),
            reflection: Box::new(reflection().build_v1().map_err(std::io::Error::other)?),
            reflection_alpha: Box::new(reflection().build_v1alpha().map_err(std::io::Error::other)?),
        })
    }

    /// Reports that no more calls are taken.
    pub async fn stopping(&self) {
        self.reporter
            .set_service_status("", ServingStatus::NotServing)
            .await;
        self.reporter
            .set_service_status(TRACES, ServingStatus::NotServing)
            .await;
    }

    /// Answers a call to anything but the trace service's `Export`.
    pub async fn call(&self, request: Request<Incoming>) -> Result<Response<Reply>, Fault> {
        let path = request.uri().path();
        let service = if path.starts_with(HEALTH) {
            &self.health
        } else if path.starts_with(REFLECTION) {
            &self.reflection
        } else if path.starts_with(REFLECTION_ALPHA) {
            &self.reflection_alpha
        } else {
            return Err(Fault::new(Reason::Path, unknown(path)));
        };
        match service.call(request).await {
            Ok(response) => Ok(response.map(Reply::Tonic)),
        }
    }
}

fn unknown(path: &str) -> String {
    match OTHER_SIGNALS
        .iter()
        .find(|(service, _)| path.starts_with(service))
    {
        Some((_, signal)) => format!("this gateway takes traces only, not {signal}"),
        None => format!("unknown method {path}"),
    }
}

// === impl Call ===

impl<S> Call for S
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync,
    S::Future: Send + 'static,
{
    fn call(&self, request: Request<Incoming>) -> BoxFuture<Response<Body>, Infallible> {
        // tonic's services are always ready.
        Box::pin(Service::call(&mut self.clone(), request))
    }
}
