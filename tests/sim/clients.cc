#include "tests/sim/clients.h"

#include <algorithm>

#include "tests/sim/world.h"

namespace stillwater::sim {

void Clients::start() {
  for (unsigned client = 0; client < kCount; ++client) ask(client);
}

void Clients::ask(unsigned client) {
  Client& c = clients_[client];
  if (c.told >= c.asked) c.asked = std::max(c.asked, c.told) + 1;
  const ClientRequest request{client, c.asked};
  for (unsigned node = 0; node < 2; ++node)
    world_.time.after(world_.random.between(Nanos(20us), Nanos(300us)), [this, node, request] {
      Machine& machine = *world_.machines[node];
      if (machine.alive() && !machine.frozen()) machine.process()->packets().arrive(request);
    });
  world_.time.after(world_.random.between(Nanos(3ms), Nanos(12ms)), [this, client] { ask(client); });
}

void Clients::told(unsigned client, std::uint32_t number) {
  clients_[client].told = std::max(clients_[client].told, number);
  ++answers_;
}

void Clients::everything_is_lost() {
  for (Client& client : clients_) client.told = 0;
}

std::optional<std::string> Clients::missing_in(const region::Region& region) const {
  const region::SessionTable sessions(region, 0);
  for (unsigned client = 0; client < kCount; ++client) {
    if (clients_[client].told == 0) continue;
    const auto match = sessions.find(key_of(client));
    const std::uint32_t there = match ? sessions.at(match.slot).rule_id : 0;
    if (there < clients_[client].told)
      return "client " + std::to_string(client) + " was told of its operation " +
             std::to_string(clients_[client].told) + ", the region knows of " + std::to_string(there);
  }
  return std::nullopt;
}

}  // namespace stillwater::sim
