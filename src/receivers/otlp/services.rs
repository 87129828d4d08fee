//! What the gRPC port serves beside traces: health, reflection, and clear words about everything else.

use std::convert::Infallible;
use std::sync::LazyLock;

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
    reflection: Rarely,
    reflection_alpha: Rarely,
}

/// A service that is built when it is first asked for: the descriptors of reflection take a megabyte, and most
/// gateways are never asked.
type Rarely = LazyLock<Result<Box<dyn Call>, String>>;

/// A service of tonic's, whatever its type.
trait Call: Send + Sync {
    fn call(&self, request: Request<Incoming>) -> BoxFuture<Response<Body>, Infallible>;
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(opentelemetry_proto::DESCRIPTORS)
        .with_service_name(TRACES)
        .with_service_name("grpc.health.v1.Health")
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

// === impl Services ===

impl Services {
    /// All of them; the trace service is reported as serving.
    pub async fn new() -> Self {
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status(TRACES, ServingStatus::Serving).await;
        Self {
            reporter,
            health: Box::new(health),
            reflection: LazyLock::new(|| match reflection().build_v1() {
                Ok(service) => Ok(Box::new(service)),
                Err(error) => Err(error.to_string()),
            }),
            reflection_alpha: LazyLock::new(|| match reflection().build_v1alpha() {
                Ok(service) => Ok(Box::new(service)),
                Err(error) => Err(error.to_string()),
            }),
        }
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
            self.health.as_ref()
        } else if path.starts_with(REFLECTION) {
            built(&self.reflection)?
        } else if path.starts_with(REFLECTION_ALPHA) {
            built(&self.reflection_alpha)?
        } else {
            return Err(Fault::new(Reason::Path, unknown(path)));
        };
        match service.call(request).await {
            Ok(response) => Ok(response.map(Reply::Tonic)),
        }
    }
}

fn built(service: &Rarely) -> Result<&dyn Call, Fault> {
    let broken = |error: &String| Fault::new(Reason::Internal, error.clone());
    service.as_ref().map(Box::as_ref).map_err(broken)
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
