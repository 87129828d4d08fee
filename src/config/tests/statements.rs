//! Lists of texts or groups, and what else OTTL's components share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::diagnostic::Diagnostics;
use super::super::reference::keys;
use super::super::settings::{Problems, Settings};
use super::super::statements::{Context, Entries, Entry, ErrorMode, Located, check_written, located};
use super::load_all;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Talk {
    /// What happens.
    error_mode: ErrorMode,
    /// What to say.
    list: Entries<Group>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Group {
    /// About what.
    context: Option<Context>,
    /// What.
    words: Vec<String>,
}

impl Settings for Talk {
    fn validate(&self, problems: &mut Problems) {
        check_written(&self.list.texts("list"), "a word", problems);
        for (path, group) in self.list.groups("list") {
            check_written(
                &located(&format!("{path}.words"), &group.words),
                "a word",
                problems,
            );
        }
    }
}

fn read(yaml: &str) -> (Option<Talk>, Vec<String>) {
    let mut diagnostics = Diagnostics::default();
    let root = load_all(&[yaml], &[], &mut diagnostics).unwrap();
    let talk = root.read::<Talk>(&mut diagnostics);
    let found = diagnostics
        .iter()
        .map(|found| match &found.origin {
            Some(origin) => format!("{}:{} {}", origin.line, origin.column, found.message),
            None => found.message.clone(),
        })
        .collect();
    (talk, found)
}

/// Guarantees: texts and groups are read in one list, words in any case, and each text knows its path.
#[test]
fn texts_and_groups_are_read() {
    let (talk, found) =
        read("error_mode: SILENT\nlist:\n- a, b\n- {context: SpanEvent, words: [c, d]}\n- words:\n- e");
    let talk = talk.unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(talk.error_mode, ErrorMode::Silent);
    let group = Group {
        context: Some(Context::SpanEvent),
        words: vec!["c".into(), "d".into()],
    };
    assert_eq!(talk.list.0[1], Entry::Group(group));
    let texts = talk.list.texts("list");
    let text = |path: &str, text| Located {
        path: path.into(),
        text,
    };
    assert_eq!(texts, [text("list.0", "a, b"), text("list.3", "e")]);
    assert_eq!(
        (talk.list.group_behind_text(), talk.list.text_behind_group()),
        (Some(1), Some(3))
    );
    let groups = talk.list.groups("list");
    assert_eq!(groups[0].0, "list.1");
    assert_eq!(groups[1], ("list.2".to_owned(), &Group::default()));
    assert_eq!(read("list:").0, Some(Talk::default()));
}

/// Guarantees: what is wrong in a group or with an item is said of its own key, at its own place.
#[test]
fn errors_know_their_item() {
    let (talk, found) = read(
        "error_mode: loud\nlist:\n- a\n-\n- 5\n- {context: trace}\n- {words: ['', x], wrods: [y]}\n- [z]\n- ' '",
    );
    assert_eq!(talk, None);
    assert_eq!(
        found,
        [
            "7:20 unknown key `wrods` in `list.4`",
            "1:13 `error_mode`: `loud` is not one of `propagate`, `ignore`, `silent`",
            "5:3 `list.2`: expected a text or a map of settings, found `5`",
            "6:13 `list.2.context`: `trace` is not one of `resource`, `scope`, `span`, `spanevent`",
            "8:3 `list.4`: expected a text or a map of settings, found a list",
            "4:2 `list.1` is empty, and must be a word",
        ]
    );
    let (_, found) = read("list: set(a, b)");
    assert_eq!(
        found,
        ["1:7 `list`: expected a list of texts or of maps, found `set(a, b)`"]
    );
}

/// Guarantees: the reference says that an item is a text or a section, and lists the section's keys.
#[test]
fn the_reference_names_both_forms() {
    let keys: Vec<(String, String, String)> = keys::<Talk>()
        .into_iter()
        .map(|key| (key.path, key.what, key.default))
        .collect();
    let row = |path: &str, what: &str, default: &str| (path.into(), what.into(), default.into());
    assert_eq!(
        keys,
        [
            row("error_mode", "`propagate`, `ignore`, `silent`", "ignore"),
            row("list", "list of texts or sections", "[]"),
            row("list.*.context", "`resource`, `scope`, `span`, `spanevent`", ""),
            row("list.*.words", "list of texts", "[]"),
        ]
    );
}
