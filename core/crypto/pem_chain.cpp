#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

namespace evercert::crypto {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN";
constexpr std::string_view end_mark = "-----END";
constexpr std::string_view begin_certificate = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view end_certificate = "-----END CERTIFICATE-----";

// Takes the first line off `rest`, without its end and trailing white space.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    while (line.ends_with('\r') || line.ends_with(' ') || line.ends_with('\t')) {
        line.remove_suffix(1);
    }
    return line;
}

// What stands above a leaf is nearly always one of a few certificates, and OpenSSL 3 takes longer to read a
// public key than to use it: the newest of them are kept. Equal bytes are an equal certificate, so nothing is
// taken on trust.
class known_issuers {
public:
    result<certificate> parse(std::string der) {
        {
            const std::scoped_lock lock(guard_);
            const auto found = std::ranges::find(kept_, der, &entry::first);
            if (found != kept_.end()) {
                return *found->second;
            }
        }
        auto parsed = certificate::from_der(der);
        if (parsed && der.size() <= longest) {
            const std::scoped_lock lock(guard_);
            kept_[next_] = entry(std::move(der), *parsed);
            next_ = (next_ + 1) % kept_.size();
        }
        return parsed;
    }

private:
    using entry = std::pair<std::string, std::optional<certificate>>;
    static constexpr std::size_t longest = 8 * 1024;

    std::mutex guard_;
    std::array<entry, 8> kept_;
    std::size_t next_ = 0;
};

result<certificate> decode_block(const std::string& body, bool is_leaf) {
    // The decoder below knows more alphabets than PEM has.
    if (body.size() % 4 != 0 || std::ranges::any_of(body, [](char c) { return c == '-' || c == '_'; })) {
        return fail(errc::parse, "the text of a PEM block is not base64");
    }
    auto der = base64_decode_liberal(body);
    if (!der) {
        return fail(errc::parse, "the text of a PEM block is not base64");
    }
    if (is_leaf) {
        return certificate::leaf_from_der(*der);
    }
    static known_issuers issuers;
    return issuers.parse(std::move(*der));
}

// The lines after BEGIN, up to and with END.
result<certificate> take_block(std::string_view& rest, bool is_leaf) {
    std::string body;
    while (!rest.empty()) {
        const std::string_view line = take_line(rest);
        if (line == end_certificate) {
            return decode_block(body, is_leaf);
        }
        if (line.starts_with('-')) {
            return fail(errc::parse, "a PEM block is not ended before the next begins");
        }
        body += line;
    }
    return fail(errc::parse, "a PEM block is cut off: there is no END line");
}

} // namespace

result<std::vector<certificate>> parse_pem_chain(std::string_view pem, std::size_t limit) {
    if (pem.find('\0') != pem.npos) {
        return fail(errc::parse, "not a PEM certificate chain: it has NUL bytes");
    }
    std::vector<certificate> chain;
    while (!pem.empty()) {
        const std::string_view line = take_line(pem);
        if (line != begin_certificate) {
            // A server might read what we would pass over: a mark in an odd place is refused as well.
            if (line.find(begin_mark) != line.npos) {
                return fail(errc::refused,
                            "the certificate chain holds a PEM block that is not a certificate",
                            std::string(line.substr(0, 100)));
            }
            if (line.find(end_mark) != line.npos) {
                return fail(errc::parse, "the certificate chain has a PEM END line without a BEGIN line");
            }
            continue;
        }
        if (chain.size() == limit) {
            return fail(errc::too_large,
                        fmt::format("the certificate chain has more than {} certificates", limit));
        }
        auto parsed = take_block(pem, chain.empty());
        if (!parsed) {
            return fail(parsed.error().within(fmt::format("certificate {} of the chain", chain.size() + 1)));
        }
        chain.push_back(std::move(*parsed));
    }
    if (chain.empty()) {
        return fail(errc::parse, "no PEM certificate in it");
    }
    return chain;
}

std::string to_pem(const std::vector<certificate>& chain) {
    std::string text;
    for (const certificate& one : chain) {
        text += one.pem();
    }
    return text;
}

} // namespace evercert::crypto
