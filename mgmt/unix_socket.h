// What a server does around binding a unix socket, so that it neither steals a living socket nor trips over a
// dead one.
#pragma once

#include <string>

#include <sys/stat.h>

#include "base/result.h"

namespace stillwater::mgmt {

// Makes `path` free to bind: removes a socket that nobody listens on. Fails with `refused` where a process
// listens there or the file is something else than a socket, with `io` where the folder is missing or closed.
[[nodiscard]] Status make_way_for_socket(const std::string& path);

// While alive, new files of the process are readable and writable by their owner alone: a socket bound
// meanwhile has mode 0600 from its first moment. The mask belongs to the process, so files that other threads
// create meanwhile are private too.
class PrivateFiles {
 public:
  PrivateFiles() : before_(::umask(0177)) {}
  ~PrivateFiles() { ::umask(before_); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  mode_t before_;
};

}  // namespace stillwater::mgmt
