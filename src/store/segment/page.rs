//! One column of one block, decoded.

use std::ops::Range;
use std::sync::Arc;

use super::columns::{Form, Shape};
use crate::store::format::{Broken, delta, hybrid};

/// Values in the lists of a page, at most, so that a few damaged bytes cannot ask for all the memory there is. A block ends
/// at 2 MiB of spans: only one of more than 90 MiB, with nothing but empty attributes, would have more.
const MOST_LEVELS: usize = 3 << 24;

/// No value.
const NONE: u32 = u32::MAX;

/// One column of one block.
pub struct Page {
    rows: Rows,
    values: Values,
}

/// Byte strings, in a dictionary or in a page.
#[derive(Debug, Default)]
pub struct Texts {
    data: Vec<u8>,
    /// Where each begins, its length in front of it; empty when all have one width.
    starts: Vec<u32>,
    /// Where the first begins, when all have one width.
    base: usize,
    width: usize,
    count: usize,
}

/// How rows relate to values.
enum Rows {
    /// Each has the value of its number.
    Each,
    /// Each has the value of this number, or [`NONE`].
    Some(Vec<u32>),
    /// Each has the values from its number to the next.
    Lists(Vec<u32>),
}

/// The values that there are.
enum Values {
    Codes(Arc<Texts>, Vec<u32>),
    Plain(Texts),
    Longs(Vec<i64>),
    Bools(Vec<bool>),
}

// === impl Page ===

impl Page {
    /// Decodes a page of `rows` rows.
    pub fn decode(
        raw: Vec<u8>,
        rows: usize,
        shape: Shape,
        form: Form,
        dictionary: Option<Arc<Texts>>,
    ) -> Result<Self, Broken> {
        let mut rest = raw.as_slice();
        let (rows, count) = match shape {
            Shape::Required => (Rows::Each, rows),
            Shape::Optional => optional(&mut rest, rows)?,
            Shape::List => lists(&mut rest, rows)?,
        };
        let values = match (form, dictionary) {
            (Form::Bin { .. }, Some(dictionary)) => codes(rest, count, dictionary)?,
            (Form::Bin { width: None }, None) => {
                let base = raw.len() - rest.len();
                Values::Plain(Texts::prefixed(raw, base, count)?)
            }
            (Form::Bin { width: Some(width) } | Form::Id(width), _) => {
                let base = raw.len() - rest.len();
                Values::Plain(Texts::of_width(raw, base, width, count)?)
            }
            (Form::Long, _) => {
                let values = delta::decode(rest, count)?;
                let cut_off = Broken("a page has fewer numbers than rows");
                (values.len() == count)
                    .then_some(Values::Longs(values))
                    .ok_or(cut_off)?
            }
            (Form::Bool, _) => {
                let bit = |place: usize| rest.get(place / 8).map(|byte| byte >> (place % 8) & 1 == 1);
                let bits: Option<Vec<bool>> = (0..count).map(bit).collect();
                Values::Bools(bits.ok_or(Broken("a page has fewer bits than rows"))?)
            }
        };
        Ok(Self { rows, values })
    }

    /// The place of a row's value; none when it has none. In a list's page: of its first.
    #[inline]
    pub fn place(&self, row: usize) -> Option<usize> {
        match &self.rows {
            Rows::Each => Some(row),
            Rows::Some(places) => {
                let place = places.get(row).copied().filter(|place| *place != NONE);
                place.map(|place| place as usize)
            }
            Rows::Lists(_) => self.places(row).next(),
        }
    }

    /// The places of a row's values.
    pub fn places(&self, row: usize) -> Range<usize> {
        match &self.rows {
            Rows::Lists(starts) => {
                let at = |row: usize| starts.get(row).copied().unwrap_or_default() as usize;
                at(row)..at(row + 1)
            }
            _ => self.place(row).map_or(0..0, |place| place..place + 1),
        }
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        match &self.values {
            Values::Codes(_, codes) => codes.len(),
            Values::Plain(texts) => texts.count(),
            Values::Longs(values) => values.len(),
            Values::Bools(values) => values.len(),
        }
    }

    /// The dictionary, and the code of each place; none when values lie here as they are.
    pub fn codes(&self) -> Option<(&Arc<Texts>, &[u32])> {
        match &self.values {
            Values::Codes(dictionary, codes) => Some((dictionary, codes)),
            _ => None,
        }
    }

    /// The bytes at a place; empty for numbers of columns that hold differences, and for truths.
    #[inline]
    pub fn bytes(&self, place: usize) -> &[u8] {
        match &self.values {
            Values::Codes(dictionary, codes) => {
                let code = codes.get(place).copied().unwrap_or(NONE);
                dictionary.get(code as usize)
            }
            Values::Plain(texts) => texts.get(place),
            Values::Longs(_) | Values::Bools(_) => &[],
        }
    }

    /// The bytes of a row; none when it has none.
    #[inline]
    pub fn row(&self, row: usize) -> Option<&[u8]> {
        self.place(row).map(|place| self.bytes(place))
    }

    /// The id of a row; zeros when it has none.
    #[inline]
    pub fn id<const WIDTH: usize>(&self, row: usize) -> [u8; WIDTH] {
        let id = self.row(row).and_then(|id| id.first_chunk().copied());
        id.unwrap_or([0; WIDTH])
    }

    /// All numbers of a column of differences.
    pub fn longs(&self) -> &[i64] {
        match &self.values {
            Values::Longs(values) => values,
            _ => &[],
        }
    }

    /// The number of a row in a column of differences.
    #[inline]
    pub fn long(&self, row: usize) -> i64 {
        self.longs().get(row).copied().unwrap_or_default()
    }

    /// The number of a row in a column of 32 bits.
    #[inline]
    pub fn int(&self, row: usize) -> u32 {
        let bytes = self.row(row).and_then(|bytes| bytes.first_chunk().copied());
        u32::from_le_bytes(bytes.unwrap_or_default())
    }

    /// The truth at a place.
    pub fn bool(&self, place: usize) -> bool {
        match &self.values {
            Values::Bools(values) => values.get(place).copied().unwrap_or_default(),
            _ => false,
        }
    }

    /// Bytes of memory, about.
    pub fn memory(&self) -> usize {
        let rows = match &self.rows {
            Rows::Each => 0,
            Rows::Some(rows) | Rows::Lists(rows) => rows.len() * 4,
        };
        rows + match &self.values {
            Values::Codes(_, codes) => codes.len() * 4,
            Values::Plain(texts) => texts.memory(),
            Values::Longs(values) => values.len() * 8,
            Values::Bools(values) => values.len(),
        }
    }
}

/// Takes levels of 0 and 1 off the front.
fn levels(rest: &mut &[u8], count: usize) -> Result<Vec<u32>, Broken> {
    let cut_off = Broken("levels are cut off");
    let (len, after) = rest.split_first_chunk().ok_or(cut_off)?;
    let len = u32::from_le_bytes(*len) as usize;
    let (bytes, after) = after.split_at_checked(len).ok_or(cut_off)?;
    *rest = after;
    let mut levels = Vec::new();
    hybrid::decode(bytes, 1, count, &mut levels)?;
    Ok(levels)
}

fn optional(rest: &mut &[u8], rows: usize) -> Result<(Rows, usize), Broken> {
    let mut places = levels(rest, rows)?;
    let mut count = 0;
    for place in &mut places {
        *place = match *place {
            0 => NONE,
            _ => {
                count += 1;
                count - 1
            }
        };
    }
    match count as usize == rows {
        true => Ok((Rows::Each, rows)),
        false => Ok((Rows::Some(places), count as usize)),
    }
}

fn lists(rest: &mut &[u8], rows: usize) -> Result<(Rows, usize), Broken> {
    let cut_off = Broken("levels are cut off");
    // The count of levels is in the page's header, which nobody reads: the rows say when it ends.
    let (len, _) = rest.split_first_chunk().ok_or(cut_off)?;
    let len = u32::from_le_bytes(*len) as usize;
    let most = hybrid::count(rest.get(4..4 + len).ok_or(cut_off)?, 1)?;
    if most > MOST_LEVELS {
        return Err(Broken("a list of more values than a page has"));
    }
    let mut repeats = levels(rest, most)?;
    // Zeros behind the last row only fill up its group.
    let mut begun = 0;
    let beyond = repeats.iter().position(|repeat| {
        begun += usize::from(*repeat == 0);
        begun > rows
    });
    repeats.truncate(beyond.unwrap_or(repeats.len()));
    let present = levels(rest, repeats.len())?;
    let mut starts = Vec::with_capacity(rows + 1);
    let mut count = 0;
    for (repeat, present) in repeats.iter().zip(&present) {
        if *repeat == 0 {
            starts.push(count);
        }
        count += present;
    }
    if starts.len() != rows {
        return Err(Broken("a page has fewer lists than rows"));
    }
    starts.resize(rows + 1, count);
    Ok((Rows::Lists(starts), count as usize))
}

fn codes(rest: &[u8], count: usize, dictionary: Arc<Texts>) -> Result<Values, Broken> {
    let mut codes = Vec::new();
    if count > 0 {
        let (width, packed) = rest.split_first().ok_or(Broken("codes are cut off"))?;
        hybrid::decode(packed, u32::from(*width), count, &mut codes)?;
    }
    if codes.iter().any(|code| *code as usize >= dictionary.count()) {
        return Err(Broken("a code that the dictionary does not have"));
    }
    Ok(Values::Codes(dictionary, codes))
}

// === impl Texts ===

impl Texts {
    /// A dictionary.
    pub fn dictionary(raw: Vec<u8>, form: Form, count: usize) -> Result<Self, Broken> {
        match form {
            Form::Bin { width: Some(width) } => Self::of_width(raw, 0, width, count),
            _ => Self::prefixed(raw, 0, count),
        }
    }

    fn prefixed(data: Vec<u8>, base: usize, count: usize) -> Result<Self, Broken> {
        let cut_off = Broken("texts are cut off");
        let mut starts = Vec::with_capacity(count.min(data.len() / 4));
        let mut at = base;
        for _ in 0..count {
            starts.push(u32::try_from(at).map_err(|_| cut_off)?);
            let len = data
                .get(at..)
                .and_then(|rest| rest.first_chunk())
                .ok_or(cut_off)?;
            at = at + 4 + u32::from_le_bytes(*len) as usize;
            if at > data.len() {
                return Err(cut_off);
            }
        }
        Ok(Self {
            data,
            starts,
            base: 0,
            width: 0,
            count,
        })
    }

    fn of_width(data: Vec<u8>, base: usize, width: usize, count: usize) -> Result<Self, Broken> {
        let needed = count.checked_mul(width).and_then(|len| len.checked_add(base));
        if needed.is_none_or(|needed| needed > data.len()) {
            return Err(Broken("values are cut off"));
        }
        Ok(Self {
            data,
            starts: Vec::new(),
            base,
            width,
            count,
        })
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The one of this number; empty when there is none.
    #[inline]
    pub fn get(&self, number: usize) -> &[u8] {
        if self.width > 0 {
            let start = self.base + number.min(self.count) * self.width;
            return self.data.get(start..start + self.width).unwrap_or_default();
        }
        let Some(start) = self.starts.get(number) else {
            return &[];
        };
        let rest = self.data.get(*start as usize..).unwrap_or_default();
        let Some((len, rest)) = rest.split_first_chunk() else {
            return &[];
        };
        rest.get(..u32::from_le_bytes(*len) as usize).unwrap_or_default()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.data.len() + self.starts.len() * 4
    }
}
