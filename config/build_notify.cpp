// Notifications: who is told of what.
#include "config/build.hpp"
#include "config/files.hpp"
#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace evercert::config {
namespace {

/// Which keys belong to one kind only.
struct channel_kind {
    std::string_view name; ///< its own key
    std::vector<std::string_view> keys;
};

std::span<const channel_kind> kinds() {
    static const std::vector<channel_kind> all{
        {"webhook", {"plain_http", "secret_file", "secret_credential", "trust"}},
        {"mail", {"from", "smtp", "sendmail"}},
        {"command", {}},
    };
    return all;
}

bool is_address(std::string_view host) {
    const auto name = parse_name(host, true);
    return name && name->type == identifier::kind::ip;
}

/// Whether nobody but this machine hears what is sent there.
bool stays_here(std::string_view url) {
    std::string_view host = url.substr(url.find("//") + 2);
    host = host.substr(0, host.find_first_of("/?"));
    if (host.starts_with('[')) {
        return host.starts_with("[::1]");
    }
    host = host.substr(0, host.find(':'));
    return host == "localhost" || (host.starts_with("127.") && is_address(host));
}

class notification_reader {
public:
    notification_reader(const section& entry, const key_path& path, const settings& all,
                        mistake_list& mistakes)
        : entry_(entry), path_(path), all_(all), mistakes_(mistakes) {}

    /// The one way that is given; null if there is none or several, which are mistakes then.
    const channel_kind* kind() {
        const channel_kind* found = nullptr;
        for (const channel_kind& each : kinds()) {
            if (!entry_.find(each.name)) {
                continue;
            }
            if (found != nullptr) {
                mistake(each.name, fmt::format("{} and {} exclude each other; make two entries of it",
                                               found->name, each.name));
                return nullptr;
            }
            found = &each;
        }
        if (found == nullptr) {
            mistakes_.add(entry_.at(), path_,
                          "one of webhook, mail and command is needed, or nobody would be told");
        }
        return found;
    }

    void check_keys(const channel_kind& own) {
        for (const channel_kind& each : kinds()) {
            for (const std::string_view key : each.keys) {
                if (each.name != own.name && entry_.find(key)) {
                    mistake(key, fmt::format("this key belongs to {}, not to {}", each.name, own.name));
                }
            }
        }
    }

    void read(const channel_kind& own, notification& into) {
        if (own.name == "webhook") {
            into.how = read_webhook();
        } else if (own.name == "mail") {
            into.how = read_mail();
        } else {
            command_channel made;
            made.argv = entry_.texts("command").value_or(std::vector<std::string>());
            into.how = std::move(made);
        }
        if (const auto on = entry_.texts("on")) {
            into.on.clear();
            for (const news each : all_news) {
                if (std::ranges::find(*on, to_string(each)) != on->end()) {
                    into.on.insert(each);
                }
            }
            refuse_repeats(entry_, "on", path_.key("on").text(), mistakes_);
        }
        refuse_idle(into.on);
        into.after = static_cast<unsigned>(entry_.integer("after").value_or(into.after));
        into.expiring = entry_.duration("expiring");
        into.limit = entry_.rate("limit").value_or(into.limit);
        into.gather = entry_.duration("gather").value_or(into.gather);
        into.timeout = entry_.duration("timeout").value_or(into.timeout);
    }

    void read_certificates(notification& into) {
        const auto list = entry_.find("certificates");
        if (!list || list->kind() != node_kind::list) {
            return;
        }
        std::size_t index = 0;
        const key_path all = path_.key("certificates");
        for (const node item : children(*list)) {
            const key_path here = all.item(index++);
            if (item.kind() != node_kind::scalar || item.text().empty()) {
                continue;
            }
            auto pattern = parse_pattern(item.text());
            std::string meant = pattern ? *pattern : std::string(item.text());
            // A pattern may wait for its first certificate; a name that there is not is a slip.
            if (!(pattern && meant.starts_with('*')) && !is_there(meant)) {
                mistakes_.add(item.at(), here,
                              fmt::format("{} is neither the name of a certificate nor a name on one{}",
                                          in_quotes(item.text()), nearest_name(item.text())));
                continue;
            }
            into.certificates.push_back(std::move(meant));
        }
    }

private:
    void mistake(std::string_view key, std::string text) {
        mistakes_.add(entry_.at(key), path_.key(key), std::move(text));
    }

    /// What would never have an effect with so little in `on`.
    void refuse_idle(const std::set<news>& on) {
        const bool failing = on.contains(news::failing);
        const bool trouble = failing || on.contains(news::expiring);
        if (entry_.find("after") && !failing) {
            mistake("after",
                    "it says when failing is told, which is not in `on`; leave it out, or add failing");
        }
        // What expires soon is told as failing at once.
        if (entry_.find("expiring") && !trouble) {
            mistake("expiring",
                    "it says when expiring is told, which is not in `on`; leave it out, or add expiring");
        }
        if (on.contains(news::recovered) && !trouble) {
            mistake("on",
                    "recovered is only told after failing or expiring: add one of them, or leave it out");
        }
    }

    webhook_channel read_webhook() {
        webhook_channel made;
        made.url = entry_.text("webhook").value_or("");
        made.secret_file = entry_.path("secret_file").value_or("");
        made.secret_credential = entry_.text("secret_credential").value_or("");
        made.trust = entry_.path("trust").value_or("");
        const bool plain = made.url.size() > 4 && made.url[4] == ':';
        const bool wants_plain = entry_.flag("plain_http").value_or(false);
        if (!made.url.empty() && !plain && wants_plain) {
            mistake("plain_http", "it is about http, and the URL is https; leave it out");
        }
        if (plain && entry_.find("trust")) {
            mistake("trust", "it is about https, and the URL is http; leave it out, or write https");
        }
        if (plain && !stays_here(made.url) && !wants_plain) {
            mistake("webhook", "http to another machine can be read and changed on the way; write https, or "
                               "`plain_http: true` if it is meant");
        }
        if (entry_.find("secret_file") && entry_.find("secret_credential")) {
            mistake("secret_credential",
                    "secret_file and secret_credential exclude each other; leave one out");
        }
        if (auto trouble = made.trust.empty() ? std::string() : trust_trouble(made.trust); !trouble.empty()) {
            mistake("trust", std::move(trouble));
        }
        return made;
    }

    mail_channel read_mail() {
        mail_channel made;
        made.to = entry_.texts("mail").value_or(std::vector<std::string>());
        const auto from = entry_.texts("from");
        made.from = from && !from->empty() ? from->front() : "";
        made.sendmail = entry_.path("sendmail").value_or(made.sendmail);
        if (const auto server = entry_.text("smtp")) {
            if (auto where = parse_endpoint(*server)) {
                made.smtp = std::move(*where);
            }
            if (entry_.find("sendmail")) {
                mistake("sendmail", "smtp and sendmail exclude each other; leave one out");
            }
        }
        refuse_repeats(entry_, "mail", path_.key("mail").text(), mistakes_);
        return made;
    }

    [[nodiscard]] bool is_there(const std::string& name) const {
        return std::ranges::any_of(all_.certificates, [&](const certificate_ptr& each) {
            return each->name == name ||
                   std::ranges::find(each->names, name, &identifier::value) != each->names.end();
        });
    }

    [[nodiscard]] std::string nearest_name(std::string_view word) const {
        std::vector<std::string_view> candidates;
        for (const certificate_ptr& each : all_.certificates) {
            if (candidates.size() == 1000) {
                break;
            }
            candidates.emplace_back(each->name);
        }
        return did_you_mean(word, candidates);
    }

    const section& entry_;
    const key_path& path_;
    const settings& all_;
    mistake_list& mistakes_;
};

} // namespace

std::string_view to_string(news what) noexcept {
    switch (what) {
    case news::revoked:
        return "revoked";
    case news::failing:
        return "failing";
    case news::expiring:
        return "expiring";
    case news::recovered:
        return "recovered";
    case news::renewed:
        return "renewed";
    }
    return "failing";
}

std::string_view channel_type(const notification& what) noexcept {
    return std::holds_alternative<webhook_channel>(what.how) ? "webhook"
           : std::holds_alternative<mail_channel>(what.how)  ? "mail"
                                                             : "command";
}

void build_notify(const section& root, settings& out, mistake_list& mistakes) {
    const auto list = root.find("notify");
    if (!list || list->kind() != node_kind::list) {
        return;
    }
    const key_path top;
    const key_path path = top.key("notify");
    std::map<std::string, unsigned> of_kind;
    std::map<std::string, place> named;
    std::size_t index = 0;
    for (const node item : children(*list)) {
        const key_path here = path.item(index++);
        if (index > most_notifications) {
            mistakes.add(
                item.at(), here,
                fmt::format("the list is too long; allowed: at most {} entries", most_notifications));
            return;
        }
        if (item.kind() != node_kind::map) {
            continue;
        }
        const section entry(item, named_schema("notify"));
        notification_reader reader(entry, here, out, mistakes);
        notification made;
        reader.read_certificates(made);
        const channel_kind* const kind = reader.kind();
        if (kind == nullptr) {
            continue;
        }
        reader.check_keys(*kind);
        reader.read(*kind, made);
        const unsigned number = ++of_kind[std::string(kind->name)];
        made.name = entry.text("name").value_or(number == 1 ? std::string(kind->name)
                                                            : fmt::format("{}-{}", kind->name, number));
        const auto [first, fresh] = named.try_emplace(made.name, entry.at("name"));
        if (!fresh) {
            mistakes.add(entry.at("name"), here.key("name"),
                         fmt::format("the entry at {} is called {} as well; give one of them another name",
                                     to_string(first->second), in_quotes(made.name)));
            continue;
        }
        out.notifications.push_back(std::move(made));
    }
}

} // namespace evercert::config
