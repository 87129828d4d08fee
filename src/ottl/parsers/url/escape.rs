//! The escapes of URLs, as Go reads and writes them.

/// A part of a URL; each has letters of its own that need no escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    Zone,
    UserPassword,
    Query,
    Fragment,
}

// === impl Part ===

impl Part {
    /// Without its escapes. Bytes, for what is escaped need not be UTF-8.
    pub fn unescaped(self, text: &str) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(text.len());
        let mut bytes = text.as_bytes();
        while let [byte, rest @ ..] = bytes {
            bytes = rest;
            match byte {
                b'%' => {
                    let (value, behind) = escaped_byte(rest)
                        .filter(|(value, _)| self.may_be_escaped(*value))
                        .ok_or_else(|| invalid(rest))?;
                    out.push(value);
                    bytes = behind;
                }
                b'+' if self == Self::Query => out.push(b' '),
                _ if self.is_of_host() && byte.is_ascii() && !self.is_plain(*byte) => {
                    return Err(format!("invalid character {:?} in host name", char::from(*byte)));
                }
                _ => out.push(*byte),
            }
        }
        Ok(out)
    }

    /// With an escape for each byte that needs one.
    pub fn escaped(self, bytes: &[u8]) -> String {
        const DIGITS: [char; 16] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
        ];
        let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
        let mut out = String::with_capacity(bytes.len());
        for byte in bytes {
            if self.is_plain(*byte) {
                out.push(char::from(*byte));
            } else {
                out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
        out
    }

    /// Whether `text` is escaped well enough to be shown as it is.
    pub fn is_valid(self, text: &str) -> bool {
        text.bytes()
            .all(|byte| b"!$&'()*+,;=:@[]%".contains(&byte) || self.is_plain(byte))
    }

    /// Whether a byte needs no escape.
    fn is_plain(self, byte: u8) -> bool {
        match byte {
            b'-' | b'_' | b'.' | b'~' => true,
            _ if byte.is_ascii_alphanumeric() => true,
            _ => match self {
                Self::Path => b"$&+,/:;=@".contains(&byte),
                Self::Host | Self::Zone => b"!$&'()*+,;=:[]<>\"".contains(&byte),
                Self::UserPassword => b"$&+,;=".contains(&byte),
                Self::Query => false,
                Self::Fragment => b"$&+,/:;=?@!()*".contains(&byte),
            },
        }
    }

    /// In hosts only what is not ASCII may be escaped, and the percent sign; in zones also spaces, and what needs no escape.
    fn may_be_escaped(self, value: u8) -> bool {
        match self {
            Self::Host => value == b'%' || !value.is_ascii(),
            Self::Zone => matches!(value, b'%' | b' ') || Self::Host.is_plain(value),
            _ => true,
        }
    }

    fn is_of_host(self) -> bool {
        matches!(self, Self::Host | Self::Zone)
    }
}

/// The byte behind a percent sign, and what comes behind it.
fn escaped_byte(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, behind @ ..] = bytes else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    Some(((digit(high)? << 4 | digit(low)?) as u8, behind))
}

fn invalid(behind: &[u8]) -> String {
    let escape = behind.get(..behind.len().min(2)).unwrap_or_default();
    format!("invalid URL escape \"%{}\"", String::from_utf8_lossy(escape))
}
