// What is generated from the schema is right: the example loads, and no key is missing anywhere.
#include "config/load.hpp"
#include "config/schema.hpp"
#include "core/json/value.hpp"
#include "daemon/schema/example.hpp"
#include "daemon/schema/json_schema.hpp"
#include "daemon/schema/manual.hpp"
#include "daemon/schema/roff.hpp"
#include "tests/daemon/control/terminal.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <fstream>
#include <regex>
#include <sstream>
#include <string>

using namespace evercert;
using namespace evercert::daemon;

namespace {

std::string uncommented(const std::string& text) {
    std::istringstream in(text);
    std::string out;
    for (std::string line; std::getline(in, line);) {
        out += std::regex_replace(line, std::regex("^( *)#(\\S)"), "$1$2") + "\n";
    }
    return out;
}

/// The same with the files it names, which are not on this machine, and with a group that is.
std::string with_real_files(std::string text, const std::string& folder) {
    const std::regex file("/etc/evercert/([A-Za-z0-9._-]+)");
    for (std::sregex_iterator at(text.begin(), text.end(), file), end; at != end; ++at) {
        std::ofstream out(folder + "/" + (*at)[1].str());
        if ((*at)[1].str().ends_with(".pem")) {
            out << std::ifstream("/etc/ssl/certs/ca-certificates.crt").rdbuf();
        } else {
            out << "c2VjcmV0\n";
        }
    }
    text = std::regex_replace(text, file, folder + "/$1");
    return std::regex_replace(text, std::regex("group: evercert"), "group: root");
}

} // namespace

TEST_CASE("the example without its comment signs is a configuration that checks") {
    const testing::temp_folder folder;
    const std::string text = with_real_files(uncommented(example_file()), folder.path());
    INFO(text);
    const auto loaded = config::load_text(text, "example");
    for (const config::mistake& m : loaded ? std::vector<config::mistake>() : loaded.error()) {
        UNSCOPED_INFO(m.to_string());
    }
    CHECK(loaded.has_value());
}

TEST_CASE("the example as it is says nothing, and what it lacks is what must be set") {
    const auto loaded = config::load_text(example_file(), "example");
    REQUIRE(!loaded.has_value());
    CHECK(example_file().starts_with(
        "# yaml-language-server: $schema=/usr/share/evercert/evercert.schema.json\n"));
    CHECK(example_file().find("What must be set: agree_to_terms and certificates") != std::string::npos);
    std::istringstream lines(example_file());
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK((line.empty() || std::regex_match(line, std::regex(" *#.*"))));
        CHECK(line.size() <= 110);
    }
}

TEST_CASE("every key is in the example, in the manual and in the JSON Schema") {
    const std::string example = example_file();
    const std::string manual = manual_page();
    for (const config::schema_row& row : config::schema()) {
        CAPTURE(row.path);
        if (row.path.ends_with(".*") || row.path.ends_with("[]")) {
            continue;
        }
        const std::string key(row.key());
        CHECK(std::regex_search(example, std::regex("(^|\n) *#(- )?" + key + ":")));
        std::string path = std::regex_replace(roff_escape(row.path), std::regex("\\*"), "\\fINAME\\fB");
        const bool heading = manual.find(".SS " + path + "\n") != std::string::npos;
        CHECK((heading || manual.find(".TP\n\\fB" + path + "\\fR\n") != std::string::npos));
    }
    const auto schema = json::parse(json_schema());
    REQUIRE(schema.has_value());
    CHECK(schema->object("properties")->member_names().size() == config::schema_tree().keys.size());
    CHECK(schema->boolean("additionalProperties") == false);
    CHECK(schema->strings("required") == std::vector<std::string>{"certificates"});
}

TEST_CASE("no text becomes a request or an escape of a manual page") {
    struct row {
        const char* text;
        const char* made;
    };
    for (const row& r : {row{"plain words", "plain words\n"}, row{".hidden file", "\\&.hidden file\n"},
                         row{"'quoted' \"both\"", "\\(aqquoted\\(aq \\(dqboth\\(dq\n"},
                         row{"back\\slash - and `--json`", "back\\eslash \\- and \\fB\\-\\-json\\fR\n"},
                         row{"One. Two.", "One.\nTwo.\n"}, row{"~^", "\\(ti\\(ha\n"}, row{"", ""},
                         row{"  two   spaces ", "two spaces\n"}}) {
        CAPTURE(r.text);
        CHECK(roff_prose(r.text) == r.made);
    }
    std::istringstream lines(roff_prose(std::string(500, 'x') + " " + [] {
        std::string many;
        for (int i = 0; i < 100; ++i) {
            many += "word ";
        }
        return many;
    }()));
    std::string line;
    std::getline(lines, line);
    CHECK(line == std::string(500, 'x'));
    while (std::getline(lines, line)) {
        CHECK(line.size() <= 79);
        CHECK(!line.empty());
    }
}

TEST_CASE("evercert schema prints each form, without a daemon") {
    struct row {
        const char* format;
        std::string text;
    };
    for (const row& r :
         {row{"json", json_schema()}, row{"example", example_file()}, row{"man", manual_page()}}) {
        testing::terminal at;
        cli_options options = testing::command("schema");
        options.format = r.format;
        CHECK(at.run(options) == exit_done);
        CHECK(at.out == r.text);
        CHECK(at.asked.empty());
    }
    testing::terminal at;
    CHECK(at.run(testing::command("schema")) == exit_done);
    CHECK(at.out == json_schema());
    cli_options odd = testing::command("schema");
    odd.format = "xml\x1b";
    CHECK(at.run(odd) == exit_usage);
    CHECK(at.err.find("json, example, man") != std::string::npos);
    CHECK(at.err.find('\x1b') == std::string::npos);
}
