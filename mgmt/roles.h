// Who may call what: three roles, and the one table that says which of them a call needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stillwater::mgmt {

// Each may do what those before it may.
enum class Role : std::uint8_t {
  viewer,     // calls that change nothing
  operating,  // "operator": what a shift does: checkpoint, policy, quiesce and resume, switchover
  admin,      // everything
};

// "viewer", "operator" or "admin".
[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::optional<Role> role_named(std::string_view name);

// What a call needs; `method` as gRPC names it: "/stillwater.v1.Appliance/GetStatus". Nothing where the table
// does not know it.
[[nodiscard]] std::optional<Role> role_needed(std::string_view method);

// The role in a certificate (PEM): the one OU of its subject that is a role's name; other OUs do not matter.
// refused: none, or several; the message names the subject and says which are possible.
[[nodiscard]] Result<Role> role_in(const std::string& certificate);

// Whether the holder of a certificate may make a call. A call that the table does not know needs an admin.
// refused: the message says which OU is needed.
[[nodiscard]] Status may_call(const std::string& certificate, std::string_view method);

}  // namespace stillwater::mgmt
