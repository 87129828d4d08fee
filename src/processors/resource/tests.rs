use super::{Resource, ResourceSettings};
use crate::config::literal::Literal;
use crate::config::settings::{Problems, Settings as _};
use crate::pipeline::client::Client;
use crate::pipeline::processor::{Context, Fate, Processor as _};
use crate::processors::actions::ActionSettings;
use crate::wire::{Amendment, ResourceView, ValueView};

/// Guarantees: the actions work on the resource, and one that finds nothing to do is no edit.
#[test]
fn actions_work_on_resources() {
    let settings = ResourceSettings {
        attributes: vec![ActionSettings {
            action: "insert".into(),
            key: "k".into(),
            value: Some(Literal::Int(1)),
            ..ActionSettings::default()
        }],
    };
    let mut problems = Problems::default();
    let processor = Resource::new(&settings, &mut problems);
    assert!(problems.is_empty());
    let client = Client::default();
    let context = Context::of(&client);
    let mut resource = Amendment::new(ResourceView::over(&[]));
    assert_eq!(processor.resource(context, &mut resource), Fate::Keep);
    assert!(matches!(resource.attribute("k"), Some(ValueView::Int(1))));
    let edits = resource.edits();
    processor.resource(context, &mut resource);
    assert_eq!(resource.edits(), edits);
}

/// Guarantees: a list without actions is an error that names its key.
#[test]
fn no_actions_are_an_error() {
    let mut problems = Problems::default();
    ResourceSettings::default().validate(&mut problems);
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["attributes"]);
}
