//! Reading XPath.

use super::{AXES, Axis, Comparison, Expr, FUNCTIONS, Path, Start, Step, Test, XPath};
use crate::ottl::parsers::shown;

/// Bytes of an expression.
const MAX_LEN: usize = 4 << 10;

/// Brackets within each other.
const MAX_DEPTH: usize = 50;

/// What is left to be read.
struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

// === impl XPath ===

impl XPath {
    /// Reads an expression; says what is wrong with it, or what of it is not supported.
    pub fn new(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("invalid xpath {}: {why}", shown(text));
        if text.len() > MAX_LEN {
            return Err(format!("invalid xpath: it has more than {MAX_LEN} bytes"));
        }
        let mut parser = Parser { rest: text, depth: 0 };
        let expr = parser.or().map_err(wrong)?;
        if !parser.rest.trim().is_empty() {
            return Err(wrong(format!("unexpected {:?}", parser.rest.trim())));
        }
        match expr.is_nodes() {
            true => Ok(Self(expr)),
            false => Err(wrong("it does not select nodes".into())),
        }
    }
}

// === impl Parser ===

impl<'a> Parser<'a> {
    /// Takes a token when it comes next.
    fn take(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a word when it comes next, and not merely the beginning of a name.
    fn take_word(&mut self, word: &str) -> bool {
        let before = self.rest;
        if self.name() == Some(word) {
            return true;
        }
        self.rest = before;
        false
    }

    fn name(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start();
        let is_inner = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let len = text.find(|letter| !is_inner(letter)).unwrap_or(text.len());
        let (name, rest) = text.split_at(len);
        if !name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_') {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    fn or(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} brackets within each other"));
        }
        let mut left = self.and()?;
        while self.take_word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut left = self.comparison()?;
        while self.take_word("and") {
            left = Expr::And(Box::new(left), Box::new(self.comparison()?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expr, String> {
        // Those of two letters first.
        const COMPARISONS: [(&str, Comparison); 6] = [
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let mut left = self.sum()?;
        while let Some((_, comparison)) = COMPARISONS.into_iter().find(|(token, _)| self.take(token)) {
            left = Expr::Compare(comparison, Box::new(left), Box::new(self.sum()?));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expr, String> {
        let mut left = self.union()?;
        loop {
            let is_minus = match (self.take("+"), self.take("-")) {
                (false, false) => break,
                (_, is_minus) => is_minus,
            };
            left = Expr::Sum(is_minus, Box::new(left), Box::new(self.union()?));
        }
        for operator in ["*", "div", "mod"] {
            if self.rest.trim_start().starts_with(operator) {
                return Err(format!("the operator {operator} is not supported"));
            }
        }
        Ok(left)
    }

    fn union(&mut self) -> Result<Expr, String> {
        let mut left = self.path()?;
        while self.take("|") {
            let right = self.path()?;
            if !left.is_nodes() || !right.is_nodes() {
                return Err("a side of | does not select nodes".into());
            }
            left = Expr::Union(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn path(&mut self) -> Result<Expr, String> {
        let mut steps = Vec::new();
        let text = self.rest.trim_start();
        let start = if self.take("//") {
            steps.push(anywhere());
            steps.push(self.step()?);
            Start::Document
        } else if self.take("/") {
            if self.is_step_next() {
                steps.push(self.step()?);
            }
            Start::Document
        } else if text.starts_with(['"', '\'']) {
            return self.literal();
        } else if text.starts_with(|letter: char| letter.is_ascii_digit()) {
            return self.number();
        } else if self.take("(") {
            let inner = self.or()?;
            self.expect(")")?;
            if !inner.is_nodes() {
                return Ok(inner);
            }
            Start::Nodes(Box::new(inner), self.predicates()?)
        } else if let Some(call) = self.call()? {
            return Ok(call);
        } else {
            steps.push(self.step()?);
            Start::Here
        };
        loop {
            if self.take("//") {
                steps.push(anywhere());
            } else if !self.take("/") {
                break;
            }
            steps.push(self.step()?);
        }
        Ok(Expr::Path(Path { start, steps }))
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        match self.take(token) {
            true => Ok(()),
            false => Err(format!("expected {token:?} before {:?}", self.rest)),
        }
    }

    fn literal(&mut self) -> Result<Expr, String> {
        let text = self.rest.trim_start();
        let quote = text.get(..1).unwrap_or_default();
        let (literal, rest) = text
            .get(1..)
            .and_then(|text| text.split_once(quote))
            .ok_or_else(|| format!("a quote {quote} is not closed"))?;
        self.rest = rest;
        Ok(Expr::Text(literal.into()))
    }

    fn number(&mut self) -> Result<Expr, String> {
        let text = self.rest.trim_start();
        let is_inner = |letter: char| letter.is_ascii_digit() || letter == '.';
        let (number, rest) = text.split_at(text.find(|letter| !is_inner(letter)).unwrap_or(text.len()));
        self.rest = rest;
        let number = number.parse().map_err(|_| format!("{number} is not a number"));
        number.map(Expr::Number)
    }

    /// A function with its arguments, when one comes next.
    fn call(&mut self) -> Result<Option<Expr>, String> {
        let before = self.rest;
        let name = self.name();
        let is_call = self.rest.trim_start().starts_with('(');
        let Some(name) = name.filter(|name| is_call && !matches!(*name, "node" | "text" | "comment")) else {
            self.rest = before;
            return Ok(None);
        };
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.or()?);
        }
        let known = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let (_, function, least, most) =
            known.ok_or_else(|| format!("the function {name}() is not supported"))?;
        if !(*least..=*most).contains(&arguments.len()) {
            return Err(format!("{name}() does not take {} arguments", arguments.len()));
        }
        let takes_nodes = matches!(name, "count" | "name" | "local-name");
        if takes_nodes && arguments.iter().any(|argument| !argument.is_nodes()) {
            return Err(format!("{name}() takes nodes"));
        }
        Ok(Some(Expr::Call(*function, arguments)))
    }

    fn is_step_next(&self) -> bool {
        let text = self.rest.trim_start();
        text.starts_with(|letter: char| letter.is_alphabetic() || matches!(letter, '_' | '@' | '.' | '*'))
    }

    fn step(&mut self) -> Result<Step, String> {
        if self.take("..") {
            return Ok(bare(Axis::Parent));
        }
        if self.take(".") {
            return Ok(bare(Axis::Itself));
        }
        let before = self.rest;
        let axis = if self.take("@") {
            Axis::Attribute
        } else {
            let name = self.name();
            match name.filter(|_| self.take("::")) {
                Some(name) => {
                    let known = AXES.iter().find(|(known, _)| *known == name);
                    known
                        .ok_or_else(|| format!("the axis {name} is not supported"))?
                        .1
                }
                None => {
                    self.rest = before;
                    Axis::Child
                }
            }
        };
        Ok(Step {
            axis,
            test: self.test()?,
            predicates: self.predicates()?,
        })
    }

    fn test(&mut self) -> Result<Test, String> {
        if self.take("*") {
            return Ok(Test::Any);
        }
        let rest = self.rest;
        let name = self.name().ok_or_else(|| match rest {
            "" => "expected a step at the end".to_owned(),
            rest => format!("expected a step before {rest:?}"),
        })?;
        if self.take("(") {
            self.expect(")")?;
            return match name {
                "node" => Ok(Test::Node),
                "text" => Ok(Test::Text),
                "comment" => Ok(Test::Comment),
                _ => Err(format!("the test {name}() is not supported")),
            };
        }
        if self.rest.starts_with("::") || !self.rest.starts_with(':') {
            return Ok(Test::Named(String::new(), name.into()));
        }
        self.expect(":")?;
        let local = self
            .name()
            .ok_or_else(|| format!("expected a name behind {name}:"))?;
        Ok(Test::Named(name.into(), local.into()))
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, String> {
        let mut predicates = Vec::new();
        while self.take("[") {
            predicates.push(self.or()?);
            self.expect("]")?;
        }
        Ok(predicates)
    }
}

/// The step that `//` stands for.
fn anywhere() -> Step {
    bare(Axis::DescendantOrSelf)
}

fn bare(axis: Axis) -> Step {
    Step {
        axis,
        test: Test::Node,
        predicates: Vec::new(),
    }
}
