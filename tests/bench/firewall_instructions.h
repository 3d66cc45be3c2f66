// Instructions of the firewall's session path, and the functions that they are spent in.
#pragma once

#include <string>

#include "tests/bench/report.h"

namespace stillwater::bench {

// A packet of an established session, and a session that begins and ends: "established" and "opening". As
// add_counted says.
void add_session_instructions(Report& report, const std::string& out);

// What the above runs under callgrind, a process of its own: forwards such a load, and prints how many
// packets were counted. Ends the program where something fails.
void forward_sessions_counted(const std::string& load);

}  // namespace stillwater::bench
