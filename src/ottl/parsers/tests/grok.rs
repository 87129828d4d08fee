//! What the Collector makes of grok patterns.

use super::Answer;

/// Functions, their arguments, and the answers.
pub(super) const ANSWERS: &[Answer] = &[
    ("ExtractGrokPatterns", &["x 12", "%{INT:a.b:int}"], "{a.b: 12}"),
    (
        "ExtractGrokPatterns",
        &[
            "12 bz",
            "%{FOO}",
            "false",
            "FOO=%{INT:i:int} %{BAR}",
            "BAR=b(?P<q>.)",
        ],
        r#"{BAR: "bz", FOO: "12 bz", i: 12, q: "z"}"#,
    ),
    ("ExtractGrokPatterns", &["1", "%{INT}", "true"], "!"),
    ("ExtractGrokPatterns", &["1", "%{NOPE}"], "!"),
    ("ExtractGrokPatterns", &["1", "%{INT:a:foo}"], "!"),
    ("ExtractGrokPatterns", &["x", "%{INT:a:foo}"], "{}"),
    (
        "ExtractGrokPatterns",
        &["1 true -1.50", "%{INT:a:string} %{BOOL:b:bool} %{NUMBER:c:float}"],
        r#"{BASE10NUM: "-1.50", a: "1", b: true, c: -1.5}"#,
    ),
    ("ExtractGrokPatterns", &["abc", "%{WORD:a:int}"], "!"),
    ("ExtractGrokPatterns", &["x", "%{FOO}", "false", "FO:O=x"], "!"),
    ("ExtractGrokPatterns", &["x", "%{FOO}", "false", "FOO"], "!"),
    (
        "ExtractGrokPatterns",
        &["1 2", "%{INT:a} %{INT:a}"],
        r#"{a: "2"}"#,
    ),
    ("ExtractGrokPatterns", &["%{FOO-BAR}", "%{FOO-BAR}"], "{}"),
    ("ExtractGrokPatterns", &["5", "%{INT:a+b}"], "!"),
    (
        "ExtractGrokPatterns",
        &["99999999999999999999", "%{INT:i:int}"],
        "!",
    ),
    ("ExtractGrokPatterns", &["5", "%{%{INT}}"], "{}"),
    (
        "ExtractGrokPatterns",
        &["192.168.0.1", "%{IP}"],
        r#"{IP: "192.168.0.1", IPV4: "192.168.0.1"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["::ffff:1.2.3.4%eth0", "%{IP:ip}"],
        r#"{IPV6: "::ffff:1", ip: "::ffff:1"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["2001:db8::1", "%{IPV6:ip}"],
        r#"{ip: "2001:db8::1"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["2024-02-03T04:05:06.7Z", "%{TIMESTAMP_ISO8601}"],
        r#"{HOUR: "04", ISO8601_TIMEZONE: "Z", MINUTE: "05", MONTHDAY: "03", MONTHNUM: "02", SECOND: "06.7", TIMESTAMP_ISO8601: "2024-02-03T04:05:06.7Z", YEAR: "2024"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "Feb  3 04:05:06 web01 sshd[42]: hi",
            "%{SYSLOGBASE} %{GREEDYDATA:message}",
        ],
        r#"{HOSTNAME: "web01", HOUR: "04", IPORHOST: "web01", MINUTE: "05", MONTH: "Feb", MONTHDAY: "3", PROG: "sshd", SECOND: "06", SYSLOGBASE: "Feb  3 04:05:06 web01 sshd[42]:", SYSLOGPROG: "sshd[42]", TIME: "04:05:06", host.name: "web01", message: "hi", timestamp: "Feb  3 04:05:06"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["user@example.com", "%{EMAILADDRESS:mail}"],
        r#"{EMAILLOCALPART: "user", HOSTNAME: "example.com", mail: "user@example.com"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["http://u:p@example.com:80/a?b=c", "%{URI:uri}"],
        r#"{HOSTNAME: "example.com", IPORHOST: "example.com", POSINT: "80", URIHOST: "example.com:80", URIPATH: "/a", URIPROTO: "http", URIQUERY: "b=c", USER: "u", USERNAME: "u", uri: "http://u:p@example.com:80/a?b=c"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[r#"'a\'b' "c""#, "%{QS:a} %{QS:b}"],
        r#"{QUOTEDSTRING: "\"c\"", a: "'a\\'b'", b: "\"c\""}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["00:1B:44:11:3A:B7", "%{MAC:m}"],
        r#"{COMMONMAC: "00:1B:44:11:3A:B7", m: "00:1B:44:11:3A:B7"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[r"C:\\a\\b /x/y", "%{PATH:p} %{UNIXPATH:u}"],
        "{}",
    ),
    (
        "ExtractGrokPatterns",
        &["Warning!", "%{LOGLEVEL:l}"],
        r#"{l: "Warning"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["03/Feb/2024:04:05:06 +0100", "%{HTTPDATE:t}"],
        r#"{HOUR: "04", INT: "+0100", MINUTE: "05", MONTH: "Feb", MONTHDAY: "03", SECOND: "06", TIME: "04:05:06", YEAR: "2024", t: "03/Feb/2024:04:05:06 +0100"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["urn:isbn:0451450523", "%{URN:u}"],
        r#"{u: "urn:isbn:0451450523"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &["-.5 0x1F", "%{NUMBER:n:float} %{BASE16NUM:h}"],
        r#"{BASE10NUM: ".5", h: "0x1F", n: 0.5}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326"#,
            "%{COMMONAPACHELOG}",
            "true",
        ],
        r#"{http.request.method: "GET", http.response.body.size: 2326, http.response.status_code: 200, http.version: "1.0", source.address: "127.0.0.1", timestamp: "10/Oct/2000:13:55:36 -0700", url.original: "/a.gif", user.name: "frank"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            r#"::1 - - [10/Oct/2000:13:55:36 -0700] "-" 408 - "-" "curl/8""#,
            "%{COMBINEDAPACHELOG}",
            "true",
        ],
        r#"{http.response.status_code: 408, source.address: "::1", timestamp: "10/Oct/2000:13:55:36 -0700", user_agent.original: "curl/8"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187:80] AH01: File missing",
            "%{HTTPD_ERRORLOG}",
            "true",
        ],
        r#"{apache.error.module: "core", error.code: "AH01", log.level: "error", message: "File missing", process.pid: 35708, process.thread.id: 4328636416, source.address: "72.15.99.187", source.port: 80, timestamp: "Fri Sep 09 10:42:29.902022 2011"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            r#"<165>1 2003-10-11T22:14:15.003Z host.example app - ID47 [a b="c"] hi"#,
            "%{SYSLOG5424LINE}",
            "true",
        ],
        r#"{event.code: "ID47", host.name: "host.example", log.syslog.priority: 165, message: "hi", process.command: "app", system.syslog.structured_data: "[a b=\"c\"]", system.syslog.version: "1", timestamp: "2003-10-11T22:14:15.003Z"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "Dec 23 14:30:01 louis CRON[619]: (www-data) CMD (php cron.php)",
            "%{CRONLOG}",
            "true",
        ],
        r#"{host.name: "louis", message: "php cron.php", system.cron.action: "CMD", timestamp: "Dec 23 14:30:01", user.name: "www-data"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            r#"Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1""#,
            "%{HAPROXYHTTP}",
            "true",
        ],
        r#"{haproxy.backend_name: "static", haproxy.backend_queue: 0, haproxy.connection_wait_time_ms: 30, haproxy.connections.active: 1, haproxy.connections.backend: 1, haproxy.connections.frontend: 1, haproxy.connections.retries: 0, haproxy.connections.server: 1, haproxy.frontend_name: "http-in", haproxy.http.request.captured_headers: "1wt.eu", haproxy.http.request.time_wait_ms: 10, haproxy.http.request.time_wait_without_data_ms: 69, haproxy.request_date: "06/Feb/2009:12:14:14.655", haproxy.server_name: "srv1", haproxy.server_queue: 0, haproxy.termination_state: "----", haproxy.total_time_ms: "109", haproxy.total_waiting_time_ms: 0, host.name: "localhost", http.request.method: "GET", http.response.status_code: 200, http.version: "1.1", source.address: "10.0.1.2", source.bytes: 2750, source.port: 33317, timestamp: "Feb  6 12:14:14", url.original: "/index.html", url.path: "/index.html"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "1524206424.034   19395 207.96.0.0 TCP_MISS/304 15363 GET http://e.com/w.html - DIRECT/10.0.5.120 -",
            "%{SQUID3}",
            "true",
        ],
        r#"{destination.address: "10.0.5.120", event.action: "TCP_MISS", http.request.method: "GET", http.response.bytes: 15363, http.response.status_code: 304, source.address: "207.96.0.0", squid.hierarchy_code: "DIRECT", squid.request.duration: 19395, timestamp: "1524206424.034", url.original: "http://e.com/w.html"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "\tat com.example.Main.run(Main.java:42)",
            "%{JAVASTACKTRACEPART}",
            "true",
        ],
        r#"{java.log.origin.class.name: "com.example.Main", log.origin.file.line: 42, log.origin.file.name: "Main.java", log.origin.function: "run"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "[4018] 14 Nov 07:01:22.119 * Background saving",
            "%{REDISLOG}",
            "true",
        ],
        r#"{process.pid: 4018, timestamp: "14 Nov 07:01:22.119"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "E, [2013-01-01T10:00:00.1 #42] ERROR -- app: broken",
            "%{RUBY_LOGGER}",
            "true",
        ],
        r#"{log.level: "ERROR", message: "broken", process.command: "app", process.pid: 42, timestamp: "2013-01-01T10:00:00.1"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "2014-11-03T18:28:32.450-0500 I NETWORK [initandlisten] waiting",
            "%{MONGO3_LOG}",
            "true",
        ],
        r#"{db.mongodb.component: "NETWORK", db.mongodb.context: "initandlisten", log.level: "I", message: "waiting", timestamp: "2014-11-03T18:28:32.450-0500"}"#,
    ),
    (
        "ExtractGrokPatterns",
        &[
            "31-Jul-2020 16:40:38.578 INFO [main] org.apache.C.init done",
            "%{CATALINALOG}",
            "true",
        ],
        r#"{java.log.origin.class.name: "org.apache.C", java.log.origin.thread.name: "main", log.level: "INFO", log.origin.function: "init", message: "done", timestamp: "31-Jul-2020 16:40:38.578"}"#,
    ),
];
