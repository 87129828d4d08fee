//! Converters of XML.

use super::super::call::{Given, Prepared};
use super::super::coerce::Accepts;
use super::super::fault::Outcome;
use super::super::parsers::{
    XPath, convert_attributes_to_elements_xml, convert_text_to_elements_xml, get_xml, insert_xml,
    parse_simplified_xml, parse_xml, remove_xml,
};
use super::super::value::Value;
use super::{Function, Literals, Parameter, Takes, converter, optional, required};

const TARGET: Parameter = required("target", Takes::Value(Accepts::Text));
const XPATH: Parameter = required("xpath", Takes::LiteralText);

pub(super) const FUNCTIONS: &[Function] = &[
    converter("ParseXML", &[TARGET], |given, _| {
        Ok(Value::Map(parse_xml(given.text(0))?))
    }),
    converter("ParseSimplifiedXML", &[TARGET], |given, _| {
        Ok(Value::Map(parse_simplified_xml(given.text(0))?))
    }),
    converter("GetXML", &[TARGET, XPATH], |given, _| {
        Ok(Value::text(get_xml(given.text(0), given.prepared()?)?))
    })
    .prepared(|literals| path(literals, "")),
    converter("RemoveXML", &[TARGET, XPATH], |given, _| {
        Ok(Value::text(remove_xml(given.text(0), given.prepared()?)?))
    })
    .prepared(|literals| path(literals, "")),
    converter(
        "InsertXML",
        &[
            TARGET,
            XPATH,
            required("sub_document", Takes::Value(Accepts::Text)),
        ],
        |given, _| {
            Ok(Value::text(insert_xml(
                given.text(0),
                given.prepared()?,
                given.text(2),
            )?))
        },
    )
    .prepared(|literals| path(literals, "")),
    converter(
        "ConvertAttributesToElementsXML",
        &[TARGET, optional("xpath", Takes::LiteralText)],
        |given, _| {
            let converted = convert_attributes_to_elements_xml(given.text(0), given.prepared()?)?;
            Ok(Value::text(converted))
        },
    )
    .prepared(|literals| path(literals, "//@*")),
    converter(
        "ConvertTextToElementsXML",
        &[
            TARGET,
            optional("xpath", Takes::LiteralText),
            optional("element_name", Takes::LiteralText),
        ],
        text_to_elements,
    )
    .prepared(|literals| path(literals, "/")),
];

/// The path that is the second argument, or what stands for it where it is left out.
fn path(literals: &Literals<'_>, otherwise: &str) -> Result<Prepared, String> {
    let path = XPath::new(literals.text(1).unwrap_or(otherwise))?;
    Ok(Some(Box::new(path)))
}

fn text_to_elements<'v>(
    given: &mut Given<'v>,
    _: &'v super::super::scene::Scene<'_, '_, '_>,
) -> Outcome<Value<'v>> {
    let name = if given.has(2) { given.text(2) } else { "value" };
    let converted = convert_text_to_elements_xml(given.text(0), given.prepared()?, name)?;
    Ok(Value::text(converted))
}
