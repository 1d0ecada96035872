#include "core/dns/resolv_conf.hpp"

#include "core/base/text.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <fstream>

namespace evercert::dns {
namespace {

constexpr std::size_t most_servers = 3;
constexpr std::size_t longest_file = 64 * 1024;

bool same_file(const struct stat& a, const struct stat& b) noexcept {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
           a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

} // namespace

std::vector<endpoint> parse_resolv_conf(std::string_view text) {
    std::vector<endpoint> servers;
    while (!text.empty() && servers.size() < most_servers) {
        const auto end = text.find('\n');
        auto line = trim(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        constexpr std::string_view word = "nameserver";
        if (!line.starts_with(word) || line.size() == word.size() ||
            (line[word.size()] != ' ' && line[word.size()] != '\t')) {
            continue;
        }
        line = trim(line.substr(word.size()));
        line = line.substr(0, line.find_first_of(std::string_view(" \t#;\0", 5)));
        boost::system::error_code ec;
        (void)boost::asio::ip::make_address(line, ec);
        if (!ec) {
            servers.push_back(endpoint{std::string(line), 53});
        }
    }
    if (servers.empty()) {
        servers.push_back(endpoint{"127.0.0.1", 53});
    }
    return servers;
}

const std::vector<endpoint>& resolv_conf::servers() {
    struct stat now{};
    const bool there = ::stat(path_.c_str(), &now) == 0;
    if (!read_ || !same_file(now, seen_)) {
        std::string text;
        if (there) {
            std::ifstream in(path_, std::ios::binary);
            text.resize(longest_file);
            in.read(text.data(), static_cast<std::streamsize>(text.size()));
            text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
        }
        servers_ = parse_resolv_conf(text);
        seen_ = now;
        read_ = true;
    }
    return servers_;
}

} // namespace evercert::dns
