#pragma once
#include <string>

namespace evercert::daemon {

/// evercert.yaml with every key, its sentence and its default, all commented out. A "#" right before a word
/// or a hyphen hides a line of YAML; taken away everywhere, what is left is a configuration that checks
/// (where the files it names exist). A "#" and a space begin a sentence.
std::string example_file();

} // namespace evercert::daemon
