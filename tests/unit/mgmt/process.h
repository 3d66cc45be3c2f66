// Runs programs.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "tests/unit/mgmt/scratch.h"

namespace stillwater::mgmt::test {

struct Finished {
  int exit = -1;  // exit status; -1: it was killed, by a signal or after 30 s
  std::string out;
  std::string err;
};

// A program that runs until it ends, or this object does. `environment` is all of its environment, as
// NAME=VALUE.
class Process {
 public:
  explicit Process(std::vector<std::string> command, std::vector<std::string> environment = {});
  ~Process();  // kills it
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  // What it wrote to standard error so far; before wait().
  [[nodiscard]] std::string err() const;
  // At its end, or after 30 s, when it is killed. Once.
  [[nodiscard]] Finished wait();

 private:
  Scratch scratch_;
  pid_t pid_ = -1;
  UniqueFd handle_;
};

// Runs a program to its end.
[[nodiscard]] Finished run(std::vector<std::string> command, std::vector<std::string> environment = {});

}  // namespace stillwater::mgmt::test
