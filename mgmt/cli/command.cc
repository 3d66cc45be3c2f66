#include "mgmt/cli/command.h"

#include <utility>

#include "mgmt/cli/duration.h"

namespace stillwater::mgmt::cli {

CLI::Option* add_duration(CLI::App& app, const std::string& name, Nanos least, Nanos most,
                          std::function<void(Nanos)> use, const std::string& help) {
  const auto read = [=](const std::string& text) {
    const auto duration = parse_duration(text);
    if (!duration) throw CLI::ValidationError(name, duration.error().message);
    if (*duration < least || *duration > most) {
      throw CLI::ValidationError(name, "'" + text + "' is out of range; expected " + format_duration(least) +
                                           " to " + format_duration(most));
    }
    use(*duration);
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("DURATION");
}

}  // namespace stillwater::mgmt::cli
