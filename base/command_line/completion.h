// Shell completion from what a program's command line says of itself.
#pragma once

#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace stillwater {

// Adds `--completion bash`, which help does not show: it prints the script and ends the program. `app` has a
// name; commands and options may be added later.
void add_completion(CLI::App& app);

// For bash: commands, options, the values of those that are one of several ("A|B" as the type's name, or a
// set), files where a type is called FILE, FOLDER or PATH.
[[nodiscard]] std::string bash_completion(const CLI::App& app);

}  // namespace stillwater
