#include "config/files.hpp"

#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace evercert::config {
namespace {

constexpr std::size_t block_size = 65536;

std::unexpected<error> refuse(errc code, std::string text) {
    return fail(code, std::move(text));
}

/// For reading, and what it is.
result<unique_fd> open_file(const std::string& path, bool regular_only, struct stat& info) {
    unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | (regular_only ? O_NONBLOCK : 0)));
    if (file.get() < 0) {
        std::string why = std::strerror(errno);
        if (errno == EACCES) {
            why += "; the daemon's user must be able to read it (for a service: `chgrp evercert` and `chmod "
                   "0640`)";
        }
        return refuse(errc::io, std::move(why));
    }
    if (::fstat(file.get(), &info) != 0) {
        return refuse(errc::io, std::strerror(errno));
    }
    if (S_ISDIR(info.st_mode) || (regular_only && !S_ISREG(info.st_mode))) {
        return refuse(errc::io, "it is not a file");
    }
    return file;
}

/// Then whoever reads it when it is needed may be able to: what is in it is not judged here.
bool is_others_to_read(const std::string& path) {
    return ::access(path.c_str(), R_OK) != 0 && (errno == EACCES || errno == EPERM);
}

} // namespace

result<std::string> read_file(const std::string& path, std::size_t limit, bool regular_only) {
    struct stat info{};
    const auto file = open_file(path, regular_only, info);
    if (!file) {
        return fail(file.error());
    }
    // Straight into the text, and into one buffer if it is a small one: it may be a secret.
    std::string text;
    for (std::size_t have = 0; have <= limit;) {
        text.resize(have + std::min(limit + 1 - have, block_size));
        const ssize_t got = ::read(file->get(), text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return refuse(errc::io, std::strerror(errno));
        }
        if (got == 0) {
            text.resize(have);
            return text;
        }
        have += static_cast<std::size_t>(got);
    }
    return refuse(errc::too_large, fmt::format("it has more than {} bytes", limit));
}

std::string trust_trouble(const std::string& path) {
    const auto text = read_file(path, std::size_t{4} * 1024 * 1024, true);
    if (!text) {
        return fmt::format("the file \"{}\" cannot be read: {}", escape(path, 200), text.error().message);
    }
    if (text->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
        return fmt::format("the file \"{}\" holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)",
                           escape(path, 200));
    }
    return {};
}

std::string hmac_key_trouble(const std::string& path) {
    if (is_others_to_read(path)) {
        return {};
    }
    auto text = read_file(path, 4096, true);
    if (!text) {
        return fmt::format("the file \"{}\" cannot be read: {}", escape(path, 200), text.error().message);
    }
    const std::string_view key = trim(*text);
    const bool form = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '=' || c == '+' || c == '/';
    });
    ::explicit_bzero(text->data(), text->size());
    return form ? std::string()
                : fmt::format("the file \"{}\" does not hold one line of base64url, as the CA handed it out",
                              escape(path, 200));
}

std::string secret_trouble(const std::string& path) {
    struct stat info{};
    if (const auto file = open_file(path, true, info); !file) {
        return fmt::format("the file \"{}\" cannot be read: {}", escape(path, 200), file.error().message);
    }
    return info.st_size > 0
               ? std::string()
               : fmt::format("the file \"{}\" is empty: put the secret into it", escape(path, 200));
}

std::string password_trouble(const std::string& path) {
    if (is_others_to_read(path)) {
        return {};
    }
    auto text = read_file(path, 4096, true);
    if (!text) {
        return fmt::format("the file \"{}\" cannot be read: {}", escape(path, 200), text.error().message);
    }
    const std::string_view line = std::string_view(*text).substr(0, text->find('\n'));
    const bool good = !trim(line).empty() && line.find('\0') == std::string_view::npos;
    ::explicit_bzero(text->data(), text->size());
    return good ? std::string()
                : fmt::format("the file \"{}\" has no password in its first line", escape(path, 200));
}

} // namespace evercert::config
