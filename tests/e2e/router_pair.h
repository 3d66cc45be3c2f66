// A pair of routers between a client and a server, for both families.
#pragma once

#include <string>
#include <vector>

#include "tests/e2e/pair_fixture.h"
#include "tests/rig/process/child.h"

namespace stillwater::e2e {

struct RouterPair : PairFixture {
  explicit RouterPair(const std::string& name);

  // What the program says; it has to end well.
  std::string must_say(const char* space, const std::vector<std::string>& argv, Nanos limit = 20s) const;
  // A program that goes on in the server's namespace.
  [[nodiscard]] rig::Child serve(const std::vector<std::string>& argv) const;
};

}  // namespace stillwater::e2e
