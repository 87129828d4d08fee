//! Spans that were taken apart from what stands above them become a request again.

use super::writer::put_bytes;

/// The encoded request with these spans, each given with the headers of its resource and its scope: the bodies of a
/// `ResourceSpans` and a `ScopeSpans` without their children. Neighbours with equal headers share them.
pub fn assemble<'a>(spans: impl Iterator<Item = (&'a [u8], &'a [u8], &'a [u8])>) -> Vec<u8> {
    let (mut request, mut resource, mut scope) = (Vec::new(), Vec::new(), Vec::new());
    let mut above: Option<(&[u8], &[u8])> = None;
    for (resource_header, scope_header, span) in spans {
        let is_same_resource = above.is_some_and(|(before, _)| before == resource_header);
        let is_same_scope = is_same_resource && above.is_some_and(|(_, before)| before == scope_header);
        if above.is_some() && !is_same_scope {
            put_bytes(&mut resource, 2, &scope);
        }
        if above.is_some() && !is_same_resource {
            put_bytes(&mut request, 1, &resource);
        }
        if !is_same_resource {
            resource.clear();
            resource.extend_from_slice(resource_header);
        }
        if !is_same_scope {
            scope.clear();
            scope.extend_from_slice(scope_header);
        }
        put_bytes(&mut scope, 2, span);
        above = Some((resource_header, scope_header));
    }
    if above.is_some() {
        put_bytes(&mut resource, 2, &scope);
        put_bytes(&mut request, 1, &resource);
    }
    request
}
