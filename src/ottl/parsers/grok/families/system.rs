//! Logs of syslog, by its old form and by RFC 5424.

/// Names and what they stand for.
pub(super) const DEFINITIONS: &[(&str, &str)] = &[
    ("SYSLOG5424PRINTASCII", "[!-~]+"),
    ("SYSLOG5424PRI", "<%{NONNEGINT:log.syslog.priority:int}>"),
    ("SYSLOG5424SD", r"\[%{DATA}\]+"),
    (
        "SYSLOG5424BASE",
        concat!(
            "%{SYSLOG5424PRI}%{NONNEGINT:system.syslog.version} +(?:-|%{TIMESTAMP_ISO8601:timestamp}) ",
            "+(?:-|%{IPORHOST:host.name}) +(?:-|%{SYSLOG5424PRINTASCII:process.command}) ",
            "+(?:-|%{POSINT:process.pid:int}) +(?:-|%{SYSLOG5424PRINTASCII:event.code}) ",
            "+(?:-|%{SYSLOG5424SD:system.syslog.structured_data})?",
        ),
    ),
    ("SYSLOG5424LINE", "%{SYSLOG5424BASE} +%{GREEDYDATA:message}"),
    (
        "SYSLOGBASE2",
        concat!(
            "(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp})(?: %{SYSLOGFACILITY})?",
            "(?: %{SYSLOGHOST:host.name})?(?: %{SYSLOGPROG}:)?",
        ),
    ),
    ("SYSLOGLINE", "%{SYSLOGBASE2} %{GREEDYDATA:message}"),
    (
        "SYSLOGPAMSESSION",
        concat!(
            "%{SYSLOGBASE} (?:%{GREEDYDATA:message})?%{WORD:system.auth.pam.module}",
            r"\(%{DATA:system.auth.pam.origin}\): session %{WORD:system.auth.pam.session_state} ",
            "for user %{USERNAME:user.name}(?: by %{GREEDYDATA})?",
        ),
    ),
    ("CRON_ACTION", "[A-Z ]+"),
    (
        "CRONLOG",
        r"%{SYSLOGBASE} \(%{USER:user.name}\) %{CRON_ACTION:system.cron.action} \(%{DATA:message}\)",
    ),
];
