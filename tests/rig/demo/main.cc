#include <cstdio>

#include "tests/rig/demo/demo.h"
#include "tests/rig/demo/options.h"
#include "tests/rig/demo/preflight.h"
#include "tests/rig/process/interrupts.h"
#include "tests/rig/report/report.h"
#include "tests/rig/report/verdict.h"

namespace stillwater::rig {
namespace {

Exit run_demo(const DemoOptions& options) {
  Interrupts interrupts;
  if (const auto found = obstacles(options); !found.empty()) {
    for (const std::string& obstacle : found) std::fprintf(stderr, "cannot run: %s\n", obstacle.c_str());
    return Exit::cannot_run;
  }
  Demo demo(options, interrupts);
  auto measured = demo.run();
  if (interrupts.happened()) {
    std::fprintf(stderr, "interrupted; everything was removed\n");
    return Exit::interrupted;
  }
  if (!measured) {
    std::fprintf(stderr, "%sfailed: %s\n", demo.logs().c_str(), measured.error().message.c_str());
    return Exit::bad;
  }
  const Verdict verdict = judge(*measured);
  const std::string json = to_json(*measured, verdict);
  const std::string path = options.out + "/report.json";
  if (!verdict.good()) std::fprintf(stderr, "%s", demo.logs().c_str());
  std::printf("%s", options.json ? json.c_str() : to_table(*measured, verdict).c_str());
  if (const Status written = write_file(path, json); !written) {
    std::fprintf(stderr, "%s\n", written.error().message.c_str());
    return Exit::bad;
  }
  if (!options.json) std::printf("report: %s\n", path.c_str());
  return verdict.good() ? Exit::good : Exit::bad;
}

}  // namespace
}  // namespace stillwater::rig

int main(int argc, char** argv) {
  using namespace stillwater::rig;
  DemoOptions options;
  Exit exit = Exit::good;
  if (parse_command_line(argc, argv, options, exit)) exit = run_demo(options);
  return static_cast<int>(exit);
}
