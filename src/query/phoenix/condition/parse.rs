//! A condition's words, put together: `or` binds less than `and`, and that less than `not`.

use super::lex::{Token, Word, invalid, words};
use super::{Cast, Column, Comparison, Literal, Operand, Test};

/// The most bytes of a condition.
const LONGEST: usize = 16 << 10;

/// How deep brackets and `not` may nest.
const DEEPEST: usize = 12;

/// What spans alone do not answer.
const ELSEWHERE: [&str; 6] = [
    "annotations",
    "evals",
    "parent_span",
    "cumulative_token_count",
    "cumulative_llm_token_count",
    "session",
];

struct Parser {
    words: Vec<Word>,
    place: usize,
    end: usize,
    depth: usize,
}

/// Reads a condition.
pub fn condition(text: &str) -> Result<Test, String> {
    let mut parser = Parser::over(text)?;
    let test = parser.any()?;
    parser.finished()?;
    Ok(test)
}

/// Reads the name of a column or attribute.
pub fn operand(text: &str) -> Result<Operand, String> {
    let mut parser = Parser::over(text)?;
    let operand = parser.operand()?;
    parser.finished()?;
    Ok(operand)
}

// === impl Parser ===

impl Parser {
    fn over(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("longer than {LONGEST} bytes"));
        }
        let words = words(text)?;
        closed(&words)?;
        Ok(Self {
            words,
            place: 0,
            end: text.len() + 1,
            depth: DEEPEST,
        })
    }

    fn finished(&self) -> Result<(), String> {
        match self.words.get(self.place) {
            None => Ok(()),
            Some(word) => Err(invalid(word.place)),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.words.get(self.place).map(|word| &word.token)
    }

    fn fault(&self) -> String {
        invalid(self.words.get(self.place).map_or(self.end, |word| word.place))
    }

    fn sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(sign)) if *sign == wanted);
        self.place += usize::from(found);
        found
    }

    fn keyword(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(name)) if name == wanted);
        self.place += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        match self.sign(sign) {
            true => Ok(()),
            false => Err(self.fault()),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| format!("nests more than {DEEPEST} deep"))?;
        let result = read(self);
        self.depth += 1;
        result
    }

    fn any(&mut self) -> Result<Test, String> {
        let mut tests = vec![self.all()?];
        while self.keyword("or") {
            tests.push(self.all()?);
        }
        Ok(alone(tests, Test::Any))
    }

    fn all(&mut self) -> Result<Test, String> {
        let mut tests = vec![self.not()?];
        while self.keyword("and") {
            tests.push(self.not()?);
        }
        Ok(alone(tests, Test::All))
    }

    fn not(&mut self) -> Result<Test, String> {
        if self.keyword("not") {
            let test = self.deeper(Self::not)?;
            return Ok(Test::Not(Box::new(test)));
        }
        if matches!(self.peek(), Some(Token::Sign("("))) {
            let before = self.place;
            self.place += 1;
            let fault = match self.deeper(Self::any) {
                Ok(test) if self.sign(")") => return Ok(test),
                Ok(_) => self.fault(),
                Err(fault) => fault,
            };
            // It may be a list that is looked through.
            self.place = before;
            return self.comparison().map_err(|_| fault);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Test, String> {
        let begin = self.words.get(self.place).map(|word| word.place);
        let left = self.operand()?;
        let test = if self.keyword("is") {
            let negated = self.keyword("not");
            if !self.keyword("None") {
                return Err(self.fault());
            }
            negated_if(negated, Test::IsNone(left))
        } else if self.keyword("in") {
            Test::In(self.operand()?, left)
        } else if self.keyword("not") {
            if !self.keyword("in") {
                return Err(self.fault());
            }
            negated_if(true, Test::In(self.operand()?, left))
        } else if let Some(op) = self.comparator() {
            let right = self.operand()?;
            comparable(&left, &right)?;
            comparable(&right, &left)?;
            Test::Compare(left, op, right)
        } else if begin.is_some() && self.peek().is_none() {
            return Err(
                "a name or value alone is not a condition, expected a comparison such as `name == ...`"
                    .into(),
            );
        } else {
            return Err(self.fault());
        };
        Ok(test)
    }

    fn comparator(&mut self) -> Option<Comparison> {
        let signs = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            ("<", Comparison::Less),
            (">=", Comparison::GreaterOrEqual),
            (">", Comparison::Greater),
        ];
        let found = signs.into_iter().find(|(sign, _)| self.sign(sign));
        found.map(|(_, comparison)| comparison)
    }

    fn operand(&mut self) -> Result<Operand, String> {
        if self.sign("[") {
            return self.list("]");
        }
        if self.sign("(") {
            return self.list(")");
        }
        let name = match self.peek() {
            Some(Token::Name(name)) if !matches!(name.as_str(), "None" | "True" | "False") => name.clone(),
            _ => return self.literal().map(Operand::Literal),
        };
        if ["and", "or", "not", "in", "is"].contains(&name.as_str()) {
            return Err(self.fault());
        }
        self.place += 1;
        let cast = match name.as_str() {
            "str" => Some(Cast::Text),
            "int" => Some(Cast::Whole),
            "float" => Some(Cast::Number),
            _ => None,
        };
        if let Some(cast) = cast
            && self.sign("(")
        {
            let inner = self.deeper(Self::operand)?;
            self.expect(")")?;
            return Ok(Operand::Cast(cast, Box::new(inner)));
        }
        self.named(name)
    }

    /// A column or an attribute: dotted names, then keys in brackets.
    fn named(&mut self, first: String) -> Result<Operand, String> {
        if ELSEWHERE.iter().any(|name| first.starts_with(name)) {
            return Err(format!("`{first}` is not supported by this server"));
        }
        let mut path = vec![first];
        while self.sign(".") {
            match self.peek() {
                Some(Token::Name(name)) => path.push(name.clone()),
                _ => return Err(self.fault()),
            }
            self.place += 1;
        }
        if let Some(column) = Column::named(&path.join(".")) {
            return Ok(Operand::Column(column));
        }
        if path.first().is_some_and(|name| name == "attributes") {
            path.remove(0);
        }
        while self.sign("[") {
            match self.literal()? {
                Literal::Text(key) => path.push(key),
                Literal::Number(number) => path.push(number.to_string()),
                _ => return Err(self.fault()),
            }
            self.expect("]")?;
        }
        match path.is_empty() {
            true => Err("`attributes` needs a key, such as `attributes['a']`".into()),
            false => Ok(Operand::Attribute(path)),
        }
    }

    fn list(&mut self, end: &str) -> Result<Operand, String> {
        let mut items = Vec::new();
        while !self.sign(end) {
            items.push(self.literal()?);
            if !self.sign(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(Operand::List(items))
    }

    fn literal(&mut self) -> Result<Literal, String> {
        let is_negative = self.sign("-");
        let literal = match self.peek() {
            Some(Token::Number(number)) if is_negative => Literal::Number(-number),
            _ if is_negative => return Err(self.fault()),
            Some(Token::Number(number)) => Literal::Number(*number),
            Some(Token::Text(text)) => Literal::Text(text.clone()),
            Some(Token::Name(name)) => match name.as_str() {
                "None" => Literal::None,
                "True" => Literal::Bool(true),
                "False" => Literal::Bool(false),
                _ => return Err(self.fault()),
            },
            _ => return Err(self.fault()),
        };
        self.place += 1;
        Ok(literal)
    }
}

fn alone(mut tests: Vec<Test>, several: fn(Vec<Test>) -> Test) -> Test {
    match tests.pop() {
        Some(test) if tests.is_empty() => test,
        last => {
            tests.extend(last);
            several(tests)
        }
    }
}

fn negated_if(negated: bool, test: Test) -> Test {
    match negated {
        true => Test::Not(Box::new(test)),
        false => test,
    }
}

/// A column of one type does not meet a value of another.
fn comparable(left: &Operand, right: &Operand) -> Result<(), String> {
    match (left, right) {
        (Operand::Column(column), Operand::Literal(Literal::Number(_))) if column.is_text() => {
            Err("cannot compare string and number".into())
        }
        (Operand::Column(Column::Latency), Operand::Literal(Literal::Text(_))) => {
            Err("cannot compare number and string".into())
        }
        _ => Ok(()),
    }
}

/// Every bracket is closed by its like.
fn closed(words: &[Word]) -> Result<(), String> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    for word in words {
        match word.token {
            Token::Sign(sign @ ("(" | "[")) => open.push((sign, word.place)),
            Token::Sign(sign @ (")" | "]")) => {
                let wanted = if sign == ")" { "(" } else { "[" };
                if open.pop().is_none_or(|(sign, _)| sign != wanted) {
                    return Err(format!("unmatched '{sign}' at character {}", word.place));
                }
            }
            _ => {}
        }
    }
    match open.last() {
        Some((sign, place)) => Err(format!("'{sign}' was never closed at character {place}")),
        None => Ok(()),
    }
}
