#include "tests/rig/scenario/mistakes.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace stillwater::rig {

void Mistakes::add(const YAML::Mark& at, std::string what) {
  // A value may hold anything; a message stays on one line.
  std::replace_if(
      what.begin(), what.end(), [](unsigned char c) { return c < ' '; }, '?');
  found_.push_back({std::max(at.line, 0), std::max(at.column, 0), std::move(what)});
}

Error Mistakes::error() const {
  std::vector<Mistake> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::string lines;
  for (const Mistake& it : sorted) {
    lines +=
        fmt::format("{}{}:{}:{}: {}", lines.empty() ? "" : "\n", file_, it.line + 1, it.column + 1, it.what);
  }
  return {Errc::invalid_argument, lines};
}

}  // namespace stillwater::rig
