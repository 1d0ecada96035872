#include "solvers/dns01/xml.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::solvers;

TEST_CASE("XML: elements, text, references, what is passed over") {
    const auto root =
        parse_xml("\n<?xml version=\"1.0\"?>\n<!-- a --><a x=\"1\" y='>'><b>1 &lt; 2 &amp;&#65;&#x42;</b>"
                  "<c/><!-- <no> --><c k = \"v\" >z</c ></a>\n<!-- end -->\n");
    REQUIRE(root.has_value());
    CHECK(root->name == "a");
    REQUIRE(root->children.size() == 3);
    CHECK(root->child_text("b") == "1 < 2 &AB");
    CHECK(root->child("c")->text.empty());
    CHECK(root->children[2].text == "z");
    CHECK(root->child("d") == nullptr);
    CHECK(root->child_text("d").empty());
    CHECK(parse_xml("<a/>").has_value());
}

TEST_CASE("XML: escaped text comes back as it was") {
    const std::string text = "a<b>&\"c\"'d'\\";
    CHECK(xml_escaped(text) == "a&lt;b&gt;&amp;&quot;c&quot;&apos;d&apos;\\");
    CHECK(parse_xml("<t>" + xml_escaped(text) + "</t>")->text == text);
}

TEST_CASE("XML: what is none, or more than we want, is refused") {
    std::string deep;
    for (int i = 0; i < 17; ++i) {
        deep += "<a>";
    }
    for (int i = 0; i < 17; ++i) {
        deep += "</a>";
    }
    std::string many = "<a>";
    for (int i = 0; i < 20'000; ++i) {
        many += "<b/>";
    }
    many += "</a>";
    for (const std::string& bad : {std::string(),
                                   std::string("x"),
                                   std::string("<"),
                                   std::string("<a"),
                                   std::string("<a>"),
                                   std::string("</a>"),
                                   std::string("<a></b>"),
                                   std::string("<a/><b/>"),
                                   std::string("<a/>x"),
                                   std::string("<a>&nbsp;</a>"),
                                   std::string("<a>&#0;</a>"),
                                   std::string("<a>&#300;</a>"),
                                   std::string("<a>&#x;</a>"),
                                   std::string("<a>&#1"),
                                   std::string("<a>&lt</a>"),
                                   std::string("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
                                   std::string("<a><![CDATA[x]]></a>"),
                                   std::string("<a><?php x ?></a>"),
                                   std::string("<a x></a>"),
                                   std::string("<a x=1></a>"),
                                   std::string("<a x='<'></a>"),
                                   std::string("<a x='1></a>"),
                                   std::string("<a 'x'/>"),
                                   std::string("< a/>"),
                                   std::string("<?xml"),
                                   std::string("<!-- x"),
                                   std::string("<a/><!--"),
                                   std::string("<a><!-- </a>"),
                                   std::string("<a><b></a></b>"),
                                   std::string("<a>text"),
                                   std::string("\0<a/>", 5),
                                   deep,
                                   many}) {
        CAPTURE(bad.substr(0, 100));
        const auto parsed = parse_xml(bad);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error().code == errc::parse);
    }
}

TEST_CASE("XML: every beginning of a good text is refused") {
    const std::string good = "<?xml version=\"1.0\"?><a b='c'>x&amp;<d/><!--e--></a>";
    for (std::size_t size = 0; size < good.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(parse_xml(good.substr(0, size)).has_value());
    }
    CHECK(parse_xml(good).has_value());
}
