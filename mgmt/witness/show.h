// The records of a data folder for people and scripts. Reads beside a running witness.
#pragma once

#include <string>

#include "base/result.h"

namespace stillwater::mgmt::witness {

struct Shown {
  std::string text;   // ends with a newline, unless it is empty
  bool whole = true;  // no record is damaged
};

// A damaged record is shown as what is wrong with it. Fails where the folder cannot be read.
[[nodiscard]] Result<Shown> show(const std::string& data, bool json);

}  // namespace stillwater::mgmt::witness
