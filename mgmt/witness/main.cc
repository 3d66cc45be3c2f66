// stillwater-witness: keeps who may lead, for pairs of nodes.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "base/command_line/completion.h"
#include "mgmt/daemon.h"
#include "mgmt/witness/show.h"
#include "mgmt/witness/witness.h"

namespace stillwater::mgmt::witness {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

struct Arguments {
  WitnessOptions options;
  std::string tls = "required";
  TlsFiles files;
  std::string log_level = "info";
  bool show = false;
  bool json = false;
};

void add_options(CLI::App& app, Arguments& a) {
  app.set_version_flag("--version", std::string("stillwater-witness ") + STILLWATER_VERSION);
  app.add_option("--data", a.options.data, "Folder of the records, on a local disk; made where it is missing")
      ->required()
      ->type_name("FOLDER");
  auto* listen = app.add_option("--listen", a.options.listen, "Where to serve: unix:PATH or ADDRESS:PORT")
                     ->type_name("ADDRESS");
  app.add_option("--tls", a.tls, "Protection of a TCP address [required]")
      ->check(CLI::IsMember({"required", "none"}))
      ->type_name("required|none");
  app.add_option("--tls-ca", a.files.ca, "Certificate of the authority that signs nodes' certificates (PEM)")
      ->type_name("FILE");
  app.add_option("--tls-cert,--tls-certificate", a.files.cert,
                 "The witness's certificate, with its chain (PEM)")
      ->type_name("FILE");
  app.add_option("--tls-key", a.files.key, "The key of the certificate (PEM)")->type_name("FILE");
  app.add_option("--log-level", a.log_level, "debug, info, warning or error [info]")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name("LEVEL");
  auto* show =
      app.add_flag("--show", a.show, "Print the records in the folder instead; a witness may be running")
          ->excludes(listen);
  app.add_flag("--json", a.json, "With --show: as JSON")->needs(show);
}

// What the options say together. Throws CLI::ValidationError.
void combine(Arguments& a) {
  if (a.show) return;
  if (a.options.listen.empty()) throw CLI::RequiredError("--listen (or --show)");
  const auto address = parse_address(a.options.listen);
  if (!address) throw CLI::ValidationError("--listen", address.error().message);
  const bool any = !a.files.ca.empty() || !a.files.cert.empty() || !a.files.key.empty();
  const bool all = !a.files.ca.empty() && !a.files.cert.empty() && !a.files.key.empty();
  const bool tcp = std::holds_alternative<TcpAddress>(*address);
  a.options.tls = a.tls == "none" ? Tls::none : Tls::required;
  if (any && (!tcp || a.options.tls == Tls::none))
    throw CLI::ValidationError("--tls-ca, --tls-cert, --tls-key", "are for a TCP address without --tls none");
  if (tcp && a.options.tls == Tls::required && !all) {
    throw CLI::ValidationError("--listen",
                               a.options.listen +
                                   " needs --tls-ca, --tls-cert and --tls-key; or --tls none where "
                                   "the network itself is trusted");
  }
  if (all) a.options.files = a.files;
}

int run(const WitnessOptions& options) {
  const sigset_t signals = block_ending_signals();
  auto witness = Witness::start(options);
  if (!witness) {
    spdlog::critical("{}", witness.error().message);
    return kExitFailure;
  }
  spdlog::info("stillwater-witness {} listens at {}, records in {}", STILLWATER_VERSION,
               (*witness)->address(), options.data);
  sd_notify(0, "READY=1");
  int signal = 0;
  while (sigwait(&signals, &signal) != 0 || signal == SIGHUP) {
  }
  spdlog::info("stopping on {}", strsignal(signal));
  sd_notify(0, "STOPPING=1");
  (*witness)->stop(1s);
  spdlog::info("stopped");
  return 0;
}

int print_records(const Arguments& a) {
  const auto shown = show(a.options.data, a.json);
  if (!shown) {
    std::fprintf(stderr, "stillwater-witness: %s\n", shown.error().message.c_str());
    return kExitFailure;
  }
  std::fputs(shown->text.c_str(), stdout);
  return std::fflush(stdout) == 0 && shown->whole ? 0 : kExitFailure;
}

}  // namespace
}  // namespace stillwater::mgmt::witness

int main(int argc, char** argv) {
  using namespace stillwater::mgmt;
  CLI::App app{
      "stillwater-witness: the third party of fault-tolerant pairs. For each pair it keeps which node may "
      "lead.\n\n"
      "SIGTERM and SIGINT stop it; SIGHUP does nothing.\n"
      "Exit status: 0 stopped as asked, 1 could not start or a record is damaged, 2 wrong usage."};
  witness::Arguments arguments;
  app.name("stillwater-witness");
  stillwater::add_completion(app);
  witness::add_options(app, arguments);
  try {
    app.parse(argc, argv);
    witness::combine(arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : witness::kExitUsage;
  }
  if (arguments.show) return witness::print_records(arguments);
  set_up_log(arguments.log_level);
  return witness::run(arguments.options);
}
