#include "tests/rig/load/programs/program.h"

#include <fstream>
#include <limits>

#include <fmt/format.h>

#include "tests/rig/load/programs/dns.h"
#include "tests/rig/load/programs/http.h"
#include "tests/rig/load/programs/iperf3.h"
#include "tests/rig/load/programs/ssh.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {

std::unique_ptr<Program> make_program(const std::string& name, const ProgramPlace& place) {
  if (name == "iperf3") return std::make_unique<Iperf3>(place);
  if (name == "ssh") return std::make_unique<Ssh>(place);
  if (name == "dns") return std::make_unique<Dns>(place);
  return std::make_unique<Http>(place);
}

std::vector<std::string> tools_of(const std::string& program) {
  if (program == "iperf3") return {"iperf3"};
  if (program == "ssh") return {"ssh", "ssh-keygen", "dropbear", "dropbearkey", "curl", "unshare"};
  if (program == "dns") return {"dig", "dnsmasq"};
  return {"nginx", "curl"};
}

Result<bool> listens(int space_fd, std::uint16_t port) {
  // A connection would be taken for a client; the kernel's table tells without one. State 0A: listening.
  const std::string wanted = fmt::format(":{:04X}", port);
  bool found = false;
  const Status looked = inside_space(space_fd, [&]() -> Status {
    for (const char* table : {"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}) {
      std::ifstream file(table);
      std::string slot, local, remote, state;
      while (file >> slot >> local >> remote >> state) {
        found = found || (local.ends_with(wanted) && state == "0A");
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      }
    }
    return {};
  });
  if (!looked) return tl::unexpected(looked.error());
  return found;
}

}  // namespace stillwater::rig
