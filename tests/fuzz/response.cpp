// What servers answer our client, as its bytes come: one outcome however they are cut, and no more than was
// sent.
#include "core/net/message.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace evercert;

namespace {

void fail_unless(bool good) {
    if (!good) {
        std::abort();
    }
}

struct outcome {
    bool whole = false;
    std::string said; ///< the answer, or what was wrong with it

    bool operator==(const outcome&) const = default;
};

outcome read(std::string_view bytes, std::size_t cut, bool head) {
    net::response_parser parser;
    parser.header_limit(static_cast<std::uint32_t>(net::response_header_limit));
    parser.body_limit(1000);
    parser.eager(true);
    parser.skip(head);
    boost::beast::flat_buffer buffer;
    boost::system::error_code ec;
    bool over = false;
    for (const auto part : {bytes.substr(0, cut), bytes.substr(cut)}) {
        if (!over) {
            const auto space = buffer.prepare(part.size());
            buffer.commit(asio::buffer_copy(space, asio::buffer(part)));
            over = net::parse_more(parser, buffer, ec);
        }
    }
    if (!over) {
        ec = asio::error::eof;
        net::at_end(parser, ec);
    }
    outcome out;
    if (ec) {
        out.said = net::read_error(ec, "peer", 1000).text();
        return out;
    }
    const auto taken = net::take_response(parser, "peer");
    out.whole = taken.has_value();
    if (!taken) {
        out.said = taken.error().text();
        return out;
    }
    fail_unless(taken->response.body.size() <= 1000 && taken->response.body.size() <= bytes.size());
    out.said =
        std::to_string(taken->response.status) + (taken->keep_alive ? "+" : "-") + taken->response.body;
    for (const auto& [name, value] : taken->response.headers) {
        fail_unless(!name.empty() && name.size() + value.size() <= bytes.size());
        out.said += "\n" + name + ":" + value;
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The first two bytes say where the others are cut, and whether HEAD was asked.
    if (size < 2) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const bool head = (data[1] & 0x80U) != 0;
    const auto place = data[0] | ((data[1] & 0x7fU) << 8U);
    const auto whole = read(bytes, bytes.size(), head);
    const auto in_two = read(bytes, bytes.empty() ? 0 : place % bytes.size(), head);
    fail_unless(whole.whole == in_two.whole && (!whole.whole || whole == in_two));
    return 0;
}
