//! What is edited, as the amendment needs to know it.

use super::super::views::{AttributeView, EventView, ResourceView, ScopeView, SpanView};

/// What a view must tell to be edited.
pub trait Message<'a>: Copy {
    /// The number of the field `attributes`.
    const ATTRIBUTES: u32;

    /// Whether it always comes in one body.
    const IS_WHOLE: bool;

    /// The bytes that all fields are parts of.
    fn whole(self) -> &'a [u8];

    /// The bodies of the message; more than one where it came in parts.
    fn bodies(self) -> impl Iterator<Item = &'a [u8]>;

    /// The first attribute with this key.
    fn find(self, key: &str) -> Option<AttributeView<'a>>;
}

impl<'a> Message<'a> for SpanView<'a> {
    const ATTRIBUTES: u32 = 9;
    const IS_WHOLE: bool = true;

    fn whole(self) -> &'a [u8] {
        self.bytes()
    }

    fn bodies(self) -> impl Iterator<Item = &'a [u8]> {
        std::iter::once(self.bytes())
    }

    fn find(self, key: &str) -> Option<AttributeView<'a>> {
        self.attributes().find(|attribute| attribute.is(key))
    }
}

impl<'a> Message<'a> for EventView<'a> {
    const ATTRIBUTES: u32 = 3;
    const IS_WHOLE: bool = true;

    fn whole(self) -> &'a [u8] {
        self.bytes()
    }

    fn bodies(self) -> impl Iterator<Item = &'a [u8]> {
        std::iter::once(self.bytes())
    }

    fn find(self, key: &str) -> Option<AttributeView<'a>> {
        self.attributes().find(|attribute| attribute.is(key))
    }
}

impl<'a> Message<'a> for ResourceView<'a> {
    const ATTRIBUTES: u32 = 1;
    const IS_WHOLE: bool = false;

    fn whole(self) -> &'a [u8] {
        self.envelope()
    }

    fn bodies(self) -> impl Iterator<Item = &'a [u8]> {
        self.parts()
    }

    fn find(self, key: &str) -> Option<AttributeView<'a>> {
        self.attributes().find(|attribute| attribute.is(key))
    }
}

impl<'a> Message<'a> for ScopeView<'a> {
    const ATTRIBUTES: u32 = 3;
    const IS_WHOLE: bool = false;

    fn whole(self) -> &'a [u8] {
        self.envelope()
    }

    fn bodies(self) -> impl Iterator<Item = &'a [u8]> {
        self.parts()
    }

    fn find(self, key: &str) -> Option<AttributeView<'a>> {
        self.attributes().find(|attribute| attribute.is(key))
    }
}

/// What stands above others, with a schema URL beside it.
pub trait Header<'a>: Message<'a> {
    /// The schema URL.
    fn schema_url(self) -> &'a str;
}

impl<'a> Header<'a> for ResourceView<'a> {
    fn schema_url(self) -> &'a str {
        ResourceView::schema_url(self)
    }
}

impl<'a> Header<'a> for ScopeView<'a> {
    fn schema_url(self) -> &'a str {
        ScopeView::schema_url(self)
    }
}
