// Where the functions of a running program are: its symbol table, and where the kernel mapped it.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace stillwater::rig {

// The address, in the process `pid`, of the function whose demangled name is `function`, without its
// parameters ("stillwater::engine::Engine::ship"). The first of several overloads. failed_precondition: the
// program is stripped, or has no such function of its own (it may have been inlined everywhere).
[[nodiscard]] Result<std::uintptr_t> address_in_process(pid_t pid, const std::string& function);

// Whether a program file has such a function; errors as above.
[[nodiscard]] Status has_function(const std::string& program, const std::string& function);

// Whether a demangled symbol ("a::b(int) const") is this function. Pure.
[[nodiscard]] bool names_function(const std::string& demangled, const std::string& function);

}  // namespace stillwater::rig
