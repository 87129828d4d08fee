//! Directives such as `%Y`, and what Go's layouts write for them.

/// How many directives a format may have.
const MAX_DIRECTIVES: usize = 100;

/// A directive's letter, what is written for it, and the layouts by which it is read, each in elements.
pub(super) type Directive = (char, &'static str, &'static [&'static [&'static str]]);

/// A format, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Directives {
    /// What stands before each directive, and the directive.
    pub parts: Vec<(String, &'static Directive)>,
    /// What stands behind the last.
    pub rest: String,
}

const DIRECTIVES: [Directive; 40] = [
    ('Y', "2006", &[&["2006"]]),
    ('y', "06", &[&["06"]]),
    ('m', "01", &[&["1"]]),
    ('o', "_1", &[&["1"]]),
    ('q', "1", &[&["1"]]),
    ('b', "Jan", &[&["Jan"]]),
    ('h', "Jan", &[&["Jan"]]),
    ('B', "January", &[&["January"]]),
    ('d', "02", &[&["2"]]),
    ('e', "_2", &[&["2"]]),
    ('g', "2", &[&["2"]]),
    ('a', "Mon", &[&["Mon"]]),
    ('A', "Monday", &[&["Monday"]]),
    ('H', "15", &[&["15"]]),
    ('l', "3", &[&["3"]]),
    ('I', "03", &[&["3"]]),
    ('p', "PM", &[&["PM"]]),
    ('P', "pm", &[&["pm"]]),
    ('M', "04", &[&["4"]]),
    ('S', "05", &[&["5"]]),
    ('L', "999", &[&["999"]]),
    ('f', "999999", &[&["999999"]]),
    ('s', "999999999", &[&["999999999"]]),
    ('Z', "MST", &[&["MST"]]),
    ('z', "Z0700", &[&["Z0700"], &["Z07:00"], &["Z07"]]),
    ('w', "-070000", &[&["-070000"]]),
    ('i', "-07", &[&["-07"]]),
    ('j', "-07:00", &[&["-07:00"]]),
    ('k', "-07:00:00", &[&["-07:00:00"]]),
    ('D', "01/02/2006", SHORT_DATE),
    ('x', "01/02/2006", SHORT_DATE),
    ('F', "2006-01-02", &[&["2006", "-", "1", "-", "2"]]),
    ('T', "15:04:05", CLOCK),
    ('X', "15:04:05", CLOCK),
    ('r', "03:04:05 pm", &[&["3", ":", "4", ":", "5", " ", "pm"]]),
    ('R', "15:04", &[&["15", ":", "4"]]),
    ('n', "\n", &[&["\n"]]),
    ('t', "\t", &[&["\t"]]),
    ('%', "%", &[&["%"]]),
    ('c', "Mon Jan 02 15:04:05 2006", WHOLE),
];

const SHORT_DATE: &[&[&str]] = &[&["1", "/", "2", "/", "2006"], &["1", "/", "2", "/", "06"]];
const CLOCK: &[&[&str]] = &[&["15", ":", "4", ":", "5"]];
const WHOLE: &[&[&str]] = &[&[
    "Mon", " ", "Jan", " ", "2", " ", "15", ":", "4", ":", "5", " ", "2006",
]];

// === impl Directives ===

impl Directives {
    /// Takes `format` apart; says what is wrong with it.
    pub fn of(format: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("invalid time format {format:?}: {why}");
        if format.is_empty() {
            return Err("time format cannot be empty".to_owned());
        }
        if format.contains(|letter: char| letter.is_ascii_digit()) {
            return Err(wrong("it holds digits".to_owned()));
        }
        let (mut parts, mut before) = (Vec::new(), String::new());
        let mut unknown = Vec::new();
        let (mut letters, mut last) = (format.chars().peekable(), None);
        while let Some(letter) = letters.next() {
            let next = letters
                .peek()
                .copied()
                .filter(|next| letter == '%' && *next != '\n');
            if let ('%', Some('L' | 'f' | 's'), Some(last)) = (letter, next, last)
                && !matches!(last, '.' | ',')
            {
                return Err(wrong(
                    "a fraction of a second must stand behind '.' or ','".to_owned(),
                ));
            }
            last = Some(letter);
            let Some(next) = next else {
                before.push(letter);
                continue;
            };
            letters.next();
            last = Some(next);
            match DIRECTIVES.iter().find(|(known, ..)| *known == next) {
                Some(directive) => parts.push((std::mem::take(&mut before), directive)),
                None => unknown.push(format!("%{next}")),
            }
        }
        if !unknown.is_empty() {
            return Err(wrong(format!("unknown directive {}", unknown.join(", "))));
        }
        if parts.len() > MAX_DIRECTIVES {
            return Err(wrong(format!("more than {MAX_DIRECTIVES} directives")));
        }
        Ok(Self { parts, rest: before })
    }

    /// The layout by which a time is written.
    pub fn written(&self) -> String {
        self.layout(|(_, written, _)| (*written).to_owned())
    }

    /// The layout by which a text is read first.
    pub fn first(&self) -> String {
        self.layout(|(_, _, ways)| ways.first().map(|way| way.concat()).unwrap_or_default())
    }

    fn layout(&self, of: impl Fn(&Directive) -> String) -> String {
        let parts = self.parts.iter();
        let written: String = parts
            .map(|(before, directive)| before.clone() + &of(directive))
            .collect();
        written + &self.rest
    }
}
