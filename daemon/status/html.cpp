#include "daemon/status/html.hpp"

#include "daemon/log/printable.hpp"

namespace evercert::daemon::status {

std::string escape_html(std::string_view text, std::size_t limit) {
    const std::string safe = printable(text, limit);
    std::string out;
    out.reserve(safe.size() + safe.size() / 8);
    for (const char c : safe) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

void markup::begin(literal tag, attributes with) {
    out_ += '<';
    out_ += tag.text();
    for (const attribute& each : with) {
        if (each.present) {
            out_ += ' ';
            out_ += each.name.text();
            out_ += "=\"";
            out_ += escape_html(each.value);
            out_ += '"';
        }
    }
    out_ += '>';
}

markup& markup::open(literal tag, attributes with) {
    begin(tag, with);
    open_.push_back(tag.text());
    return *this;
}

markup& markup::close() {
    if (!open_.empty()) {
        out_ += "</";
        out_ += open_.back();
        out_ += '>';
        open_.pop_back();
    }
    return *this;
}

markup& markup::text(std::string_view text) {
    out_ += escape_html(text);
    return *this;
}

markup& markup::element(literal tag, attributes with, std::string_view content) {
    return open(tag, with).text(content).close();
}

markup& markup::single(literal tag, attributes with) {
    begin(tag, with);
    return *this;
}

markup& markup::raw(literal source) {
    out_ += source.text();
    return *this;
}

std::string markup::take() {
    while (!open_.empty()) {
        close();
    }
    return std::move(out_);
}

} // namespace evercert::daemon::status
