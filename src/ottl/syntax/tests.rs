use super::*;

fn parsed(text: &str) -> Expression {
    value(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

/// The tree of a sum, in parentheses.
fn shown(expression: &Expression) -> String {
    match &expression.kind {
        Kind::Int(number) => number.to_string(),
        Kind::Group(inner) => shown(inner),
        Kind::Negated(inner) => format!("(-{})", shown(inner)),
        Kind::Path(path) => path.names(),
        Kind::Sum(left, sign, right) => {
            let sign = match sign {
                Sign::Plus => '+',
                Sign::Minus => '-',
                Sign::Times => '*',
                Sign::Over => '/',
            };
            format!("({}{sign}{})", shown(left), shown(right))
        }
        other => panic!("{other:?}"),
    }
}

/// Guarantees: products bind before sums, both from the left, and a sign belongs to what follows it.
#[test]
fn signs_bind_as_they_should() {
    for (text, tree) in [
        ("1 + 2 * 3 - 4", "((1+(2*3))-4)"),
        ("(1 + 2) * 3 / 4", "(((1+2)*3)/4)"),
        ("-a.b - -1", "((-a.b)--1)"),
        ("-(1 - 2)", "(-(1-2))"),
    ] {
        assert_eq!(shown(&parsed(text)), tree, "{text}");
    }
}

/// Guarantees: numbers, texts and bytes are read as Go reads them.
#[test]
fn literals_are_read_as_go_reads_them() {
    let kind = |text| parsed(text).kind;
    assert_eq!(kind("010"), Kind::Int(8));
    assert_eq!(kind(".5e1"), Kind::Float(5.0));
    assert_eq!(kind("1."), Kind::Float(1.0));
    assert_eq!(kind("0xfF00"), Kind::Bytes(vec![0xff, 0]));
    assert_eq!(
        kind(r#""a\t\x41\101\u00e9\U0001F600\\\"""#),
        Kind::Text("a\tAA\u{e9}\u{1F600}\\\"".into())
    );
    assert_eq!(kind("SPAN_KIND_SERVER"), Kind::Enum("SPAN_KIND_SERVER".into()));
}

/// Guarantees: `not` is about what follows it alone, `and` binds before `or`, and parentheses group.
#[test]
fn conditions_bind_as_they_should() {
    fn shown(test: &Test) -> String {
        let all = |tests: &[Test], word: &str| {
            let tests: Vec<String> = tests.iter().map(shown).collect();
            format!("({})", tests.join(word))
        };
        match test {
            Test::Any(tests) => all(tests, "|"),
            Test::All(tests) => all(tests, "&"),
            Test::Not(inner) => format!("!{}", shown(inner)),
            Test::Constant(value) => value.to_string(),
            Test::Call(call) => call.name.clone(),
            Test::Compare(..) => "=".into(),
        }
    }
    for (text, tree) in [
        ("A() or B() and C()", "(A|(B&C))"),
        ("not A() and not (B() or true)", "(!A&!(B|true))"),
        ("(1 + 2) * 3 == 9 and (A())", "(=&A)"),
        ("((1 == 1) or A())", "(=|A)"),
    ] {
        assert_eq!(shown(&condition(text).unwrap()), tree, "{text}");
    }
}

/// Guarantees: brackets have a bound, and so has the time that parentheses take.
#[test]
fn brackets_are_bounded() {
    let deep = |depth: usize| format!("{}A(){}", "(".repeat(depth), ")".repeat(depth));
    assert!(condition(&deep(60)).is_ok());
    let fault = condition(&deep(100)).unwrap_err();
    assert_eq!(
        (fault.range, fault.message.as_str()),
        (64..65, "brackets are more than 64 deep")
    );
}
