// Programs that people really use, one end in the client's namespace and one in the server's, through the
// system under test for the whole run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/load/programs/outcome.h"

namespace stillwater::rig {

struct ProgramPlace {
  int client_space_fd = -1;
  int server_space_fd = -1;
  std::string server_address;
  std::string folder;  // exists; the programs' files and logs go there
  Nanos runs_for{};    // from start_client()
};

// Main thread, which also owns the processes. Destroying it ends them.
class Program {
 public:
  virtual ~Program() = default;

  // Returns at once; serving() says when a client may come.
  [[nodiscard]] virtual Status start_server() = 0;
  [[nodiscard]] virtual Result<bool> serving() = 0;
  [[nodiscard]] virtual Status start_client() = 0;
  // All that ends by itself has ended.
  [[nodiscard]] virtual bool over() = 0;
  // Ends what still runs, and judges.
  [[nodiscard]] virtual ProgramOutcome finish() = 0;
};

// `name` is one of known_programs().
[[nodiscard]] std::unique_ptr<Program> make_program(const std::string& name, const ProgramPlace& place);

// The executables that it needs.
[[nodiscard]] std::vector<std::string> tools_of(const std::string& program);

// Whether a TCP socket listens on the port in the namespace.
[[nodiscard]] Result<bool> listens(int space_fd, std::uint16_t port);

}  // namespace stillwater::rig
