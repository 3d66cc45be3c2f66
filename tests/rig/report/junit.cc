#include "tests/rig/report/junit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/rig/report/figure.h"
#include "tests/rig/report/markup.h"
#include "tests/rig/report/summary.h"

namespace stillwater::rig {
namespace {

std::string figures_of(const RunRecord& run) {
  std::string lines;
  for (const Figure& figure : figures()) {
    const auto value = run.figure(std::string(figure.key));
    if (value) lines += fmt::format("{} {}\n", figure.key, *value);
  }
  return lines;
}

std::string outcome_of(const RunRecord& run) {
  if (run.impossible) return fmt::format("      <skipped message=\"{}\"/>\n", escaped(run.failure));
  if (!run.failure.empty()) return fmt::format("      <error message=\"{}\"/>\n", escaped(run.failure));
  if (run.good()) return {};
  return fmt::format("      <failure message=\"{}\">{}</failure>\n", escaped(run.reasons.front()),
                     escaped(fmt::format("{}", fmt::join(run.reasons, "\n"))));
}

std::string suite_of(const Group& group, const Document& document) {
  std::size_t errors = 0;
  std::size_t skipped = 0;
  double seconds = 0;
  std::string cases;
  for (const RunRecord* run : group.runs) {
    skipped += run->impossible ? 1 : 0;
    errors += run->failure.empty() || run->impossible ? 0 : 1;
    seconds += run->seconds;
    cases += fmt::format("    <testcase classname=\"{}.{}\" name=\"repetition {}\" time=\"{:.1f}\">\n{}",
                         escaped(group.system), escaped(group.fault), run->repetition, run->seconds,
                         outcome_of(*run));
    cases += fmt::format("      <system-out>{}</system-out>\n    </testcase>\n", escaped(figures_of(*run)));
  }
  return fmt::format(
      "  <testsuite name=\"{}: {} under {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
      "time=\"{:.1f}\">\n"
      "{}  </testsuite>\n",
      escaped(document.scenario), escaped(group.system), escaped(group.fault), group.runs.size(),
      group.runs.size() - group.good() - errors - skipped, errors, skipped, seconds, cases);
}

}  // namespace

std::string to_junit(const Document& document) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const Group& group : groups_of(document)) xml += suite_of(group, document);
  return xml + "</testsuites>\n";
}

}  // namespace stillwater::rig
