//! What an error of Kafka, or of its client, means for the spans of a message.
//!
//! | too large | the broker refused the message for its size: its spans go in smaller ones |
//! | data | the broker will never take these bytes |
//! | destination | somebody has to mend the topic, our rights or our credentials; not when spans name the topic |
//! | not now | everything else: no connection, no answer in time, no leader, too few replicas |

use rdkafka::error::RDKafkaErrorCode;

use crate::net::kafka::Told;
use crate::pipeline::destination::Failure;

/// Whether the broker refused a message for its size.
pub fn is_too_large(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::MessageBatchTooLarge
    )
}

/// What is to be done about the spans that were to go to `topic`. `is_named` says that spans may name topics.
pub fn of(code: RDKafkaErrorCode, topic: &str, is_named: bool, told: &Told) -> Failure {
    use RDKafkaErrorCode as Code;
    let reason = told.reason().filter(|_| is_of_the_client(code));
    let reason = reason.map_or_else(String::new, |reason| format!("; {reason}"));
    let message = format!("topic `{topic}`: {code}{reason}");
    let not_now = |message| Failure::NotNow {
        message,
        retry_after: None,
    };
    match code {
        Code::InvalidMessage
        | Code::InvalidRecord
        | Code::InvalidTimestamp
        | Code::InvalidMessageSize
        | Code::UnsupportedForMessageFormat
        | Code::PolicyViolation => Failure::Data(message),
        // With spans that name topics, one of them alone is to blame.
        Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownPartition
        | Code::InvalidTopic
        | Code::TopicAuthorizationFailed
            if is_named =>
        {
            not_now(message)
        }
        Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::InvalidTopic
        | Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::InvalidRequiredAcks
        | Code::UnsupportedVersion
        | Code::UnsupportedCompressionType => Failure::Destination(message),
        _ if is_of_the_client(code) && told.is_refused() => Failure::Destination(message),
        _ => not_now(message),
    }
}

/// Whether it says no more than that the client came to nothing.
fn is_of_the_client(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::MessageTimedOut
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::OperationTimedOut
    )
}
