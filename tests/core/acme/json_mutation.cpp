#include "tests/core/acme/json_mutation.hpp"

#include "core/json/writer.hpp"

namespace evercert::acme::testing {
namespace {

struct rewriter {
    std::string_view target;
    std::string_view raw;
    std::vector<std::string>* paths = nullptr;

    static std::string quoted(std::string_view text) {
        json::writer out;
        out.begin_array().string(text).end_array();
        const std::string list = out.text();
        return list.substr(1, list.size() - 2);
    }

    std::string any(const json::value& v, const std::string& at, const json::value* parent,
                    std::string_view name) const {
        if (v.is_object()) {
            return object(v, at);
        }
        if (v.is_array()) {
            std::string list = "[";
            std::size_t i = 0;
            for (const auto& item : v.elements()) {
                list += (i == 0 ? "" : ",") + any(item, at + "." + std::to_string(i), nullptr, "");
                ++i;
            }
            return list + "]";
        }
        if (v.is_string()) {
            return quoted(v.as_string().value());
        }
        if (v.is_number()) {
            return std::to_string(v.as_integer().value_or(0));
        }
        return v.is_bool() && parent != nullptr && parent->boolean(name).value_or(false) ? "true"
               : v.is_bool()                                                             ? "false"
                                                                                         : "null";
    }

    std::string object(const json::value& v, const std::string& at) const {
        std::string list;
        for (const auto& name : v.member_names()) {
            const std::string here = at.empty() ? name : at + "." + name;
            if (paths != nullptr) {
                paths->push_back(here);
            }
            const bool hit = here == target;
            if (hit && raw.empty()) {
                continue;
            }
            list += (list.empty() ? "" : ",") + quoted(name) + ":" +
                    (hit ? std::string(raw) : member(v, name, here));
        }
        return "{" + list + "}";
    }

    std::string member(const json::value& v, const std::string& name, const std::string& here) const {
        if (auto o = v.object(name)) {
            return any(*o, here, &v, name);
        }
        if (auto list = v.array(name)) {
            std::string text = "[";
            for (std::size_t i = 0; i < list->size(); ++i) {
                text += (i == 0 ? "" : ",") + any((*list)[i], here + "." + std::to_string(i), nullptr, "");
            }
            return text + "]";
        }
        if (auto text = v.string(name)) {
            return quoted(*text);
        }
        if (auto number = v.integer(name)) {
            return std::to_string(*number);
        }
        if (auto flag = v.boolean(name)) {
            return *flag ? "true" : "false";
        }
        return "null";
    }
};

} // namespace

std::vector<std::string> member_paths(std::string_view text) {
    std::vector<std::string> paths;
    rewriter all;
    all.paths = &paths;
    if (const auto parsed = json::parse(text)) {
        all.any(*parsed, "", nullptr, "");
    }
    return paths;
}

std::string with_member(std::string_view text, std::string_view path, std::string_view raw) {
    rewriter one;
    one.target = path;
    one.raw = raw;
    const auto parsed = json::parse(text);
    return parsed ? one.any(*parsed, "", nullptr, "") : std::string(text);
}

} // namespace evercert::acme::testing
