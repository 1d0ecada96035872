#include "core/lifecycle/issuer_session.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/backoff.hpp"

#include <fmt/format.h>

#include <utility>

namespace evercert::lifecycle {
namespace {

acme::failure account_failure(error cause) {
    return acme::failure(acme::step::account, std::move(cause));
}

/// Ends the attempt for those who wait, however the coroutine ends.
class attempt {
public:
    attempt(bool& flag, std::vector<timer*>& waiting) : flag_(flag), waiting_(waiting) { flag_ = true; }
    ~attempt() {
        flag_ = false;
        for (timer* waiter : std::exchange(waiting_, {})) {
            waiter->cancel();
        }
    }
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;

private:
    bool& flag_;
    std::vector<timer*>& waiting_;
};

} // namespace

issuer_session::issuer_session(issuer settings, const engine_parts& parts)
    : settings_(std::move(settings)), parts_(parts) {}

bool issuer_session::take_place() noexcept {
    if (orders_ >= std::max(1U, settings_.concurrent_orders)) {
        return false;
    }
    ++orders_;
    return true;
}

std::optional<issuer_pause> issuer_session::paused() const {
    if (pause_ && pause_->until > parts_.time.steady_now()) {
        return pause_;
    }
    return std::nullopt;
}

void issuer_session::note_success() {
    failures_ = 0;
    pause_.reset();
}

void issuer_session::note_failure(const verdict& judged, const std::string& text) {
    if (judged.forget_account) {
        open_ = false;
        account_in_doubt_ = true;
    }
    if (!judged.whole_issuer || paused()) {
        return; // orders that were already under way fail together and count once
    }
    ++failures_;
    const milliseconds rest = backoff(failures_, judged.kind, judged.at_least, parts_.random);
    pause_ = issuer_pause{parts_.time.steady_now() + rest, text};
    event paused_event{.id = "issuer.paused",
                       .level = severity::warning,
                       .certificate = {},
                       .message = fmt::format("nothing is asked of issuer {} for {}: {}", settings_.name,
                                              format_duration(rest), text),
                       .fields = {{"issuer", settings_.name}}};
    parts_.events.emit(paused_event);
}

awaitable<acme::outcome<acme::client*>> issuer_session::ready() {
    while (opening_) {
        auto waiter = parts_.time.make_timer();
        waiting_.push_back(waiter.get());
        // The list must not keep a timer that goes when this coroutine is cancelled.
        struct forget {
            std::vector<timer*>& list;
            timer* mine;
            ~forget() { std::erase(list, mine); }
        } forgetting{waiting_, waiter.get()};
        co_await waiter->wait_until(steady_time::max());
        if (!opening_ && last_failure_) {
            co_return std::unexpected(*last_failure_);
        }
    }
    if (open_) {
        co_return client_.get();
    }
    attempt under_way(opening_, waiting_);
    last_failure_.reset();
    auto opened = co_await open();
    if (!opened) {
        last_failure_ = opened.error();
        co_return std::unexpected(opened.error());
    }
    open_ = true;
    co_return client_.get();
}

awaitable<acme::outcome<crypto::key>> issuer_session::account_key() {
    const std::string& name = settings_.name;
    auto load = [this, &name] { return parts_.repository.load_account_key(name); };
    auto stored = co_await parts_.workers.run(load);
    if (stored && *stored) {
        co_return **stored;
    }
    if (!stored) {
        // The key lies there and cannot be used: it is kept aside, and a new account is made (ACME has no
        // recovery).
        event lost{.id = "account.key_unusable",
                   .level = severity::error,
                   .certificate = {},
                   .message = fmt::format(
                       "the account key for issuer {} cannot be read ({}): it is set aside and a new account "
                       "is registered",
                       name, stored.error().text()),
                   .fields = {{"issuer", name}}};
        parts_.events.emit(lost);
        auto retire = [this, &name] { return parts_.repository.retire_account(name); };
        if (auto done = co_await parts_.workers.run(retire); !done) {
            co_return std::unexpected(account_failure(done.error()));
        }
    }
    auto make = [this, &name]() -> result<crypto::key> {
        auto fresh = crypto::key::generate(settings_.account_key);
        if (!fresh) {
            return fresh;
        }
        if (auto saved = parts_.repository.save_account_key(name, *fresh); !saved) {
            return fail(saved.error().within("the new account key could not be stored"));
        }
        return fresh;
    };
    auto fresh = co_await parts_.workers.run(make);
    if (!fresh) {
        co_return std::unexpected(account_failure(fresh.error()));
    }
    co_return *fresh;
}

awaitable<acme::outcome<void>> issuer_session::open() {
    if (!client_) {
        auto made = parts_.make_client(settings_);
        if (!made) {
            co_return std::unexpected(account_failure(made.error()));
        }
        client_ = std::move(*made);
    }
    const std::string& name = settings_.name;
    auto load = [this, &name] { return parts_.repository.load_account(name); };
    auto stored = co_await parts_.workers.run(load);
    if (!stored) {
        co_return std::unexpected(account_failure(stored.error()));
    }
    storage::account_record record = stored->value_or(storage::account_record{});
    if (!record.directory.empty() && record.directory != settings_.directory) {
        // Another CA under the same name: neither its account nor its key is carried over.
        auto retire = [this, &name] { return parts_.repository.retire_account(name); };
        if (auto done = co_await parts_.workers.run(retire); !done) {
            co_return std::unexpected(account_failure(done.error()));
        }
        record = {};
    }
    auto key = co_await account_key();
    if (!key) {
        co_return std::unexpected(key.error());
    }
    client_->use_account(*key, account_in_doubt_ ? std::string() : record.url);
    if (!record.url.empty() && !account_in_doubt_) {
        co_return acme::outcome<void>{};
    }
    acme::registration terms;
    terms.contacts = settings_.contacts;
    terms.agree_to_terms = settings_.agree_to_terms;
    if (settings_.eab) {
        auto hmac = parts_.read_hmac_key(settings_.eab->hmac_key_file);
        if (!hmac) {
            co_return std::unexpected(account_failure(hmac.error()));
        }
        terms.eab = acme::binding{settings_.eab->key_id, std::move(*hmac)};
    }
    auto url = co_await client_->open_account(std::move(terms));
    if (!url) {
        co_return std::unexpected(url.error());
    }
    account_in_doubt_ = false;
    record = storage::account_record{settings_.directory, *url, join(settings_.contacts, ",")};
    client_->use_account(*key, record.url);
    auto save = [this, &name, &record] { return parts_.repository.save_account(name, record); };
    if (auto saved = co_await parts_.workers.run(save); !saved) {
        // The key is durable, so the account is found again by lookup: worth a warning, not a failure.
        event unsaved{.id = "account.not_recorded",
                      .level = severity::warning,
                      .certificate = {},
                      .message = fmt::format("the account at issuer {} could not be recorded: {}", name,
                                             saved.error().text()),
                      .fields = {{"issuer", name}}};
        parts_.events.emit(unsaved);
    }
    co_return acme::outcome<void>{};
}

} // namespace evercert::lifecycle
