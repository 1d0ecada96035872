#include "daemon/helper/trusting_runner.hpp"

#include "daemon/helper/trust.hpp"

namespace evercert::daemon {
namespace {

class trusting_runner final : public process_runner {
public:
    trusting_runner(process_runner& inner, program_finder find, event_sink& events)
        : inner_(inner), find_(std::move(find)), events_(events) {}

    awaitable<result<process_outcome>> run(process_request request) override {
        auto file = check(request);
        if (!file) {
            co_return fail(std::move(file.error()));
        }
        request.argv.front() = std::move(*file); // what was looked at, whatever appears earlier in the PATH
        co_return co_await inner_.run(std::move(request));
    }

private:
    result<std::string> check(const process_request& request) {
        if (request.argv.empty()) {
            return fail(errc::invalid_argument, "no program was given to run");
        }
        auto file = find_(request.argv.front());
        if (!file) {
            return fail(file.error());
        }
        if (auto good = check_trusted(*file); !good) {
            event refused;
            refused.id = "deploy.refused";
            refused.level = severity::warning;
            refused.message = good.error().text();
            events_.emit(refused);
            return fail(std::move(good.error()));
        }
        return file;
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
