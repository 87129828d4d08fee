//! Operating systems, by what browsers and clients say of them.

use super::Named;
use super::words::{Words, version};

/// Versions of Windows behind their numbers.
const WINDOWS: [(&str, &str); 10] = [
    ("10.0", "10"),
    ("6.4", "10"),
    ("6.3", "8.1"),
    ("6.2", "8"),
    ("6.1", "7"),
    ("6.0", "Vista"),
    ("5.2", "XP"),
    ("5.1", "XP"),
    ("5.0", "2000"),
    ("", "NT"),
];

/// Systems that give no more than their name, or their version right behind it: how they call themselves, what they are
/// called, and how many numbers their version has at most.
const NAMED: [(&str, &str, usize); 19] = [
    ("Tizen", "Tizen", 2),
    ("KAIOS", "KaiOS", 3),
    ("Web0S", "Web0S", 0),
    ("Android", "Android", 3),
    ("Mac OS X", "Mac OS X", 3),
    ("darwin", "Mac OS X", 0),
    ("Ubuntu", "Ubuntu", 3),
    ("Fedora", "Fedora", 0),
    ("Debian", "Debian", 0),
    ("CentOS", "CentOS", 0),
    ("Red Hat", "Red Hat", 0),
    ("redhat", "Red Hat", 0),
    ("openSUSE", "openSUSE", 0),
    ("SUSE", "SUSE", 0),
    ("Gentoo", "Gentoo", 0),
    ("FreeBSD", "FreeBSD", 3),
    ("OpenBSD", "OpenBSD", 3),
    ("NetBSD", "NetBSD", 3),
    ("SunOS", "Solaris", 0),
];

/// The system that a user agent tells of.
pub(super) fn system(words: &Words<'_>) -> Named {
    let found = phone(words)
        .or_else(|| apple(words))
        .or_else(|| darwin(words))
        .or_else(|| windows(words))
        .or_else(|| chrome_os(words))
        .or_else(|| named(words))
        .or_else(|| linux(words));
    found.unwrap_or_else(|| Named::new("Other", None))
}

fn phone(words: &Words<'_>) -> Option<Named> {
    if words.has("Windows Phone") {
        return Some(Named::new("Windows Phone", words.version("Windows Phone", 2)));
    }
    if words.text().starts_with("BlackBerry") {
        let (_, rest) = words.text().split_once('/')?;
        return Some(Named::new("BlackBerry OS", version(rest, 4)));
    }
    let is_blackberry = words.has("BB10") || words.has("BlackBerry");
    is_blackberry.then(|| Named::new("BlackBerry OS", words.version("Version", 3)))
}

fn apple(words: &Words<'_>) -> Option<Named> {
    if words.has("AppleTV") {
        return Some(Named::new("ATV OS X", None));
    }
    for (token, name) in [("tvOS", "tvOS"), ("watchOS", "WatchOS")] {
        if words.has(token) {
            return Some(Named::new(name, words.version(token, 3)));
        }
    }
    let tokens = [
        "iPhone",
        "iPad",
        "iPod",
        "iPod touch",
        "iOS",
        "CriOS",
        "iPhone OS",
    ];
    let is_apple = tokens.iter().any(|token| words.has(token)) && !words.has("Mozilla/4.0");
    is_apple.then(|| {
        let version = words
            .version("iPhone OS", 3)
            .or_else(|| words.version("CPU OS", 3));
        Named::new("iOS", version.or_else(|| words.version("iOS", 3)))
    })
}

/// What apps of Apple's systems say, which know the version of the kernel alone.
fn darwin(words: &Words<'_>) -> Option<Named> {
    if !words.has("CFNetwork") {
        return None;
    }
    let kernel = words.version("Darwin", 2)?;
    let (major, minor) = kernel.split_once('.').unwrap_or((&kernel, ""));
    let major: u64 = major.parse().ok()?;
    // Before that the versions of both did not grow alike.
    let version = match (major, minor) {
        (22..=24, "0" | "1" | "2" | "3" | "4" | "5") => Some(format!("{}.{minor}", major - 6)),
        (19..=24, _) => Some(format!("{}", major - 6)),
        _ => None,
    };
    Some(Named::new("iOS", version))
}

fn windows(words: &Words<'_>) -> Option<Named> {
    if words.has("Windows NT") {
        let number = words.version("Windows NT", 2).unwrap_or_default();
        let known = WINDOWS.iter().find(|(known, _)| *known == number);
        return Some(Named::new(
            "Windows",
            Some(known.map_or("NT", |(_, name)| name).to_owned()),
        ));
    }
    let rest = words.after("Windows")?;
    let name = ["95", "98", "CE", "ME", "XP", "10"];
    let name = name.into_iter().find(|name| {
        rest.strip_prefix(' ')
            .and_then(|rest| super::words::behind(rest, name))
            .is_some()
    });
    Some(Named::new("Windows", name.map(str::to_owned)))
}

fn chrome_os(words: &Words<'_>) -> Option<Named> {
    let rest = words.after("CrOS")?;
    // The processor stands between.
    let (_, rest) = rest.trim_start().split_once(' ')?;
    Some(Named::new("Chrome OS", version(rest, 4)))
}

fn named(words: &Words<'_>) -> Option<Named> {
    let found = NAMED.iter().find(|(token, ..)| words.has(token))?;
    let (token, name, parts) = *found;
    Some(Named::new(name, words.version(token, parts)))
}

fn linux(words: &Words<'_>) -> Option<Named> {
    if words.has("Linux") {
        return Some(Named::new("Linux", words.version("Linux", 3)));
    }
    words.has("linux").then(|| Named::new("Linux", None))
}
