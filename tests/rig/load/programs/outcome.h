// What a real program says of its run.
#pragma once

#include <map>
#include <string>

namespace stillwater::rig {

struct ProgramOutcome {
  std::map<std::string, double> figures;  // by key (report/program_figure.h)
  std::string broke;                      // what a user would have noticed; empty: nothing
};

}  // namespace stillwater::rig
