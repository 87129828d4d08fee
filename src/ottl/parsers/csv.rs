//! `ParseCSV`: one row, by its header.
//!
//! Promise: fields are those that Go's reader of CSV finds, also in rows that it finds fault with halfway.

use super::fields::Fields;
use super::shown;
use crate::wire::Value;

/// How quotes are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quotes {
    /// They enclose whole fields; anywhere else they are an error.
    #[default]
    Strict,
    /// They may also occur within fields.
    Lazy,
    /// They are letters like others.
    Ignored,
}

/// How rows and headers are taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Csv {
    /// What separates the fields of a row.
    pub delimiter: char,
    /// What separates the names in a header.
    pub header_delimiter: char,
    /// How quotes in a row are read.
    pub quotes: Quotes,
}

/// What is left of a row, and whether its quotes are strict.
struct Reader<'a> {
    rest: &'a str,
    delimiter: char,
    is_lazy: bool,
}

/// A line, with its `\n` unless the text ends without one.
struct Line<'a> {
    text: &'a str,
    has_end: bool,
}

// === impl Csv ===

impl Csv {
    /// Checks a statement's arguments. Without a delimiter it is a comma, without one for the header that of the rows; the mode
    /// is `strict`, `lazyQuotes` or `ignoreQuotes`.
    pub fn new(
        delimiter: Option<&str>,
        header_delimiter: Option<&str>,
        mode: Option<&str>,
    ) -> Result<Self, String> {
        let delimiter = delimiter.map_or(Ok(','), |text| letter("delimiter", text))?;
        let quotes = match mode {
            None | Some("strict") => Quotes::Strict,
            Some("lazyQuotes") => Quotes::Lazy,
            Some("ignoreQuotes") => Quotes::Ignored,
            Some(other) => return Err(format!("unknown mode: {other}")),
        };
        Ok(Self {
            delimiter,
            header_delimiter: header_delimiter
                .map_or(Ok(delimiter), |text| letter("header_delimiter", text))?,
            quotes,
        })
    }

    /// The fields of `row` by the names in `header`. Of a name that occurs twice the last field counts.
    pub fn parse(&self, row: &str, header: &str) -> Result<Vec<(String, Value)>, String> {
        if header.is_empty() {
            return Err("the header is empty".into());
        }
        let names: Vec<&str> = header.split(self.header_delimiter).collect();
        let values = self.fields(row)?;
        if values.len() != names.len() {
            return Err(format!(
                "wrong number of fields: expected {}, found {}",
                names.len(),
                values.len()
            ));
        }
        let mut fields = Fields::default();
        for (name, value) in names.into_iter().zip(values) {
            fields.put_text(name, value);
        }
        Ok(fields.into_list())
    }

    /// Each further line goes on with the last field of the one before.
    fn fields(&self, row: &str) -> Result<Vec<String>, String> {
        if self.quotes == Quotes::Ignored {
            return Ok(row.split(self.delimiter).map(str::to_owned).collect());
        }
        if matches!(self.delimiter, '\0' | '"' | '\r' | '\n' | '\u{fffd}') {
            return Err(format!("{:?} cannot be a delimiter of csv", self.delimiter));
        }
        let mut reader = Reader {
            rest: row,
            delimiter: self.delimiter,
            is_lazy: self.quotes == Quotes::Lazy,
        };
        let mut fields: Vec<String> = Vec::new();
        while let Some(record) = reader.record()? {
            let mut record = record.into_iter();
            if let Some(last) = fields.last_mut() {
                last.push('\n');
                last.push_str(&record.next().unwrap_or_default());
            }
            fields.extend(record);
        }
        match fields.is_empty() {
            true => Err("there is no line of csv".into()),
            false => Ok(fields),
        }
    }
}

fn letter(argument: &str, text: &str) -> Result<char, String> {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Ok(letter),
        _ => Err(format!(
            "{argument} must be a single character, not {}",
            shown(text)
        )),
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    /// The next line; nothing at the end.
    fn line(&mut self) -> Option<Line<'a>> {
        let (text, rest, has_end) = match self.rest.split_once('\n') {
            Some((text, rest)) => (text, rest, true),
            None if self.rest.is_empty() => return None,
            None => (self.rest, "", false),
        };
        self.rest = rest;
        Some(Line {
            text: text.strip_suffix('\r').unwrap_or(text),
            has_end,
        })
    }

    /// The fields of the next line that is not empty, and of those into which a quoted field goes on. Where something is
    /// wrong behind the first field, the fields before it and nothing more.
    fn record(&mut self) -> Result<Option<Vec<String>>, String> {
        let mut line = loop {
            match self.line() {
                None => return Ok(None),
                Some(line) if line.text.is_empty() => {}
                Some(line) => break line,
            }
        };
        let mut fields = Vec::new();
        loop {
            let field = match line.text.strip_prefix('"') {
                Some(rest) => {
                    line.text = rest;
                    self.quoted(&mut line)
                }
                None => self.bare(&mut line),
            };
            match field {
                Ok((field, is_last)) => {
                    fields.push(field);
                    if is_last {
                        return Ok(Some(fields));
                    }
                }
                Err(error) if fields.is_empty() => return Err(error),
                Err(_) => return Ok(Some(fields)),
            }
        }
    }

    /// A field without quotes around it, and whether it is the last of its line.
    fn bare(&self, line: &mut Line<'a>) -> Result<(String, bool), String> {
        let (field, rest) = match line.text.split_once(self.delimiter) {
            Some((field, rest)) => (field, Some(rest)),
            None => (line.text, None),
        };
        if !self.is_lazy && field.contains('"') {
            return Err(format!(
                "a quote within the field {}, which has none around it",
                shown(field)
            ));
        }
        line.text = rest.unwrap_or_default();
        Ok((field.to_owned(), rest.is_none()))
    }

    /// A field behind its opening quote, and whether it is the last of its line.
    fn quoted(&mut self, line: &mut Line<'a>) -> Result<(String, bool), String> {
        let mut field = String::new();
        loop {
            if let Some((text, rest)) = line.text.split_once('"') {
                field.push_str(text);
                line.text = rest;
                if let Some(rest) = rest.strip_prefix('"') {
                    field.push('"');
                    line.text = rest;
                } else if let Some(rest) = rest.strip_prefix(self.delimiter) {
                    line.text = rest;
                    return Ok((field, false));
                } else if rest.is_empty() {
                    return Ok((field, true));
                } else if self.is_lazy {
                    field.push('"');
                } else {
                    return Err(format!(
                        "letters behind the closing quote of the field {}",
                        shown(&field)
                    ));
                }
                continue;
            }
            field.push_str(line.text);
            if line.has_end {
                field.push('\n');
            }
            match self.line() {
                Some(next) => *line = next,
                None if self.is_lazy => return Ok((field, true)),
                None => return Err(format!("the quoted field {} does not end", shown(&field))),
            }
        }
    }
}
