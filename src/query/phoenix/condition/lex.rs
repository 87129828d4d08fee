//! The words of a condition.

/// A word, and the character at which it stands, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    pub token: Token,
    pub place: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name, or a keyword.
    Name(String),
    Number(f64),
    Text(String),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 15] = [
    "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", "-", "+", "=",
];

/// Cuts a text into words.
pub fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    let place = |rest: &str| text.len() - rest.len() + 1;
    while let Some(first) = rest.chars().next() {
        let at = place(rest);
        let (token, after) = match first {
            '\'' | '"' => {
                quoted(rest, first).ok_or_else(|| format!("unterminated text at character {at}"))?
            }
            first if first.is_ascii_digit() => number(rest).ok_or_else(|| invalid(at))?,
            first if first.is_alphabetic() || first == '_' => name(rest),
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign = sign.ok_or_else(|| invalid(at))?;
                (Token::Sign(sign), rest.get(sign.len()..).unwrap_or_default())
            }
        };
        words.push(Word { token, place: at });
        rest = after.trim_start();
    }
    Ok(words)
}

/// What is said of something that does not fit where it stands.
pub fn invalid(place: usize) -> String {
    format!("invalid syntax at character {place}")
}

fn quoted(rest: &str, quote: char) -> Option<(Token, &str)> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next()?.1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                other => text.push(other),
            },
            letter if letter == quote => {
                return Some((Token::Text(text), rest.get(place + 1..)?));
            }
            letter => text.push(letter),
        }
    }
    None
}

fn number(rest: &str) -> Option<(Token, &str)> {
    let mut before = ' ';
    let is_part = |letter: char| {
        let is_sign = matches!(letter, '+' | '-') && matches!(before, 'e' | 'E');
        before = letter;
        letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_') || is_sign
    };
    let digits: String = rest
        .chars()
        .take_while({
            let mut is_part = is_part;
            move |letter| is_part(*letter)
        })
        .collect();
    let number = digits
        .replace('_', "")
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())?;
    Some((Token::Number(number), rest.get(digits.len()..)?))
}

fn name(rest: &str) -> (Token, &str) {
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
    (Token::Name(name.to_owned()), after)
}
