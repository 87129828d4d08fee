//! Logs of Apache's httpd, HAProxy and Squid.

/// Names and what they stand for.
pub(super) const DEFINITIONS: &[(&str, &str)] = &[
    // Apache's httpd.
    ("HTTPDUSER", "%{EMAILADDRESS}|%{USER}"),
    ("HTTPDERROR_DATE", "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR}"),
    (
        "HTTPD_COMMONLOG",
        concat!(
            "%{IPORHOST:source.address} (?:-|%{HTTPDUSER:apache.access.user.identity}) ",
            r"(?:-|%{HTTPDUSER:user.name}) \[%{HTTPDATE:timestamp}\] ",
            r#""(?:%{WORD:http.request.method} %{NOTSPACE:url.original}(?: HTTP/%{NUMBER:http.version})?|%{DATA})" "#,
            "(?:-|%{INT:http.response.status_code:int}) (?:-|%{INT:http.response.body.size:long})",
        ),
    ),
    (
        "HTTPD_COMBINEDLOG",
        concat!(
            r#"%{HTTPD_COMMONLOG} "(?:-|%{DATA:http.request.referrer})" "#,
            r#""(?:-|%{DATA:user_agent.original})""#,
        ),
    ),
    ("COMMONAPACHELOG", "%{HTTPD_COMMONLOG}"),
    ("COMBINEDAPACHELOG", "%{HTTPD_COMBINEDLOG}"),
    (
        "HTTPD20_ERRORLOG",
        concat!(
            r"\[%{HTTPDERROR_DATE:timestamp}\] \[%{LOGLEVEL:log.level}\] ",
            r"(?:\[client %{IPORHOST:source.address}\] )?%{GREEDYDATA:message}",
        ),
    ),
    (
        "HTTPD24_ERRORLOG",
        concat!(
            r"\[%{HTTPDERROR_DATE:timestamp}\] \[(?:%{WORD:apache.error.module})?:%{LOGLEVEL:log.level}\] ",
            r"\[pid %{POSINT:process.pid:long}(?::tid %{INT:process.thread.id:int})?\]",
            r"(?: \(%{POSINT:apache.error.proxy.error.code}\)?%{DATA:apache.error.proxy.error.message}:)?",
            r"(?: \[client %{IPORHOST:source.address}(?::%{POSINT:source.port:int})?\])?",
            "(?: %{DATA:error.code}:)? %{GREEDYDATA:message}",
        ),
    ),
    ("HTTPD_ERRORLOG", "%{HTTPD20_ERRORLOG}|%{HTTPD24_ERRORLOG}"),
    // HAProxy.
    ("HAPROXYTIME", r"\b%{HOUR}:%{MINUTE}(?::%{SECOND})?\b"),
    (
        "HAPROXYDATE",
        "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{HAPROXYTIME}.%{INT}",
    ),
    (
        "HAPROXYCAPTUREDREQUESTHEADERS",
        "-|%{DATA:haproxy.http.request.captured_headers}",
    ),
    (
        "HAPROXYCAPTUREDRESPONSEHEADERS",
        "-|%{DATA:haproxy.http.response.captured_headers}",
    ),
    (
        "HAPROXYURI",
        concat!(
            "(?:%{URIPROTO:url.scheme}://)?(?:%{USER:url.username}(?::[^@]*)?@)?",
            "(?:%{IPORHOST:url.domain}(?::%{POSINT:url.port:int})?)?",
            r"(?:%{URIPATH:url.path}(?:\?%{URIQUERY:url.query})?)?",
        ),
    ),
    (
        "HAPROXYHTTPREQUESTLINE",
        "<BADREQ>|%{WORD:http.request.method} %{HAPROXYURI:url.original}(?: HTTP/%{NUMBER:http.version})?",
    ),
    (
        "HAPROXYHTTPBASE",
        concat!(
            r"%{IP:source.address}:%{INT:source.port:int} \[%{HAPROXYDATE:haproxy.request_date}\] ",
            "%{NOTSPACE:haproxy.frontend_name} %{NOTSPACE:haproxy.backend_name}/",
            "(?:<NOSRV>|%{NOTSPACE:haproxy.server_name}) (?:-1|%{INT:haproxy.http.request.time_wait_ms:int})/",
            "(?:-1|%{INT:haproxy.total_waiting_time_ms:int})/(?:-1|%{INT:haproxy.connection_wait_time_ms:int})/",
            "(?:-1|%{INT:haproxy.http.request.time_wait_without_data_ms:int})/%{NOTSPACE:haproxy.total_time_ms} ",
            "%{INT:http.response.status_code:int} %{INT:source.bytes:long} ",
            "(?:-|%{DATA:haproxy.http.request.captured_cookie}) ",
            "(?:-|%{DATA:haproxy.http.response.captured_cookie}) %{NOTSPACE:haproxy.termination_state} ",
            "%{INT:haproxy.connections.active:int}/%{INT:haproxy.connections.frontend:int}/",
            "%{INT:haproxy.connections.backend:int}/%{INT:haproxy.connections.server:int}/",
            "%{INT:haproxy.connections.retries:int} %{INT:haproxy.server_queue:int}/%{INT:haproxy.backend_queue:int}",
            r"(?: \{%{HAPROXYCAPTUREDREQUESTHEADERS}\}(?: \{%{HAPROXYCAPTUREDRESPONSEHEADERS}\})?)?",
            r#"(?: "%{HAPROXYHTTPREQUESTLINE}"?)?"#,
        ),
    ),
    (
        "HAPROXYHTTP",
        concat!(
            "(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp}) %{IPORHOST:host.name} ",
            "%{SYSLOGPROG}: %{HAPROXYHTTPBASE}",
        ),
    ),
    (
        "HAPROXYTCP",
        concat!(
            "(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp}) %{IPORHOST:host.name} ",
            r"%{SYSLOGPROG}: %{IP:source.address}:%{INT:source.port:int} \[%{HAPROXYDATE:haproxy.request_date}\] ",
            "%{NOTSPACE:haproxy.frontend_name} %{NOTSPACE:haproxy.backend_name}/",
            "(?:<NOSRV>|%{NOTSPACE:haproxy.server_name}) (?:-1|%{INT:haproxy.total_waiting_time_ms:int})/",
            "(?:-1|%{INT:haproxy.connection_wait_time_ms:int})/%{NOTSPACE:haproxy.total_time_ms} ",
            "%{INT:source.bytes:long} %{NOTSPACE:haproxy.termination_state} ",
            "%{INT:haproxy.connections.active:int}/%{INT:haproxy.connections.frontend:int}/",
            "%{INT:haproxy.connections.backend:int}/%{INT:haproxy.connections.server:int}/",
            "%{INT:haproxy.connections.retries:int} %{INT:haproxy.server_queue:int}/%{INT:haproxy.backend_queue:int}",
        ),
    ),
    // Squid.
    ("SQUID3_STATUS", "%{POSINT:http.response.status_code:int}|0|000"),
    (
        "SQUID3",
        concat!(
            r"%{NUMBER:timestamp}\s+%{NUMBER:squid.request.duration:int}\s%{IP:source.address}\s",
            r"%{WORD:event.action}/%{SQUID3_STATUS}\s%{INT:http.response.bytes:long}\s",
            r"%{WORD:http.request.method}\s%{NOTSPACE:url.original}\s(?:-|%{NOTSPACE:user.name})\s",
            r"%{WORD:squid.hierarchy_code}/(?:-|%{IPORHOST:destination.address})\s",
            "(?:-|%{NOTSPACE:http.response.mime_type})",
        ),
    ),
];
