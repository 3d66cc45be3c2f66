#include "appliance/doctor/host.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace stillwater::appliance::doctor {

std::optional<std::string> Host::text(const std::string& path) const {
  std::ifstream file(below(path));
  if (!file) return std::nullopt;
  std::ostringstream all;
  all << file.rdbuf();
  if (file.bad()) return std::nullopt;
  return all.str();
}

std::optional<std::string> Host::line(const std::string& path) const {
  auto found = text(path);
  if (found) found->erase(found->find_last_not_of(" \t\n") + 1);
  return found;
}

std::optional<std::uint64_t> Host::number(const std::string& path) const {
  const auto found = line(path);
  std::uint64_t value = 0;
  if (!found || std::from_chars(found->data(), found->data() + found->size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

std::optional<std::string> Host::field(const std::string& path, const std::string& name) const {
  std::istringstream all(text(path).value_or(""));
  for (std::string one; std::getline(all, one);) {
    const std::size_t colon = one.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t end = one.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
    if (one.substr(0, end + 1) != name) continue;
    const std::size_t begin = one.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : one.substr(begin);
  }
  return std::nullopt;
}

std::vector<std::string> Host::names_in(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(below(path), failed), end; !failed && at != end;
       at.increment(failed))
    names.push_back(at->path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> Host::link_name(const std::string& path) const {
  std::error_code failed;
  const auto target = std::filesystem::read_symlink(below(path), failed);
  if (failed) return std::nullopt;
  return target.filename().string();
}

std::optional<struct stat> Host::status(const std::string& path) const {
  struct stat found {};
  if (::stat(below(path).c_str(), &found) != 0) return std::nullopt;
  return found;
}

std::vector<std::uint32_t> numbers_of(const std::string& list) {
  std::vector<std::uint32_t> numbers;
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');) {
    std::uint32_t first = 0, last = 0;
    const char* const end = part.data() + part.size();
    const auto read = std::from_chars(part.data(), end, first);
    if (read.ec != std::errc()) continue;
    last = first;
    if (read.ptr != end && *read.ptr == '-') std::from_chars(read.ptr + 1, end, last);
    for (std::uint32_t number = first; number <= last; ++number) numbers.push_back(number);
  }
  return numbers;
}

std::string list_of(const std::vector<std::uint32_t>& numbers) {
  std::string list;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    list += (list.empty() ? "" : ",") + std::to_string(numbers[i]);
    if (last > i) list += "-" + std::to_string(numbers[last]);
    i = last + 1;
  }
  return list;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream all(text);
  std::vector<std::string> words;
  for (std::string word; all >> word;) words.push_back(word);
  return words;
}

}  // namespace stillwater::appliance::doctor
