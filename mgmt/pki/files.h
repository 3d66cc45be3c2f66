// Files of keys and certificates: whole or not there.
#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace stillwater::mgmt::pki {

// Makes the folder (mode 0700) where it is missing, in a parent that exists.
[[nodiscard]] Status make_folder(const std::string& path);

[[nodiscard]] bool exists(const std::string& path);

// Whoever looks at `path` finds no file or all of it, also after a crash. refused: there is one already.
[[nodiscard]] Status write_new(const std::string& path, const std::string& bytes, mode_t mode);
// The same in the place of a file that is there, if any.
[[nodiscard]] Status write_over(const std::string& path, const std::string& bytes, mode_t mode);

// At most 1 MiB.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace stillwater::mgmt::pki
