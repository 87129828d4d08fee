//! Go's layouts: a format is written as the reference time `Mon Jan 2 15:04:05 MST 2006` would be.

/// A format, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What stands before each element, the element, and how it is written.
    pub(super) parts: Vec<(String, Element, String)>,
    /// What stands behind the last.
    pub(super) rest: String,
}

/// Something of a time that a layout names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// Four digits.
    Year,
    /// The last two digits.
    ShortYear,
    MonthName(Name),
    Month(Pad),
    WeekdayName(Name),
    Day(Pad),
    DayOfYear(Pad),
    Hour,
    /// Of the half day.
    Hour12(Pad),
    Minute(Pad),
    Second(Pad),
    /// `AM` or `PM`; in small letters where false.
    HalfDay(bool),
    ZoneName,
    Offset {
        /// Whether `Z` stands for none.
        z: bool,
        form: Form,
    },
    Fraction {
        digits: usize,
        /// Whether zeros at the end are left out.
        trims: bool,
        separator: char,
    },
}

/// How much of a name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Short,
    Long,
}

/// How a number is made wider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    None,
    Zero,
    Space,
}

/// What of an offset is written, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Hour,
    Minute,
    Second,
    ColonMinute,
    ColonSecond,
}

/// Elements as they are written; what begins like another stands before it. Fractions are told apart from these.
const ELEMENTS: [(&str, Element); 35] = [
    ("January", Element::MonthName(Name::Long)),
    ("Jan", Element::MonthName(Name::Short)),
    ("Monday", Element::WeekdayName(Name::Long)),
    ("Mon", Element::WeekdayName(Name::Short)),
    ("MST", Element::ZoneName),
    ("01", Element::Month(Pad::Zero)),
    ("02", Element::Day(Pad::Zero)),
    ("03", Element::Hour12(Pad::Zero)),
    ("04", Element::Minute(Pad::Zero)),
    ("05", Element::Second(Pad::Zero)),
    ("06", Element::ShortYear),
    ("002", Element::DayOfYear(Pad::Zero)),
    ("15", Element::Hour),
    ("1", Element::Month(Pad::None)),
    ("2006", Element::Year),
    ("2", Element::Day(Pad::None)),
    ("_2", Element::Day(Pad::Space)),
    ("__2", Element::DayOfYear(Pad::Space)),
    ("3", Element::Hour12(Pad::None)),
    ("4", Element::Minute(Pad::None)),
    ("5", Element::Second(Pad::None)),
    ("PM", Element::HalfDay(true)),
    ("pm", Element::HalfDay(false)),
    ("-070000", Element::offset(false, Form::Second)),
    ("-07:00:00", Element::offset(false, Form::ColonSecond)),
    ("-0700", Element::offset(false, Form::Minute)),
    ("-07:00", Element::offset(false, Form::ColonMinute)),
    ("-07", Element::offset(false, Form::Hour)),
    ("Z070000", Element::offset(true, Form::Second)),
    ("Z07:00:00", Element::offset(true, Form::ColonSecond)),
    ("Z0700", Element::offset(true, Form::Minute)),
    ("Z07:00", Element::offset(true, Form::ColonMinute)),
    ("Z07", Element::offset(true, Form::Hour)),
    // Written so they are no elements by themselves.
    (
        ".",
        Element::Fraction {
            digits: 0,
            trims: false,
            separator: '.',
        },
    ),
    (
        ",",
        Element::Fraction {
            digits: 0,
            trims: false,
            separator: ',',
        },
    ),
];

// === impl Layout ===

impl Layout {
    /// Takes `text` apart. There are no wrong layouts: what names nothing stands for itself.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut before = String::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            match element(rest) {
                Some((element, length)) => {
                    let (written, behind) = rest.split_at(length);
                    parts.push((std::mem::take(&mut before), element, written.to_owned()));
                    rest = behind;
                }
                None => {
                    before.push(letter);
                    rest = rest.get(letter.len_utf8()..).unwrap_or_default();
                }
            }
        }
        Self { parts, rest: before }
    }
}

/// The element that `text` begins with, and the bytes it takes.
fn element(text: &str) -> Option<(Element, usize)> {
    let first = text.bytes().next()?;
    let begins = |(written, _): &&(&str, Element)| written.as_bytes().first() == Some(&first);
    // An underline before a year is one.
    if text.starts_with("_2006") {
        return None;
    }
    let found = ELEMENTS.iter().filter(begins).find(|(written, element)| {
        text.strip_prefix(written).is_some_and(|behind| match element {
            Element::MonthName(Name::Short) | Element::WeekdayName(Name::Short) => {
                !behind.starts_with(|next: char| next.is_ascii_lowercase())
            }
            _ => true,
        })
    });
    match found {
        Some((_, Element::Fraction { separator, .. })) => fraction(text, *separator),
        Some((written, element)) => Some((*element, written.len())),
        None => None,
    }
}

/// A separator with zeros or with nines behind it, and no other digit behind these.
fn fraction(text: &str, separator: char) -> Option<(Element, usize)> {
    let behind = text.get(1..)?;
    let kind = behind.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let rest = behind.trim_start_matches(kind);
    if rest.starts_with(|next: char| next.is_ascii_digit()) {
        return None;
    }
    let digits = behind.len() - rest.len();
    let element = Element::Fraction {
        digits,
        trims: kind == '9',
        separator,
    };
    Some((element, digits + 1))
}

// === impl Element ===

impl Element {
    const fn offset(z: bool, form: Form) -> Self {
        Self::Offset { z, form }
    }
}
