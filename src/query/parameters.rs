//! The parameters in a URL's query, in their order: what does not fit is named, with its value.

use axum::extract::Query;
use http::Uri;
use serde_json::Value;

use super::members::Unfit;

/// The most parameters of a request.
const MOST: usize = 1000;

/// The parameters of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

// === impl Parameters ===

impl Parameters {
    /// The parameters in `uri`. What is no UTF-8 once decoded is an error.
    pub fn of(uri: &Uri) -> Result<Self, Unfit> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = query.map_err(|error| Unfit(format!("query of the URL: {error}")))?;
        if pairs.len() > MOST {
            return Err(Unfit(format!(
                "query of the URL: more than {MOST} parameters, {}",
                pairs.len()
            )));
        }
        // Decoding puts this character where the bytes are no UTF-8.
        let broken = |text: &str| text.contains('\u{fffd}');
        match pairs.iter().find(|(name, value)| broken(name) || broken(value)) {
            Some((name, _)) => Err(Unfit(format!("query of the URL: `{name}` is no UTF-8"))),
            None => Ok(Self(pairs)),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Every value of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.iter().filter(move |(known, _)| *known == name);
        named.map(|(_, value)| value)
    }

    /// A parameter's value; the last, when it is there more than once.
    pub fn text<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).last()
    }

    /// A parameter that is a whole number; an empty one is as good as absent.
    pub fn whole(&self, name: &str) -> Result<Option<i64>, Unfit> {
        let text = self.text(name).filter(|text| !text.is_empty());
        let read = text.map(|text| {
            let unfit = |_| Unfit::value(name, &Value::from(text), "a whole number");
            text.parse().map_err(unfit)
        });
        read.transpose()
    }
}
