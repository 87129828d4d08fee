use super::page;
use serde_json::json;

/// The page shows every operation, and nothing of a document can break out of it.
#[test]
fn the_page_lists_operations() {
    let document = json!({"paths": {"/a/{id}": {"get": {"summary": "1 < 2", "tags": ["T"]}}}});
    let page = page::page(&document);
    assert!(
        page.contains("<td>T<td><code>GET /a/{id}</code><td>1 &lt; 2"),
        "{page}"
    );
}
