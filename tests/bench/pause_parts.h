// The parts of many checkpoints' pauses, for a report.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ckpt_engine/engine/statistics.h"
#include "tests/bench/report.h"

namespace stillwater::bench {

class PauseParts {
 public:
  void add(const engine::Pause& pause) {
    for (auto& [part, us] : parts_) us.push_back(microseconds(pause.*part.time));
  }
  // As "ID.request", "ID.drain" and so on, in the order in which they happen.
  void add_to(Report& report, const std::string& id) const {
    for (const auto& [part, us] : parts_)
      report.add({.id = id + "." + part.name, .unit = "us", .samples = us, .note = part.what});
  }

 private:
  struct Part {
    const char* name;
    Nanos engine::Pause::*time;
    const char* what;
  };
  std::vector<std::pair<Part, std::vector<double>>> parts_{
      {{"request", &engine::Pause::request, "until the worker was told"}, {}},
      {{"drain", &engine::Pause::drain, "until it was quiesced"}, {}},
      {{"collect", &engine::Pause::collect, "what was written, from the tracker"}, {}},
      {{"stage", &engine::Pause::stage, "its lines, into staging"}, {}},
      {{"digest", &engine::Pause::digest, "chunks of the region"}, {}},
      {{"resume", &engine::Pause::resume, "until the worker went on"}, {}},
  };
};

}  // namespace stillwater::bench
