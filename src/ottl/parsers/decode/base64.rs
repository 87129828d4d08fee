//! The variants of base64 that `Decode` and `Base64Encode` know.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, PAD};

/// A variant of base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base64 {
    /// `base64`: with `+`, `/` and padding.
    Standard,
    /// `base64-raw`: with `+` and `/`, without padding.
    Raw,
    /// `base64-url`: with `-`, `_` and padding.
    Url,
    /// `base64-raw-url`: with `-` and `_`, without padding.
    RawUrl,
}

// === impl Base64 ===

impl Base64 {
    /// The variant of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "base64" => Self::Standard,
            "base64-raw" => Self::Raw,
            "base64-url" => Self::Url,
            "base64-raw-url" => Self::RawUrl,
            _ => return None,
        })
    }

    /// Encodes bytes.
    pub fn encode(self, bytes: &[u8]) -> String {
        self.engine().encode(bytes)
    }

    /// Decodes bytes. Ends of lines do not count, nor do bits behind the last byte.
    pub fn decode(self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let letters = bytes.iter().copied();
        let letters: Vec<u8> = letters.filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        let decoded = self.engine().decode(letters);
        decoded.map_err(|error| format!("could not decode: {}", error.to_string().to_ascii_lowercase()))
    }

    fn engine(self) -> GeneralPurpose {
        let lax = |config: base64::engine::GeneralPurposeConfig| config.with_decode_allow_trailing_bits(true);
        match self {
            Self::Standard => GeneralPurpose::new(&STANDARD, lax(PAD)),
            Self::Raw => GeneralPurpose::new(&STANDARD, lax(NO_PAD)),
            Self::Url => GeneralPurpose::new(&URL_SAFE, lax(PAD)),
            Self::RawUrl => GeneralPurpose::new(&URL_SAFE, lax(NO_PAD)),
        }
    }
}

/// `Base64Encode`; the variant is `base64` where a statement names none.
pub fn base64_encode(text: &str, variant: Option<&str>) -> Result<String, String> {
    let name = variant.unwrap_or("base64");
    let variant = Base64::named(name).ok_or_else(|| format!("unsupported base64 variant: {name}"))?;
    Ok(variant.encode(text.as_bytes()))
}
