//! Statements and conditions as configuration has them: compiled together, run one after the other.

use std::cell::RefCell;

use super::call::{Argument, Call};
use super::code::Test;
use super::compile::Compiler;
use super::context::Context;
use super::fault::{Error, Outcome};
use super::functions::Dialect;
use super::infer::Hints;
use super::path::Naming;
use super::scene::Scene;
use super::syntax::{self, Fault};

/// A condition with its text.
#[derive(Debug)]
pub struct Condition {
    text: String,
    test: Test,
}

/// A statement with its text.
#[derive(Debug)]
pub struct Statement {
    text: String,
    editor: Call,
    condition: Option<Test>,
}

/// Statements about the same thing, and the conditions of which one must hold for them to run.
#[derive(Debug)]
pub struct Group {
    /// What they are about.
    pub context: Context,
    /// One must hold, where there are any.
    pub conditions: Vec<Condition>,
    /// They run in order.
    pub statements: Vec<Statement>,
    /// What is taken although it can never be right.
    pub doubts: Vec<Misfit>,
}

/// How it is known what statements are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Their paths say so; all of them begin with a context.
    Inferred,
    /// It is said beside them; their paths need not say it.
    Given(Context),
}

/// A fault, and which text it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Whether it is in a condition.
    pub is_condition: bool,
    /// Which one.
    pub number: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// Compiles conditions, of which one must hold; an error tells all that is wrong.
pub fn conditions(
    texts: &[impl AsRef<str>],
    about: About,
    dialect: Dialect,
) -> Result<(Context, Vec<Condition>), Vec<Misfit>> {
    let group = group(&[] as &[&str], texts, about, dialect)?;
    Ok((group.context, group.conditions))
}

/// Compiles statements with their conditions; an error tells all that is wrong.
pub fn group(
    statements: &[impl AsRef<str>],
    conditions: &[impl AsRef<str>],
    about: About,
    dialect: Dialect,
) -> Result<Group, Vec<Misfit>> {
    let mut misfits = Vec::new();
    let statements = parsed(statements, false, syntax::statement, &mut misfits);
    let conditions = parsed(conditions, true, syntax::condition, &mut misfits);
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let (context, naming) = match about {
        About::Given(context) => (context, Naming::Optional),
        About::Inferred => {
            let mut hints = Hints::default();
            for (_, statement) in &statements {
                hints.call(&statement.editor);
                statement.condition.iter().for_each(|test| hints.test(test));
            }
            conditions.iter().for_each(|(_, test)| hints.test(test));
            let texts = statements
                .first()
                .map(|(text, _)| *text)
                .or(conditions.first().map(|(text, _)| *text));
            let context = hints.infer(dialect).map_err(|message| {
                let fault = Fault::new(0..texts.unwrap_or_default().len(), message);
                vec![Misfit {
                    is_condition: statements.is_empty(),
                    number: 0,
                    fault,
                }]
            })?;
            (context, Naming::Prefixed)
        }
    };
    let compiler = Compiler {
        context,
        naming,
        dialect,
        doubts: RefCell::default(),
    };
    let mut doubts = Vec::new();
    let group = Group {
        context,
        conditions: compiled(
            &conditions,
            true,
            (&mut misfits, &mut doubts),
            &compiler,
            |text, test| {
                Ok(Condition {
                    text: text.trim().to_owned(),
                    test: compiler.test(test)?,
                })
            },
        ),
        statements: compiled(
            &statements,
            false,
            (&mut misfits, &mut doubts),
            &compiler,
            |text, statement| {
                Ok(Statement {
                    text: text.trim().to_owned(),
                    editor: compiler.call(&statement.editor)?,
                    condition: statement
                        .condition
                        .as_ref()
                        .map(|test| compiler.test(test))
                        .transpose()?,
                })
            },
        ),
        doubts: Vec::new(),
    };
    match misfits.is_empty() {
        true => Ok(Group { doubts, ..group }),
        false => Err(misfits),
    }
}

fn parsed<'t, T>(
    texts: &'t [impl AsRef<str>],
    is_condition: bool,
    parse: fn(&str) -> Result<T, Fault>,
    misfits: &mut Vec<Misfit>,
) -> Vec<(&'t str, T)> {
    let mut parsed = Vec::new();
    for (number, text) in texts.iter().map(AsRef::as_ref).enumerate() {
        match parse(text) {
            Ok(tree) => parsed.push((text, tree)),
            Err(fault) => misfits.push(Misfit {
                is_condition,
                number,
                fault,
            }),
        }
    }
    parsed
}

fn compiled<S, T>(
    trees: &[(&str, S)],
    is_condition: bool,
    (misfits, doubts): (&mut Vec<Misfit>, &mut Vec<Misfit>),
    compiler: &Compiler,
    compile: impl Fn(&str, &S) -> Result<T, Fault>,
) -> Vec<T> {
    let mut all = Vec::new();
    for (number, (text, tree)) in trees.iter().enumerate() {
        let misfit = |fault| Misfit {
            is_condition,
            number,
            fault,
        };
        match compile(text, tree) {
            Ok(one) => all.push(one),
            Err(fault) => misfits.push(misfit(fault)),
        }
        doubts.extend(compiler.doubts.take().into_iter().map(misfit));
    }
    all
}

/// The first condition that holds. One that fails is told to `failed`, which passes over it or ends the search.
pub fn first_that_holds(
    conditions: &[Condition],
    scene: &Scene<'_, '_, '_>,
    mut failed: impl FnMut(Error) -> Outcome<()>,
) -> Outcome<Option<usize>> {
    for (number, condition) in conditions.iter().enumerate() {
        match condition.holds(scene) {
            Ok(true) => return Ok(Some(number)),
            Ok(false) => {}
            Err(error) => failed(error)?,
        }
    }
    Ok(None)
}

// === impl Condition ===

impl Condition {
    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds.
    pub fn holds(&self, scene: &Scene<'_, '_, '_>) -> Outcome<bool> {
        let held = self.test.holds(scene);
        held.map_err(|error| Error::new(format!("failed to eval condition: {}, {error}", self.text)))
    }
}

// === impl Group ===

impl Group {
    /// Runs the statements one after the other, if one of the conditions holds or there are none. What fails is told to
    /// `failed`, which passes over it or ends all; `ran` is told of each statement that has run.
    pub fn run(
        &self,
        scene: &mut Scene<'_, '_, '_>,
        mut failed: impl FnMut(Error) -> Outcome<()>,
        mut ran: impl FnMut(&Statement, &Scene<'_, '_, '_>),
    ) -> Outcome<()> {
        let is_gated = !self.conditions.is_empty();
        if is_gated && first_that_holds(&self.conditions, scene, &mut failed)?.is_none() {
            return Ok(());
        }
        for statement in &self.statements {
            match statement.run(scene) {
                Ok(true) => ran(statement, scene),
                Ok(false) => {}
                Err(error) => failed(error)?,
            }
        }
        Ok(())
    }

    /// The outermost thing that its statements may edit; nothing where they edit only what they put aside.
    pub fn edits(&self) -> Option<Context> {
        let edits = self.statements.iter().filter_map(Statement::edits);
        edits.max_by_key(|context| context.rank())
    }
}

// === impl Statement ===

impl Statement {
    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Runs the editor if the condition holds, and says whether it did.
    pub fn run(&self, scene: &mut Scene<'_, '_, '_>) -> Outcome<bool> {
        let ran = self.try_run(scene);
        ran.map_err(|error| Error::new(format!("failed to execute statement: {}, {error}", self.text)))
    }

    fn try_run(&self, scene: &mut Scene<'_, '_, '_>) -> Outcome<bool> {
        if let Some(condition) = &self.condition
            && !condition.holds(scene)?
        {
            return Ok(false);
        }
        self.editor.edit(scene)?;
        Ok(true)
    }

    /// The outermost thing that it may edit; nothing where it edits only what it puts aside.
    pub fn edits(&self) -> Option<Context> {
        let targets = self
            .editor
            .arguments
            .iter()
            .filter_map(|argument| match argument {
                Argument::Path(path) => path.field.context(),
                _ => None,
            });
        targets.max_by_key(|context| context.rank())
    }
}
