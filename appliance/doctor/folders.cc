#include <filesystem>

#include <fmt/format.h>

#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kRuntimeMiB = 16, kStateMiB = 64;

}  // namespace

// Where the management socket is made; systemd makes /run/stillwater.
Findings check_management_folder(const Subject& subject) {
  const std::string& management = subject.config->profile.management;
  if (!management.starts_with("unix:")) return {};
  const std::string folder = std::filesystem::path(management.substr(5)).parent_path();
  if (folder.empty() || folder.front() != '/') return {};
  const auto found = subject.host.status(folder);
  if (!found && folder == "/run/stillwater")
    return {ok("management-folder", folder + " is made by stillwater.service at its start")};
  if (!found || !S_ISDIR(found->st_mode))
    return {fault("management-folder", folder + " is no folder", "the daemon does not start",
                  "mkdir -p " + folder)};
  if ((found->st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return {advice("management-folder", folder + " may be written to by others",
                   "they can put a socket of theirs in the place of the node's", "chmod 0755 " + folder)};
  return {ok("management-folder", folder)};
}

Findings check_disk(const Subject& subject) {
  Findings findings;
  for (const auto& [folder, wanted, costs] :
       {std::tuple("/run", kRuntimeMiB,
                   "DPDK's files and the management socket find no room: the daemon does not start"),
        std::tuple("/var/lib/stillwater-witness", kStateMiB,
                   "a witness that cannot write its record grants nobody the lead"),
        std::tuple("/var/log", kStateMiB, "what a node says is lost")}) {
    const auto free = subject.system.free_bytes(folder);
    if (!free) continue;
    const std::string check = std::string("disk ") + folder;
    const std::string seen = fmt::format("{} MiB free", *free / kMiB);
    if (*free / kMiB >= wanted)
      findings.push_back(ok(check, seen));
    else
      findings.push_back(fault(check, seen, costs, fmt::format("{} MiB there: df -h {}", wanted, folder)));
  }
  return findings;
}

}  // namespace stillwater::appliance::doctor
