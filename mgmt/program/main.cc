// stillwaterctl: parse, ask a node or examine this host, print.
#include <iostream>
#include <optional>

#include "appliance/doctor/doctor.h"
#include "mgmt/cli/arguments.h"
#include "mgmt/cli/commands.h"

namespace stillwater::mgmt::cli {
namespace {

int print(const std::string& answer, Exit exit) {
  std::cout << answer << std::flush;
  return static_cast<int>(std::cout ? exit : Exit::node_refused);
}

int examine_host(const Arguments& arguments) {
  namespace doctor = appliance::doctor;
  std::optional<appliance::Config> config;
  if (!arguments.doctor_config.empty()) {
    auto read = appliance::load_config(arguments.doctor_config);
    if (!read) {
      std::cerr << read.error().message << "\n";
      return static_cast<int>(Exit::usage);
    }
    config = std::move(*read);
  }
  const doctor::Host host("/");
  const doctor::LiveSystem system;
  const auto findings = doctor::examine({host, system, config ? &*config : nullptr});
  return print(arguments.json ? doctor::as_json(findings) : doctor::as_text(findings),
               doctor::has_fault(findings) ? Exit::node_refused : Exit::ok);
}

int run(int argc, char** argv) {
  const auto arguments = parse_arguments(argc, argv);
  if (!arguments) return static_cast<int>(arguments.error());
  if (arguments->command == Command::doctor) return examine_host(*arguments);
  const auto answer = carry_out(*arguments);
  if (answer) return print(*answer, Exit::ok);
  std::cerr << "stillwaterctl: " << answer.error().message << "\n";
  return static_cast<int>(answer.error().exit);
}

}  // namespace
}  // namespace stillwater::mgmt::cli

int main(int argc, char** argv) { return stillwater::mgmt::cli::run(argc, argv); }
