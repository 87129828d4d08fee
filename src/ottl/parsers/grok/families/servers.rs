//! Logs of Java's servers, databases and other programs.

/// Names and what they stand for.
pub(super) const DEFINITIONS: &[(&str, &str)] = &[
    // Java, Tomcat.
    ("JAVACLASS", r"(?:[[:alpha:]$_][\w$]*\.)*[[:alpha:]$_][\w$]*"),
    ("JAVAFILE", r"[\w$. -]+"),
    ("JAVAMETHOD", r"<(?:cl)?init>|[[:alpha:]$_][\w$]*"),
    ("JAVATHREAD", "[A-Z]{2}-Processor[0-9]+"),
    ("JAVALOGMESSAGE", ".*"),
    (
        "JAVASTACKTRACEPART",
        concat!(
            r"%{SPACE}at %{JAVACLASS:java.log.origin.class.name}\.%{JAVAMETHOD:log.origin.function}",
            r"\(%{JAVAFILE:log.origin.file.name}(?::%{INT:log.origin.file.line:int})?\)",
        ),
    ),
    (
        "CATALINA7_DATESTAMP",
        "%{MONTH} %{MONTHDAY}, %{YEAR} %{HOUR}:%{MINUTE}:%{SECOND} (?:AM|PM)",
    ),
    (
        "CATALINA7_LOG",
        concat!(
            "%{CATALINA7_DATESTAMP:timestamp} %{JAVACLASS:java.log.origin.class.name}",
            r"(?: %{JAVAMETHOD:log.origin.function})?\s*(?:%{LOGLEVEL:log.level}:)? %{JAVALOGMESSAGE:message}",
        ),
    ),
    (
        "CATALINA8_DATESTAMP",
        "%{MONTHDAY}-%{MONTH}-%{YEAR} %{HOUR}:%{MINUTE}:%{SECOND}",
    ),
    (
        "CATALINA8_LOG",
        concat!(
            r"%{CATALINA8_DATESTAMP:timestamp} %{LOGLEVEL:log.level} \[%{DATA:java.log.origin.thread.name}\] ",
            r"%{JAVACLASS:java.log.origin.class.name}\.(?:%{JAVAMETHOD:log.origin.function})? ",
            "%{JAVALOGMESSAGE:message}",
        ),
    ),
    (
        "CATALINA_DATESTAMP",
        "%{CATALINA8_DATESTAMP}|%{CATALINA7_DATESTAMP}",
    ),
    ("CATALINALOG", "%{CATALINA8_LOG}|%{CATALINA7_LOG}"),
    ("TOMCAT7_LOG", "%{CATALINA7_LOG}"),
    ("TOMCAT8_LOG", "%{CATALINA8_LOG}"),
    (
        "TOMCATLEGACY_DATESTAMP",
        "%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND}(?: %{ISO8601_TIMEZONE})?",
    ),
    (
        "TOMCATLEGACY_LOG",
        concat!(
            r"%{TOMCATLEGACY_DATESTAMP:timestamp} \| %{LOGLEVEL:log.level} \| ",
            "%{JAVACLASS:java.log.origin.class.name} - %{JAVALOGMESSAGE:message}",
        ),
    ),
    (
        "TOMCAT_DATESTAMP",
        "%{CATALINA8_DATESTAMP}|%{CATALINA7_DATESTAMP}|%{TOMCATLEGACY_DATESTAMP}",
    ),
    ("TOMCATLOG", "%{TOMCAT8_LOG}|%{TOMCAT7_LOG}|%{TOMCATLEGACY_LOG}"),
    // Databases.
    ("REDISTIMESTAMP", "%{MONTHDAY} %{MONTH} %{TIME}"),
    (
        "REDISLOG",
        r"\[%{POSINT:process.pid:int}\] %{REDISTIMESTAMP:timestamp} \*",
    ),
    (
        "REDISMONLOG",
        concat!(
            r"%{NUMBER:timestamp} \[%{INT:redis.database.id} %{IP:client.address}:%{POSINT:client.port:int}\] ",
            r#""%{WORD:redis.command.name}"\s?%{GREEDYDATA:redis.command.args}"#,
        ),
    ),
    (
        "POSTGRESQL",
        concat!(
            "%{DATESTAMP:timestamp} %{TZ:event.timezone} %{DATA:user.name} ",
            "%{GREEDYDATA:postgresql.log.connection_id} %{POSINT:process.pid:int}",
        ),
    ),
    (
        "MONGO_LOG",
        r"%{SYSLOGTIMESTAMP:timestamp} \[%{WORD:db.mongodb.component}\] %{GREEDYDATA:message}",
    ),
    ("MONGO_WORDDASH", r"\b[\w-]+\b"),
    ("MONGO_QUERY_CONTENT", ".*?"),
    (
        "MONGO_QUERY",
        r"\{ %{MONGO_QUERY_CONTENT:MONGO_QUERY} \} ntoreturn:",
    ),
    (
        "MONGO_SLOWQUERY",
        concat!(
            r"%{WORD:db.mongodb.profile.op} %{MONGO_WORDDASH:db.mongodb.database}\.",
            r"%{MONGO_WORDDASH:db.mongodb.collection} %{WORD}: \{ %{MONGO_QUERY_CONTENT:db.mongodb.query.original} \} ",
            "ntoreturn:%{NONNEGINT:db.mongodb.profile.ntoreturn:int} ",
            "ntoskip:%{NONNEGINT:db.mongodb.profile.ntoskip:int} ",
            "nscanned:%{NONNEGINT:db.mongodb.profile.nscanned:int}.*? ",
            "nreturned:%{NONNEGINT:db.mongodb.profile.nreturned:int}.*? %{INT:db.mongodb.profile.duration:int}ms",
        ),
    ),
    ("MONGO3_SEVERITY", r"\w"),
    ("MONGO3_COMPONENT", "%{WORD}"),
    (
        "MONGO3_LOG",
        concat!(
            "%{TIMESTAMP_ISO8601:timestamp} %{MONGO3_SEVERITY:log.level} ",
            r"(?:-|%{MONGO3_COMPONENT:db.mongodb.component})%{SPACE}(?:\[%{DATA:db.mongodb.context}\])? ",
            "%{GREEDYDATA:message}",
        ),
    ),
    // Others.
    ("RUBY_LOGLEVEL", "DEBUG|FATAL|ERROR|WARN|INFO"),
    (
        "RUBY_LOGGER",
        concat!(
            r"[DFEWI], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:int}\] *%{RUBY_LOGLEVEL:log.level} ",
            "-- +%{DATA:process.command}: %{GREEDYDATA:message}",
        ),
    ),
    (
        "MAVEN_VERSION",
        r"(?:[0-9]+\.)?(?:[0-9]+\.)?(?:\*|[0-9]+)(?:[.-](?:RELEASE|SNAPSHOT))?",
    ),
    (
        "MCOLLECTIVE",
        r"., \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:int}\]%{SPACE}%{LOGLEVEL:log.level}",
    ),
    ("MCOLLECTIVEAUDIT", "%{TIMESTAMP_ISO8601:timestamp}:"),
];
