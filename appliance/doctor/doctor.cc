#include "appliance/doctor/doctor.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

constexpr Check kOfHost[] = {
    check_cpu_flags,     check_cpu_count, check_isolation,  check_governor, check_hugepages,
    check_memory,        check_swap,      check_numa,       check_trackers, check_capabilities,
    check_locked_memory, check_realtime,  check_open_files, check_kvm,      check_clock_source,
    check_clock_sync,    check_disk,
};
constexpr Check kOfConfiguration[] = {
    check_interfaces,   check_pci_drivers,       check_iommu, check_listening, check_peers,
    check_certificates, check_management_folder,
};

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::advice:
      return "advice";
    case Verdict::fault:
      return "fault";
  }
  return "?";
}

auto number_of(const Findings& findings, Verdict verdict) {
  return std::count_if(findings.begin(), findings.end(),
                       [&](const Finding& f) { return f.verdict == verdict; });
}

}  // namespace

Findings examine(const Subject& subject) {
  Findings all;
  const auto run = [&](Check check) {
    for (Finding& finding : check(subject)) all.push_back(std::move(finding));
  };
  for (const Check check : kOfHost) run(check);
  if (subject.config != nullptr)
    for (const Check check : kOfConfiguration) run(check);
  return all;
}

bool has_fault(const Findings& findings) { return number_of(findings, Verdict::fault) > 0; }

std::string as_text(const Findings& findings) {
  std::string text;
  std::size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, finding.check.size());
  for (const Verdict verdict : {Verdict::fault, Verdict::advice, Verdict::ok})
    for (const Finding& finding : findings) {
      if (finding.verdict != verdict) continue;
      text += fmt::format("{:<6}  {:<{}}  {}\n", name_of(verdict), finding.check, width, finding.seen);
      if (verdict == Verdict::ok) continue;
      text += fmt::format("        costs: {}\n        do:    {}\n", finding.costs, finding.remedy);
    }
  const auto faults = number_of(findings, Verdict::fault), advice = number_of(findings, Verdict::advice);
  return text + fmt::format("\nfaults: {}, to improve: {}, in order: {}\n", faults, advice,
                            number_of(findings, Verdict::ok));
}

std::string as_json(const Findings& findings) {
  auto list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    nlohmann::ordered_json one{
        {"check", finding.check}, {"verdict", name_of(finding.verdict)}, {"seen", finding.seen}};
    if (finding.verdict != Verdict::ok) {
      one["costs"] = finding.costs;
      one["remedy"] = finding.remedy;
    }
    list.push_back(std::move(one));
  }
  const nlohmann::ordered_json all{{"findings", std::move(list)},
                                   {"faults", number_of(findings, Verdict::fault)},
                                   {"advice", number_of(findings, Verdict::advice)}};
  return all.dump(2) + "\n";
}

}  // namespace stillwater::appliance::doctor
