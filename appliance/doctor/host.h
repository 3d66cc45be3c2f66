// The host's files, below a folder that stands for "/": tests give it a host of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace stillwater::appliance::doctor {

// Reads only. Paths are absolute, as the host itself has them.
class Host {
 public:
  explicit Host(std::filesystem::path root) : root_(std::move(root)) {}

  // The whole file; nothing where it cannot be read. `line`: without the white space at its end.
  [[nodiscard]] std::optional<std::string> text(const std::string& path) const;
  [[nodiscard]] std::optional<std::string> line(const std::string& path) const;
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& path) const;
  // What stands behind "NAME:" in a file of such lines, as /proc has many.
  [[nodiscard]] std::optional<std::string> field(const std::string& path, const std::string& name) const;
  // Names in a folder, sorted; none where it is missing.
  [[nodiscard]] std::vector<std::string> names_in(const std::string& path) const;
  // The last part of what a symbolic link points to.
  [[nodiscard]] std::optional<std::string> link_name(const std::string& path) const;
  [[nodiscard]] std::optional<struct stat> status(const std::string& path) const;
  [[nodiscard]] bool has(const std::string& path) const { return status(path).has_value(); }

 private:
  [[nodiscard]] std::filesystem::path below(const std::string& path) const { return root_ / path.substr(1); }

  std::filesystem::path root_;
};

// A list of the kernel's, "0-3,8", in order.
[[nodiscard]] std::vector<std::uint32_t> numbers_of(const std::string& list);
[[nodiscard]] std::string list_of(const std::vector<std::uint32_t>& numbers);  // "0-3,8"
[[nodiscard]] std::vector<std::string> words_of(const std::string& text);

}  // namespace stillwater::appliance::doctor
