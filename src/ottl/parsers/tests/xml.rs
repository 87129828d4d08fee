//! What the Collector makes of XML.

use super::Answer;

const DOCUMENT: &str = r#"<a x="1" y="&lt;"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d/></a>"#;

/// Functions, their arguments, and the answers.
pub(super) const ANSWERS: &[Answer] = &[
    (
        "ParseXML",
        &[DOCUMENT],
        r#"{attributes: {x: "1", y: "<"}, children: [{content: "t", tag: "b"}, {content: "<c>", tag: "b"}, {tag: "d"}], content: "tail", tag: "a"}"#,
    ),
    ("ParseSimplifiedXML", &[DOCUMENT], r#"{a: {b: ["t", "<c>"]}}"#),
    ("ParseXML", &["<a>x</a>\n"], "!"),
    ("ParseSimplifiedXML", &["<a>x</a>\n"], r#"{a: "x"}"#),
    ("ParseXML", &["<a><b></a>"], "!"),
    ("ParseSimplifiedXML", &["<a><b></a>"], "!"),
    (
        "ParseXML",
        &["<p:a p:x='1'/>"],
        r#"{attributes: {x: "1"}, tag: "a"}"#,
    ),
    ("ParseSimplifiedXML", &["<p:a p:x='1'/>"], "!"),
    (
        "ParseXML",
        &["<?xml version=\"1.0\"?>\n<a>&#65;&amp;</a>"],
        r#"{content: "A&", tag: "a"}"#,
    ),
    (
        "ParseSimplifiedXML",
        &["<?xml version=\"1.0\"?>\n<a>&#65;&amp;</a>"],
        r#"{a: "A&"}"#,
    ),
    ("ParseXML", &["<a>&nope;</a>"], "!"),
    ("ParseSimplifiedXML", &["<a>&nope;</a>"], "!"),
    ("ParseXML", &[""], "!"),
    ("ParseSimplifiedXML", &[""], "!"),
    ("ParseXML", &["<a <b/>"], "!"),
    ("ParseSimplifiedXML", &["<a <b/>"], "!"),
    ("ParseXML", &["<a/><b/>"], "!"),
    ("ParseSimplifiedXML", &["<a/><b/>"], "{}"),
    (
        "ParseSimplifiedXML",
        &["<a><b>1</b><b><c>2</c></b><b/><d> x </d><e>t<f>3</f></e></a>"],
        r#"{a: {b: ["1", {c: "2"}], d: " x ", e: {f: "3"}}}"#,
    ),
    (
        "GetXML",
        &[DOCUMENT, "//b"],
        r#""<b>t</b><b><![CDATA[<c>]]></b>""#,
    ),
    (
        "RemoveXML",
        &[DOCUMENT, "//b"],
        r#""<a x=\"1\" y=\"&lt;\"><!--k--> tail<d></d></a>""#,
    ),
    ("GetXML", &[DOCUMENT, "/a/@x"], r#""1""#),
    (
        "RemoveXML",
        &[DOCUMENT, "/a/@x"],
        r#""<a y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    ("GetXML", &[DOCUMENT, "//@*"], r#""1&lt;""#),
    (
        "RemoveXML",
        &[DOCUMENT, "//@*"],
        r#""<a><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    ("GetXML", &[DOCUMENT, "//text()"], r#""t&lt;c&gt; tail""#),
    (
        "RemoveXML",
        &[DOCUMENT, "//text()"],
        r#""<a x=\"1\" y=\"&lt;\"><b></b><b></b><!--k--><d></d></a>""#,
    ),
    ("GetXML", &[DOCUMENT, "//b[2]"], r#""<b><![CDATA[<c>]]></b>""#),
    (
        "RemoveXML",
        &[DOCUMENT, "//b[2]"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><!--k--> tail<d></d></a>""#,
    ),
    (
        "GetXML",
        &[DOCUMENT, "//b[last()]"],
        r#""<b><![CDATA[<c>]]></b>""#,
    ),
    (
        "RemoveXML",
        &[DOCUMENT, "//b[last()]"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><!--k--> tail<d></d></a>""#,
    ),
    ("GetXML", &[DOCUMENT, "/a/b[.='t']"], r#""<b>t</b>""#),
    (
        "RemoveXML",
        &[DOCUMENT, "/a/b[.='t']"],
        r#""<a x=\"1\" y=\"&lt;\"><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    ("GetXML", &[DOCUMENT, "//comment()"], r#""""#),
    (
        "RemoveXML",
        &[DOCUMENT, "//comment()"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b> tail<d></d></a>""#,
    ),
    (
        "GetXML",
        &[DOCUMENT, "//*[@x=1]"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    ("RemoveXML", &[DOCUMENT, "//*[@x=1]"], r#""""#),
    (
        "GetXML",
        &[DOCUMENT, "//b[contains(.,'c')]"],
        r#""<b><![CDATA[<c>]]></b>""#,
    ),
    (
        "RemoveXML",
        &[DOCUMENT, "//b[contains(.,'c')]"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><!--k--> tail<d></d></a>""#,
    ),
    (
        "GetXML",
        &[DOCUMENT, "//b | //d"],
        r#""<b>t</b><b><![CDATA[<c>]]></b><d></d>""#,
    ),
    (
        "RemoveXML",
        &[DOCUMENT, "//b | //d"],
        r#""<a x=\"1\" y=\"&lt;\"><!--k--> tail</a>""#,
    ),
    (
        "RemoveXML",
        &[DOCUMENT, "(//b)[1]"],
        r#""<a x=\"1\" y=\"&lt;\"><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    ("GetXML", &[DOCUMENT, "//b["], "!"),
    ("RemoveXML", &[DOCUMENT, "//b["], "!"),
    ("GetXML", &[DOCUMENT, "//b[foo()]"], "!"),
    ("RemoveXML", &[DOCUMENT, "//b[foo()]"], "!"),
    (
        "GetXML",
        &[DOCUMENT, "//*[not(@x)]"],
        r#""<b>t</b><b><![CDATA[<c>]]></b><d></d>""#,
    ),
    (
        "RemoveXML",
        &[DOCUMENT, "//*[not(@x)]"],
        r#""<a x=\"1\" y=\"&lt;\"><!--k--> tail</a>""#,
    ),
    ("RemoveXML", &[DOCUMENT, "/a/d/.."], r#""""#),
    (
        "GetXML",
        &[DOCUMENT, "child::a/child::b"],
        r#""<b>t</b><b><![CDATA[<c>]]></b>""#,
    ),
    (
        "RemoveXML",
        &[DOCUMENT, "child::a/child::b"],
        r#""<a x=\"1\" y=\"&lt;\"><!--k--> tail<d></d></a>""#,
    ),
    ("GetXML", &[DOCUMENT, "//b[position()<2]"], r#""<b>t</b>""#),
    (
        "RemoveXML",
        &[DOCUMENT, "//b[position()<2]"],
        r#""<a x=\"1\" y=\"&lt;\"><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    (
        "GetXML",
        &[DOCUMENT, "//a[@x='1' and @y='<']"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    ("RemoveXML", &[DOCUMENT, "//a[@x='1' and @y='<']"], r#""""#),
    ("GetXML", &["", "/a"], r#""""#),
    (
        "InsertXML",
        &[DOCUMENT, "/a", "<n>1</n>"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d><n>1</n></a>""#,
    ),
    (
        "InsertXML",
        &[DOCUMENT, "//b", "<n>1</n>"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t<n>1</n></b><b><![CDATA[<c>]]><n>1</n></b><!--k--> tail<d></d></a>""#,
    ),
    (
        "InsertXML",
        &[DOCUMENT, "/", "<n>1</n>"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a><n>1</n>""#,
    ),
    ("InsertXML", &[DOCUMENT, "/a/@x", "<n>1</n>"], "!"),
    (
        "InsertXML",
        &[DOCUMENT, "//z", "<n>1</n>"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    ("InsertXML", &[DOCUMENT, "/a", "bad"], "!"),
    ("InsertXML", &["", "/", "<n/>"], r#""<n></n>""#),
    (
        "ConvertAttributesToElementsXML",
        &[DOCUMENT],
        r#""<a><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d><x>1</x><y>&lt;</y></a>""#,
    ),
    (
        "ConvertAttributesToElementsXML",
        &[DOCUMENT, "/a/@x"],
        r#""<a y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d><x>1</x></a>""#,
    ),
    (
        "ConvertAttributesToElementsXML",
        &["<a p:x='1' x='2'/>"],
        r#""<a p:x=\"1\"><x>1</x><x>2</x></a>""#,
    ),
    (
        "ConvertTextToElementsXML",
        &[DOCUMENT],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--><value> tail</value><d></d></a>""#,
    ),
    (
        "ConvertTextToElementsXML",
        &[DOCUMENT, "//b", "v"],
        r#""<a x=\"1\" y=\"&lt;\"><b>t</b><b><![CDATA[<c>]]></b><!--k--> tail<d></d></a>""#,
    ),
    (
        "ConvertTextToElementsXML",
        &["<a>x<b>y<c/>z</b></a>", "", "v"],
        r#""<a><v>x</v><b><v>y</v><c></c><v>z</v></b></a>""#,
    ),
    (
        "RemoveXML",
        &[
            "<?xml version='1.0' encoding=\"UTF-8\"?>\n<!-- c --><a xml:space='default'> x <?pi d?></a>",
            "//z",
        ],
        r#""<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><a xml:space=\"default\">x<?pi d?></a>""#,
    ),
    ("RemoveXML", &["<!-- c --><a/>\n", "//z"], r#""<a></a>\n""#),
];
