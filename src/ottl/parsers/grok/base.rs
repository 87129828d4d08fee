//! The names that every grok knows: words, numbers, addresses, paths, dates.

use std::borrow::Cow;

/// Names and what they stand for. Which refers to which shows in the fields, and is as in the Collector.
const DEFINITIONS: &[(&str, &str)] = &[
    // Texts.
    ("WORD", r"\b\w+\b"),
    ("NOTSPACE", r"\S+"),
    ("SPACE", r"\s*"),
    ("DATA", r".*?"),
    ("GREEDYDATA", r".*"),
    ("QUOTEDSTRING", r#""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"#),
    ("QS", "%{QUOTEDSTRING}"),
    ("UUID", r"[[:xdigit:]]{8}(?:-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}"),
    ("URN", r"urn:[[:alnum:]][[:alnum:]-]{0,31}:[\w()+,.:=@;$!*'/?#-]+"),
    // Numbers.
    ("INT", "[+-]?[0-9]+"),
    ("NUMBER", "%{BASE10NUM}"),
    ("BASE10NUM", r"[+-]?[0-9]+(?:\.[0-9]+)?|\.[0-9]+"),
    ("BASE16NUM", "[+-]?(?:0x)?[[:xdigit:]]+"),
    ("BASE16FLOAT", r"[+-]?(?:0x)?[[:xdigit:]]+(?:\.[[:xdigit:]]*)?"),
    ("POSINT", r"\b[1-9][0-9]*\b"),
    ("NONNEGINT", r"\b[0-9]+\b"),
    ("BOOL", "true|false"),
    // Hosts and users.
    ("IP", "%{IPV6}|%{IPV4}"),
    ("IPORHOST", "%{IP}|%{HOSTNAME}"),
    (
        "HOSTNAME",
        r"\b[[:alnum:]][[:alnum:]-]{0,62}(?:\.[[:alnum:]][[:alnum:]-]{0,62})*\.?",
    ),
    ("HOSTPORT", "%{IPORHOST}:%{POSINT}"),
    ("EMAILLOCALPART", r"[[:alpha:]][\w+-=]+"),
    ("EMAILADDRESS", "%{EMAILLOCALPART}@%{HOSTNAME}"),
    ("USERNAME", r"[\w.-]+"),
    ("USER", "%{USERNAME}"),
    ("MAC", "%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}"),
    ("CISCOMAC", r"[[:xdigit:]]{4}(?:\.[[:xdigit:]]{4}){2}"),
    ("WINDOWSMAC", "[[:xdigit:]]{2}(?:-[[:xdigit:]]{2}){5}"),
    ("COMMONMAC", "[[:xdigit:]]{2}(?::[[:xdigit:]]{2}){5}"),
    // Paths and URIs.
    ("PATH", "%{UNIXPATH}|%{WINPATH}"),
    ("UNIXPATH", r"(?:/[\w%!$@:.,+~-]+)+"),
    ("WINPATH", r"[[:alpha:]]+:(?:\\[^\\?*]+)+"),
    ("TTY", r"/dev/(?:pts|tty[pq]?)\w*/?[0-9]+"),
    ("URIPROTO", "[[:alpha:]][[:alnum:]+.-]+"),
    ("URIHOST", "%{IPORHOST}(?::%{POSINT})?"),
    ("URIPATH", r"(?:/[\w$.+!*'(){},~:;=@#%&-]+)+"),
    ("URIQUERY", r"[\w$.+!*'|(){},~@#%&/=:;?\-\[\]<>]*"),
    ("URIPARAM", r"\?%{URIQUERY}"),
    ("URIPATHPARAM", r"%{URIPATH}(?:\?%{URIQUERY})?"),
    (
        "URI",
        r"%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?%{URIHOST}(?:%{URIPATH}(?:\?%{URIQUERY})?)?",
    ),
    // Parts of dates and times.
    (
        "MONTH",
        concat!(
            r"\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?",
            r"|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b",
        ),
    ),
    ("MONTHNUM", "0[1-9]|1[0-2]"),
    ("MONTHDAY", "0[1-9]|[12][0-9]|3[01]|[1-9]"),
    (
        "DAY",
        r"\b(?:(?:Mon|Fri|Sun)(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Sat(?:urday)?)\b",
    ),
    ("YEAR", "[0-9]{2}(?:[0-9]{2})?"),
    ("HOUR", "2[0-3]|[01]?[0-9]"),
    ("MINUTE", "[0-5][0-9]"),
    ("SECOND", "(?:[0-5][0-9]|60)(?:[:.,][0-9]+)?"),
    ("TIME", "%{HOUR}:%{MINUTE}(?::%{SECOND})?"),
    ("TZ", "[PMACE][SED]T|UTC"),
    ("ISO8601_TIMEZONE", "Z|[+-]%{HOUR}:?%{MINUTE}"),
    ("ISO8601_SECOND", "%{SECOND}"),
    // Dates.
    ("DATE", "%{DATE_US}|%{DATE_EU}"),
    ("DATE_US", "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}"),
    ("DATE_EU", "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}"),
    (
        "TIMESTAMP_ISO8601",
        "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?",
    ),
    ("DATESTAMP", "%{DATE}[- ]%{TIME}"),
    (
        "DATESTAMP_RFC822",
        "%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}",
    ),
    (
        "DATESTAMP_RFC2822",
        "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}",
    ),
    (
        "DATESTAMP_OTHER",
        "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}",
    ),
    (
        "DATESTAMP_EVENTLOG",
        "%{YEAR}%{MONTHNUM}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}",
    ),
    ("HTTPDATE", "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}"),
    // Logs.
    ("SYSLOGTIMESTAMP", "%{MONTH} +%{MONTHDAY} %{TIME}"),
    ("PROG", r"[!-Z\\^-~]+"),
    ("SYSLOGPROG", r"%{PROG}(?:\[[0-9]+\])?"),
    ("SYSLOGHOST", "%{IPORHOST}"),
    ("SYSLOGFACILITY", "<%{NONNEGINT}.%{NONNEGINT}>"),
    (
        "SYSLOGBASE",
        "%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:host.name} %{SYSLOGPROG}:",
    ),
    (
        "LOGLEVEL",
        concat!(
            "(?i)(?:alert|trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?",
            "|fatal|severe|emerg(?:ency)?)",
        ),
    ),
];

/// What a name stands for.
pub(super) fn definition(name: &str) -> Option<Cow<'static, str>> {
    match name {
        "IPV4" => Some(ipv4().into()),
        "IPV6" => Some(ipv6().into()),
        _ => super::families::find(DEFINITIONS, name),
    }
}

/// Four numbers up to 255, which may have zeros in front.
fn ipv4() -> String {
    let number = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)";
    format!(r"(?:{number}\.){{3}}{number}")
}

/// Eight groups of digits, or fewer of them with `::` in place of the others; the last two may be written as an address of
/// version 4, whose numbers then have no zeros in front. The more groups before the `::`, the earlier it is tried.
fn ipv6() -> String {
    let group = "[[:xdigit:]]{1,4}";
    let number = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let v4 = format!(r"{number}(?:\.{number}){{3}}");
    let mut forms = vec![
        format!("(?:{group}:){{7}}(?:{group}|:)"),
        format!("(?:{group}:){{6}}(?::{group}|{v4}|:)"),
    ];
    for before in (0..6).rev() {
        let (most, most_v4) = (7 - before, 5 - before);
        let first = if before == 0 {
            ":".to_owned()
        } else {
            format!("(?:{group}:){{{before}}}")
        };
        forms.push(format!(
            "{first}(?:(?::{group}){{1,{most}}}|(?::{group}){{0,{most_v4}}}:{v4}|:)"
        ));
    }
    format!("(?:{})(?:%.+)?", forms.join("|"))
}
