#include "daemon/helper/trusting_runner.hpp"

#include "daemon/helper/trust.hpp"

namespace evercert::daemon {
namespace {

class trusting_runner final : public process_runner {
public:
    trusting_runner(process_runner& inner, program_finder find, event_sink& events)
        : inner_(inner), find_(std::move(find)), events_(events) {}

    awaitable<result<process_outcome>> run(process_request request) override {
        if (auto good = check(request); !good) {
            co_return fail(std::move(good.error()));
        }
        co_return co_await inner_.run(std::move(request));
    }

private:
    result<void> check(const process_request& request) {
        if (request.argv.empty()) {
            return fail(errc::invalid_argument, "no program was given to run");
        }
        const auto file = find_(request.argv.front());
        if (!file) {
            return fail(file.error());
        }
        auto good = check_trusted(*file);
        if (!good) {
            event refused;
            refused.id = "deploy.refused";
            refused.level = severity::warning;
            refused.message = good.error().text();
            events_.emit(refused);
        }
        return good;
    }

    process_runner& inner_;
    program_finder find_;
    event_sink& events_;
};

} // namespace

std::unique_ptr<process_runner> make_trusting_runner(process_runner& inner, program_finder find,
                                                     event_sink& events) {
    return std::make_unique<trusting_runner>(inner, std::move(find), events);
}

} // namespace evercert::daemon
