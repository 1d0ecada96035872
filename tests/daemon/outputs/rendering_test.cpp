#include "daemon/outputs/rendering.hpp"
#include "tests/daemon/outputs/sets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <map>
#include <sys/stat.h>

using namespace evercert;
using namespace evercert::testing;
using daemon::read_password;

namespace {

/// Contents and modes by name.
std::map<std::string, std::pair<std::string, unsigned>> rendered(const certificate_output& output,
                                                                 const storage::stored_version& version) {
    std::map<std::string, std::pair<std::string, unsigned>> files;
    for (const daemon::rendered_file& file : daemon::render(output, "example", version, crypto::secret())) {
        CHECK(files.try_emplace(file.name, file.contents.view(), file.mode).second);
    }
    return files;
}

certificate_output with_formats(std::vector<output_format> formats) {
    certificate_output output;
    output.formats = std::move(formats);
    return output;
}

} // namespace

TEST_CASE("every format holds what it says") {
    storage::stored_version version;
    version.pairs.push_back(make_pair_of(key_type::ecdsa_p256));
    const storage::key_pair& pair = version.pairs.front();
    const auto all = all_output_formats();
    const auto files = rendered(with_formats({all.begin(), all.end()}), version);
    REQUIRE(files.size() == 8);
    const std::string leaf = pair.chain.front().pem();
    const std::string rest = pair.chain.at(1).pem() + pair.chain.at(2).pem();
    const std::string key(pair.key.to_pem().view());
    CHECK(files.at("cert.pem") == std::pair(leaf, 0644U));
    CHECK(files.at("chain.pem") == std::pair(rest, 0644U));
    CHECK(files.at("fullchain.pem") == std::pair(leaf + rest, 0644U));
    CHECK(files.at("privkey.pem") == std::pair(key, 0600U));
    CHECK(files.at("combined.pem") == std::pair(key + leaf + rest, 0600U));
    CHECK(files.at("cert.der") == std::pair(pair.chain.front().der(), 0644U));
    CHECK(files.at("privkey.der").second == 0600U);
    CHECK(files.at("example.p12").second == 0600U);
    CHECK(rendered(with_formats({output_format::pkcs12}), version).at("example.p12") ==
          files.at("example.p12"));
}

TEST_CASE("a further pair has its key type in its names, and a mode that is given is everybody's") {
    storage::stored_version version;
    version.pairs.push_back(make_pair_of(key_type::rsa_2048));
    version.pairs.push_back(make_pair_of(key_type::ecdsa_p256));
    certificate_output output = with_formats({output_format::combined, output_format::pkcs12});
    output.mode = 0440;
    const auto files = rendered(output, version);
    REQUIRE(files.size() == 4);
    CHECK(files.at("combined.pem").first.starts_with(version.pairs[0].key.to_pem().view()));
    CHECK(files.at("combined.ecdsa-p256.pem").first.starts_with(version.pairs[1].key.to_pem().view()));
    CHECK(files.contains("example.ecdsa-p256.p12"));
    for (const auto& [name, file] : files) {
        CHECK(file.second == 0440);
    }
}

TEST_CASE("a password is the first line of its file") {
    const temp_folder files;
    CHECK(read_password("").value().empty());
    for (const std::string text : {"secret", "secret\n", "secret\r\n", "secret\nmore\n"}) {
        CHECK(read_password(files.write("p", text)).value().view() == "secret");
    }
    CHECK(read_password(files.write("p", " a b \n")).value().view() == " a b ");
    CHECK(read_password(files.write("p", std::string(4095, 'x'))).value().view().size() == 4095);
    for (const std::string& text :
         {std::string(), std::string("\n"), std::string("a\0b\n", 4), std::string(5000, 'x')}) {
        const auto wrong = read_password(files.write("p", text));
        REQUIRE(!wrong);
        CHECK(wrong.error().message.contains(files / "p"));
    }
    CHECK(!read_password(files / "missing"));
    CHECK(!read_password(files.path()));
    REQUIRE(::mkfifo((files / "fifo").c_str(), 0600) == 0);
    CHECK(!read_password(files / "fifo"));
}
