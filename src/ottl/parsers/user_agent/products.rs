//! What programs call themselves.

/// A program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    /// How it calls itself.
    pub token: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Where its version is.
    pub version: Version,
}

/// Where a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Behind its name, of so many numbers at most.
    Behind(usize),
    /// Behind another name.
    Of(&'static str),
    /// Always the same.
    Known(&'static str),
    /// Nowhere.
    Nowhere,
}

use Version::{Behind, Known, Nowhere, Of};

/// Robots by another name than the one that ends in `bot`, and apps within browsers: they count before all else.
pub(super) const FIRST: &[Product] = &[
    product("AdsBot-Google", "AdsBot-Google", Nowhere),
    product("Storebot-Google", "Storebot", Nowhere),
    product("Mediapartners-Google", "Mediapartners-Google", Nowhere),
    product("Googlebot-Image", "Googlebot-Image", Behind(3)),
    product("Googlebot-Video", "Googlebot-Video", Behind(3)),
    product("Googlebot-News", "Googlebot-News", Nowhere),
    product("BingPreview", "BingPreview", Behind(3)),
    product("msnbot-media", "msnbot-media", Behind(3)),
    product("Googlebot-Mobile", "Googlebot-Mobile", Behind(3)),
    product("YandexFavicons", "YandexFavicons", Behind(3)),
    product("YandexMedia", "YandexMedia", Behind(3)),
    product("YandexWebmaster", "YandexWebmaster", Behind(3)),
    product("YandexImages", "YandexImages", Behind(3)),
    product("YandexMetrika", "YandexMetrika", Behind(3)),
    product("Baiduspider-render", "Baiduspider-render", Behind(3)),
    product("Yahoo! Slurp", "Yahoo! Slurp", Nowhere),
    product("Sogou web spider", "Sogou web spider", Behind(3)),
    product(
        "Screaming Frog SEO Spider",
        "Screaming Frog SEO Spider",
        Behind(3),
    ),
    product("Qwantify", "Qwantify", Behind(3)),
    product("Slackbot-LinkExpanding", "Slackbot-LinkExpanding", Behind(3)),
    product("Slack-ImgProxy", "Slack-ImgProxy", Nowhere),
    product("facebookexternalhit", "FacebookBot", Behind(3)),
    product("coccocbot-web", "coccocbot", Nowhere),
    product("ia_archiver", "ia_archiver", Nowhere),
    product("Feedbin", "Feedbin", Nowhere),
    product("UptimeRobot", "UptimeRobot", Behind(3)),
    product("Pingdom.com_bot_version_1.4_", "PingdomBot", Known("1.4")),
    product("NewRelicPinger", "NewRelicPingerBot", Behind(3)),
    product("Site24x7", "Site24x7", Nowhere),
];

/// Programs that say what they are beside what they pretend to be.
pub(super) const THEN: &[Product] = &[
    product("HeadlessChrome", "HeadlessChrome", Behind(3)),
    product("PhantomJS", "PhantomJS", Behind(3)),
    product("FBAN/MessengerForiOS", "Facebook Messenger", Of("FBAV")),
    product("FBAN", "Facebook", Of("FBAV")),
    product("FB_IAB", "Facebook", Of("FBAV")),
    product("Instagram", "Instagram", Behind(3)),
    product("Twitter for iPhone", "Twitter", Behind(3)),
    product("Snapchat", "Snapchat", Behind(3)),
    product("Pinterest/iOS", "Pinterest", Nowhere),
    product("WhatsApp", "WhatsApp", Behind(3)),
    product("Spotify", "Spotify", Behind(3)),
    product("VLC", "VLC", Behind(3)),
    product("GSA", "Google", Behind(3)),
    product("Brave", "Brave", Behind(3)),
    product("AVG", "AVG", Behind(3)),
    product("Avast", "Avast Secure Browser", Behind(3)),
    product("Whale", "Whale", Behind(3)),
    product("AlohaBrowser", "Aloha Browser", Behind(3)),
    product("Vivaldi", "Vivaldi", Behind(3)),
    product("YaBrowser", "Yandex Browser", Behind(3)),
    product("UCBrowser", "UC Browser", Behind(3)),
    product("MiuiBrowser", "MiuiBrowser", Behind(3)),
    product("HuaweiBrowser", "Huawei Browser", Behind(3)),
    product("SamsungBrowser", "Samsung Internet", Behind(2)),
    product("Ddg", "DuckDuckGo", Behind(3)),
    product("DuckDuckGo", "DuckDuckGo Mobile", Behind(3)),
    product("Silk", "Amazon Silk", Behind(3)),
    product("Epiphany", "Epiphany", Behind(3)),
    product("Midori", "Midori", Behind(3)),
    product("Electron", "Electron", Behind(3)),
    product("PaleMoon", "Pale Moon", Behind(3)),
    product("SeaMonkey", "SeaMonkey", Behind(3)),
    product("Iceweasel", "Iceweasel", Behind(3)),
    product("Thunderbird", "Thunderbird", Behind(3)),
    product("Opera Mini", "Opera Mini", Behind(3)),
    product("OPiOS", "Opera Mini", Behind(3)),
    product("Opera Mobi", "Opera Mobile", Of("Version")),
    product("EdgA", "Edge Mobile", Behind(3)),
    product("EdgiOS", "Edge Mobile", Behind(3)),
    product("Edg", "Edge", Behind(3)),
    product("CriOS", "Chrome Mobile iOS", Behind(3)),
    product("FxiOS", "Firefox iOS", Behind(3)),
    product("IEMobile", "IE Mobile", Behind(2)),
    product("WindowsPowerShell", "WindowsPowerShell", Behind(3)),
    product("Chromium", "Chromium", Behind(3)),
];

/// Libraries and tools, which say nothing but what they are.
pub(super) const LAST: &[Product] = &[
    product("aws-cli", "aws-cli", Behind(3)),
    product("aws-sdk-go-v2", "aws-sdk-go-v2", Behind(3)),
    product("aws-sdk-go", "aws-sdk-go", Behind(3)),
    product("aws-sdk-java", "aws-sdk-java", Behind(3)),
    product("aws-sdk-nodejs", "aws-sdk-nodejs", Behind(3)),
    product("Boto3", "Boto3", Behind(3)),
    product("PycURL", "PycURL", Behind(3)),
    product("libcurl-agent", "libcurl-agent", Behind(3)),
    product("curl", "curl", Behind(3)),
    product("Wget", "Wget", Behind(3)),
    product("Go-http-client", "Go-http-client", Behind(3)),
    product("go-resty", "go-resty", Behind(3)),
    product("python-requests", "Python Requests", Behind(2)),
    product("Python-urllib", "Python-urllib", Behind(3)),
    product("Scrapy", "Scrapy", Behind(3)),
    product("okhttp", "okhttp", Behind(3)),
    product("Apache-HttpClient", "Apache-HttpClient", Behind(3)),
    product("Jersey", "Jersey", Behind(3)),
    product("ReactorNetty", "ReactorNetty", Behind(3)),
    product("AHC", "AHC", Behind(3)),
    product("akka-http", "akka-http", Behind(3)),
    product("axios", "axios", Behind(3)),
    product("got", "got", Behind(3)),
    product("PostmanRuntime", "PostmanRuntime", Behind(3)),
    product("insomnia", "insomnia", Behind(3)),
    product("HTTPie", "HTTPie", Behind(3)),
    product("http.rb", "http.rb", Behind(3)),
    product("libwww-perl", "libwww-perl", Behind(3)),
    product("Microsoft-CryptoAPI", "Microsoft-CryptoAPI", Behind(3)),
    product("reqwest", "reqwest", Behind(3)),
    product("ureq", "ureq", Behind(3)),
    product("masscan", "masscan", Behind(3)),
    product("Lynx", "Lynx", Behind(3)),
];

const fn product(token: &'static str, name: &'static str, version: Version) -> Product {
    Product { token, name, version }
}
