#pragma once
#include <string>

namespace evercert::daemon {

/// The manual page evercert.yaml(5), in man(7): every key with its sentence, what it allows and its default.
std::string manual_page();

} // namespace evercert::daemon
