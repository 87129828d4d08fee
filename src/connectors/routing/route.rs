//! The routes of a table, compiled.

use super::config::{Action, RouteContext, RouteSettings, RouteText, RoutingSettings};
use super::request::RequestTest;
use crate::config::settings::Problems;
use crate::config::statements::Located;
use crate::ottl::{self, Condition, Context, Dialect, Error, Misfit, Outcome, Scene, Statement};

/// A route: what it matches, and whether that is there for later ones.
#[derive(Debug)]
pub(super) struct Route {
    pub test: Test,
    pub copies: bool,
}

/// What a route matches.
#[derive(Debug)]
pub(super) enum Test {
    /// All that a request with such metadata brings.
    Request(RequestTest),
    /// Resources with all that is below them.
    Resource(Match),
    /// Spans.
    Span(Match),
}

/// A condition, or a statement that may edit what it matches.
#[derive(Debug)]
pub(super) enum Match {
    Condition(Condition),
    Statement(Statement),
}

/// The routes with their places in the table; what is wrong goes to `problems`, and what has no effect or can never be
/// right to `doubts`. A route like one before it has no effect.
pub(super) fn compiled(
    settings: &RoutingSettings,
    problems: &mut Problems,
    doubts: &mut Problems,
) -> Vec<(usize, Route)> {
    let mut routes = Vec::new();
    for (at, route) in settings.table.iter().enumerate() {
        let Some(text) = settings.text(at) else { continue };
        let is_known = |(before, other): (usize, &RouteSettings)| {
            before < at
                && other.context == route.context
                && settings.text(before).is_some_and(|known| known.is(&text))
        };
        if settings.table.iter().enumerate().any(is_known) {
            doubts.add(
                format!("table.{at}"),
                "has no effect: a route before it is about the same",
            );
            continue;
        }
        if let Some(test) = test(route, &text, problems, doubts) {
            let copies = route.action == Action::Copy;
            routes.push((at, Route { test, copies }));
        }
    }
    routes
}

fn test(
    route: &RouteSettings,
    text: &RouteText<'_>,
    problems: &mut Problems,
    doubts: &mut Problems,
) -> Option<Test> {
    let (RouteText::Condition(located) | RouteText::Statement(located)) = text;
    if route.context == Some(RouteContext::Request) {
        // That a statement is not for requests is told elsewhere.
        if matches!(text, RouteText::Statement(_)) {
            return None;
        }
        let test = RequestTest::new(located.text.trim());
        return test
            .map_err(|message| problems.add(&located.path, message))
            .ok()
            .map(Test::Request);
    }
    let compile = |about| match text {
        RouteText::Condition(located) => {
            ottl::group(&[] as &[&str], &[located.text], about, Dialect::Routing)
        }
        RouteText::Statement(located) => {
            ottl::group(&[located.text], &[] as &[&str], about, Dialect::Routing)
        }
    };
    let compiled = match route.context {
        Some(RouteContext::Span) => compile(ottl::About::Given(Context::Span)),
        // What is asked about a request is asked beside each of its resources.
        Some(_) => compile(ottl::About::Given(Context::Resource)),
        None => compile(ottl::About::Inferred).or_else(|_| compile(ottl::About::Given(Context::Resource))),
    };
    let group = match compiled {
        Ok(group) => group,
        Err(misfits) => {
            tell(&misfits, located, problems);
            return None;
        }
    };
    tell(&group.doubts, located, doubts);
    let mut matches = group.conditions.into_iter().map(Match::Condition);
    let found = matches
        .next()
        .or_else(|| group.statements.into_iter().next().map(Match::Statement))?;
    if let Match::Statement(statement) = &found
        && let Some(edited) = statement.edits().filter(|edited| *edited != group.context)
    {
        let (about, edited) = (group.context.name(), edited.name());
        problems.add(
            &located.path,
            format!("edits the {edited}; a route about a {about} edits only that"),
        );
        return None;
    }
    match group.context {
        Context::Resource => Some(Test::Resource(found)),
        Context::Span => Some(Test::Span(found)),
        other => {
            let name = other.name();
            problems.add(
                &located.path,
                format!("is about {name}; routes are about resources or spans"),
            );
            None
        }
    }
}

fn tell(misfits: &[Misfit], located: &Located<'_>, problems: &mut Problems) {
    misfits
        .iter()
        .for_each(|misfit| misfit.fault.tell(&located.path, problems));
}

// === impl Match ===

impl Match {
    /// Whether it matches what the scene is about, which a statement edits then.
    pub fn matches(
        &self,
        scene: &mut Scene<'_, '_, '_>,
        failed: impl Fn(Error) -> Outcome<()>,
    ) -> Outcome<bool> {
        let matched = match self {
            Self::Condition(condition) => condition.holds(scene),
            Self::Statement(statement) => statement.run(scene),
        };
        matched.or_else(|error| failed(error).map(|()| false))
    }
}
