// How fast state gets to the standby: checkpoints with a standby in another process, over loopback.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/bench/replication_parts.h"
#include "tests/bench/tls_connection.h"

namespace stillwater::bench {
namespace {

struct Options {
  std::string out = "replication.json";
  std::string only;
  unsigned repetitions = 5;
  unsigned sync_mib = 1024;
};

int run(const Options& options) {
  Report report("replication");
  const auto wanted = [&](const char* part) {
    const bool yes = options.only.empty() || options.only == part;
    if (yes) std::fprintf(stderr, "%s ...\n", part);
    return yes;
  };
  const unsigned n = options.repetitions;
  const Over tcp{over_tcp, ""};
  if (wanted("epochs")) add_epochs(report, tcp, 5'000, n);
  if (wanted("lag")) add_commit_lag(report, over_tcp, n);
  if (wanted("bytes")) add_session_wire_bytes(report, over_tcp, n);
  if (wanted("sync")) add_first_sync(report, tcp, n, options.sync_mib);
  if (wanted("tls")) {
    const TlsFolder certificates;
    const Over tls{certificates.over_tls(), "_tls"};
    add_epochs(report, tls, 2'000, n);
    add_first_sync(report, tls, n, options.sync_mib);
  }
  if (wanted("swap")) add_swaps(report, n);
  report.print();
  if (const Status written = report.write(options.out); !written) {
    std::fprintf(stderr, "%s\n", written.error().message.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_replication: how fast state gets to a standby in another process, over loopback"};
  stillwater::bench::Options options;
  app.add_option("--out", options.out, "report file (JSON)")->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "repetitions a figure")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  app.add_option("--sync-mib", options.sync_mib, "size of the region that is filled, in MiB")
      ->capture_default_str()
      ->check(CLI::Range(16, 4096));
  app.add_option("--only", options.only, "one part")
      ->check(CLI::IsMember({"epochs", "lag", "bytes", "sync", "tls", "swap"}));
  CLI11_PARSE(app, argc, argv);
  return stillwater::bench::run(options);
}
