// The mistakes of one file, each at its place. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/mark.h>

#include "base/result.h"

namespace stillwater::yaml {

class Mistakes {
 public:
  explicit Mistakes(std::string file) : file_(std::move(file)) {}

  // `what` reads "what is wrong; expected ...". It is put on one line.
  void add(const YAML::Mark& at, std::string what);

  [[nodiscard]] bool empty() const { return found_.empty(); }
  // One line a mistake, FILE:LINE:COLUMN: what, in the order of the file.
  [[nodiscard]] Error error() const;

 private:
  struct Mistake {
    int line, column;  // from 0, as yaml-cpp counts
    std::string what;
  };

  std::string file_;
  std::vector<Mistake> found_;
};

// The text in quotes, on one line and shortened, as messages show it.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace stillwater::yaml
