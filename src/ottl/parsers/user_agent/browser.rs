//! Browsers, which pretend to be each other.

use super::Named;
use super::words::{Words, version};

/// Versions of Internet Explorer behind those of its engine.
const TRIDENT: [(&str, &str); 5] = [
    ("8", "11.0"),
    ("7", "11.0"),
    ("6", "10.0"),
    ("5", "9.0"),
    ("4", "8.0"),
];

/// Versions of Outlook behind their numbers.
const OUTLOOK: [(&str, &str); 4] = [("16", "2016"), ("15", "2013"), ("14", "2010"), ("12", "2007")];

/// The browser, from those that pretend most to those that pretend least.
pub(super) fn browser(words: &Words<'_>) -> Option<Named> {
    edge(words)
        .or_else(|| opera(words))
        .or_else(|| explorer(words))
        .or_else(|| outlook(words))
        .or_else(|| firefox(words))
        .or_else(|| chrome(words))
        .or_else(|| blackberry(words))
        .or_else(|| android(words))
        .or_else(|| safari(words))
        .or_else(|| links(words))
}

fn edge(words: &Words<'_>) -> Option<Named> {
    let rest = words.after("Edge")?;
    let name = if words.has("Windows Phone") {
        "Edge Mobile"
    } else {
        "Edge"
    };
    Some(Named::new(name, version(rest, 3)))
}

fn opera(words: &Words<'_>) -> Option<Named> {
    if let Some(rest) = words.after("OPR") {
        let name = if words.has("Android") {
            "Opera Mobile"
        } else {
            "Opera"
        };
        return Some(Named::new(name, version(rest, 3)));
    }
    let rest = words.after("Opera")?;
    // From version 10 on the number behind the name stays.
    Some(Named::new(
        "Opera",
        words.version("Version", 3).or_else(|| version(rest, 3)),
    ))
}

fn explorer(words: &Words<'_>) -> Option<Named> {
    if !words.has("MSIE") && !words.has("Trident") {
        return None;
    }
    // It may pretend to be older than its engine is.
    let engine = words.version("Trident", 1);
    let known = engine.and_then(|engine| TRIDENT.iter().find(|(known, _)| *known == engine));
    let version = known.map(|(_, version)| (*version).to_owned());
    Some(Named::new("IE", version.or_else(|| words.version("MSIE", 2))))
}

fn outlook(words: &Words<'_>) -> Option<Named> {
    let number = words.version("Microsoft Outlook", 1)?;
    let known = OUTLOOK.iter().find(|(known, _)| *known == number);
    Some(Named::new(
        "Outlook",
        Some(known.map_or(number.clone(), |(_, name)| (*name).to_owned())),
    ))
}

fn firefox(words: &Words<'_>) -> Option<Named> {
    let rest = words.after("Firefox")?;
    let is_mobile = ["Mobile;", "Tablet;"]
        .iter()
        .any(|word| words.text().contains(word));
    let name = if is_mobile { "Firefox Mobile" } else { "Firefox" };
    Some(Named::new(name, version(rest, 3)))
}

fn chrome(words: &Words<'_>) -> Option<Named> {
    let rest = words.after("Chrome")?;
    let is_view = words.has("Android") && (words.has("wv") || words.has("Version"));
    let name = match (is_view, super::words::Words::new(rest).has("Mobile")) {
        (true, _) => "Chrome Mobile WebView",
        (false, true) => "Chrome Mobile",
        (false, false) => "Chrome",
    };
    Some(Named::new(name, version(rest, 3)))
}

fn blackberry(words: &Words<'_>) -> Option<Named> {
    if let Some(rest) = words.text().strip_prefix("BlackBerry") {
        return Some(Named::new("BlackBerry", version(rest, 1)));
    }
    words
        .has("BB10")
        .then(|| Named::new("BlackBerry WebKit", words.version("Version", 3)))
}

/// The browser that Android had of its own.
fn android(words: &Words<'_>) -> Option<Named> {
    let rest = words.after("Android")?.strip_prefix(' ')?;
    Some(Named::new("Android", Some(version(rest, 3)?)))
}

fn safari(words: &Words<'_>) -> Option<Named> {
    let is_phone = ["iPhone", "iPad", "iPod", "iPod touch"]
        .iter()
        .any(|word| words.has(word));
    let own = words.version("Version", 3);
    match (is_phone, words.has("Safari")) {
        (true, true) if own.is_some() => Some(Named::new("Mobile Safari", own)),
        (true, _) => Some(Named::new("Mobile Safari UI/WKWebView", None)),
        (false, true) => {
            let by_app = || {
                words
                    .text()
                    .starts_with("Safari")
                    .then(|| words.version("Safari", 3))
                    .flatten()
            };
            Some(Named::new("Safari", own.or_else(by_app)))
        }
        // Mail shows pages by the same engine.
        (false, false) => {
            let engine = words
                .version("AppleWebKit", 3)
                .filter(|_| words.text().ends_with("like Gecko)"))?;
            Some(Named::new("Apple Mail", Some(engine)))
        }
    }
}

fn links(words: &Words<'_>) -> Option<Named> {
    let rest = words.text().strip_prefix("Links (")?;
    Some(Named::new("Links", version(rest, 2)))
}
