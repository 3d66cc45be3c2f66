#include "base/yaml/mistakes.h"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace stillwater::yaml {
namespace {

void put_on_one_line(std::string& text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
}

}  // namespace

void Mistakes::add(const YAML::Mark& at, std::string what) {
  put_on_one_line(what);
  found_.push_back({std::max(at.line, 0), std::max(at.column, 0), std::move(what)});
}

Error Mistakes::error() const {
  std::vector<Mistake> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::string lines;
  for (const Mistake& it : sorted) {
    if (!lines.empty()) lines += '\n';
    lines += file_ + ':' + std::to_string(it.line + 1) + ':' + std::to_string(it.column + 1) + ": " + it.what;
  }
  return {Errc::invalid_argument, lines};
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string shown(text.substr(0, kShown));
  put_on_one_line(shown);
  return "'" + shown + (text.size() > kShown ? "...'" : "'");
}

}  // namespace stillwater::yaml
