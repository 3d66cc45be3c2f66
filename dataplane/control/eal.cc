#include "dataplane/control/eal.h"

#include <algorithm>

#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <unistd.h>

namespace stillwater::dataplane {
namespace {

std::vector<std::uint32_t> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof(set), &set);
  std::vector<std::uint32_t> cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

std::string lcores(const EalOptions& options) {
  const std::vector<std::uint32_t> allowed = allowed_cores();
  std::string text = "0@(";
  for (std::size_t i = 0; i < allowed.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(allowed[i]);
  text += ")";
  std::vector<std::uint32_t> workers = options.cores;
  for (std::size_t i = 0; options.cores.empty() && i < options.workers; ++i)
    workers.push_back(allowed[allowed.size() - 1 - i % allowed.size()]);
  for (std::size_t i = 0; i < workers.size(); ++i)
    text += "," + std::to_string(i + 1) + "@(" + std::to_string(workers[i]) + ")";
  return text;
}

// EAL would print its usage.
Status check_cores(const EalOptions& options) {
  const std::vector<std::uint32_t> allowed = allowed_cores();
  for (const std::uint32_t core : options.cores) {
    if (std::find(allowed.begin(), allowed.end(), core) != allowed.end()) continue;
    std::string text;
    for (const std::uint32_t other : allowed) text += (text.empty() ? "" : ", ") + std::to_string(other);
    return fail(Errc::invalid_argument, "core " + std::to_string(core) +
                                            " does not exist, or this process may not use it; it may use " +
                                            text);
  }
  return {};
}

}  // namespace

std::vector<std::string> eal_arguments(const EalOptions& options) {
  std::vector<std::string> arguments{
      "--lcores",
      lcores(options),
      "--no-telemetry",
      "--no-shconf",
      "--file-prefix",
      "stillwater-" + std::to_string(getpid()),
      "--force-max-simd-bitwidth=512",  // for the FIB, where the processor has it
      "--log-level",
      options.log_level,
      "-m",
      std::to_string(options.memory_mib)};
  arguments.emplace_back(options.hugepages ? "--in-memory" : "--no-huge");
  if (options.pci_devices.empty()) arguments.emplace_back("--no-pci");
  for (const std::string& device : options.pci_devices) arguments.insert(arguments.end(), {"-a", device});
  return arguments;
}

Status init_eal(const EalOptions& options) {
  if (Status known = check_cores(options); !known) return known;
  std::vector<std::string> arguments = eal_arguments(options);
  arguments.insert(arguments.begin(), "stillwater");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) >= 0) {
    rmdir(rte_eal_get_runtime_dir());  // nothing is ever put there, and every process would leave one behind
    return {};
  }
  if (rte_errno == EALREADY) return fail(Errc::failed_precondition, "DPDK is initialised already");
  return fail(Errc::io, std::string("DPDK did not start (") + rte_strerror(rte_errno) + "); check that " +
                            std::to_string(options.memory_mib) + " MiB of " +
                            (options.hugepages ? "hugepages" : "memory") +
                            " are free and that the workers' cores exist");
}

}  // namespace stillwater::dataplane
