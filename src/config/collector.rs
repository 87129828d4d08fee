//! Types that a Collector distribution may have, so that a missing one is not taken for a slip of the pen.

use super::factory::Kind;

/// Whether the Collector's distributions have a component of that type.
pub fn has(kind: Kind, type_name: &str) -> bool {
    let types = match kind {
        Kind::Receiver => {
            "awsxray datadog filelog fluentforward googlecloudpubsub hostmetrics jaeger \
             k8s_cluster k8s_events kafka kubeletstats nop opencensus otelarrow prometheus \
             skywalking statsd syslog tcplog udplog zipkin"
        }
        Kind::Processor => {
            "attributes cumulativetodelta filter groupbyattrs groupbytrace interval \
             isolationforest k8sattributes logdedup metricsgeneration metricstransform \
             probabilistic_sampler queuebatch redaction remotetap resource resourcedetection \
             span sumologic tail_sampling transform unroll"
        }
        Kind::Exporter => {
            "awss3 awsxray azuremonitor clickhouse coralogix datadog elasticsearch \
             googlecloud honeycombmarker kafka load_balancing loadbalancing logicmonitor \
             logzio loki mezmo opensearch otelarrow prometheus prometheusremotewrite pulsar \
             sapm sentry splunk_hec sumologic zipkin"
        }
        Kind::Connector => {
            "count datadog exceptions failover forward grafanacloud roundrobin routing \
             servicegraph signaltometrics spanmetrics sum"
        }
        Kind::Extension => {
            "basicauth bearertokenauth cgroupruntime file_storage headers_setter health_check \
             healthcheckv2 host_observer http_forwarder jaegerremotesampling k8s_observer \
             memory_limiter oauth2client oidc opamp sigv4auth"
        }
    };
    types.split_whitespace().any(|known| known == type_name)
}
