#include "tests/sim/configuration.h"

#include <algorithm>
#include <cstring>

#include "tests/sim/world.h"

namespace stillwater::sim {

void Configurer::start() { ask(); }

void Configurer::ask() {
  for (const auto& machine : world_.machines) {
    if (!machine->alive() || machine->frozen() || !machine->process()->pair().machine().leads()) continue;
    machine->process()->want_change(++asked_);
  }
  world_.time.after(world_.random.between(Nanos(5ms), Nanos(60ms)), [this] { ask(); });
}

void Configurer::told(std::uint32_t number) { told_ = std::max(told_, number); }

std::optional<std::string> Configurer::missing_in(std::uint32_t configuration) const {
  if (configuration >= told_) return std::nullopt;
  return "the operator was told that change " + std::to_string(told_) +
         " of the configuration is made, the node has " + std::to_string(configuration);
}

standby::ConfigBytes Builder::document_of(std::uint32_t number) {
  standby::ConfigBytes bytes(sizeof(number));
  std::memcpy(bytes.data(), &number, sizeof(number));
  return bytes;
}

void Builder::take_time() {
  const Nanos takes = world_.random.between(Nanos(10us), Nanos(8ms));
  done_at_ = (world_.time.now() + takes).count();
  world_.time.after(
      takes, [&machine = machine_, incarnation = machine_.incarnation()] { machine.wake(incarnation); });
}

void Builder::collect() {
  collects_ = true;
  take_time();
}

std::optional<standby::ConfigBytes> Builder::take_collected() {
  if (!collects_ || world_.time.now().count() < done_at_) return std::nullopt;
  collects_ = false;
  return document_of(built_);
}

// A change is refused now and then; what the peer has already is built.
void Builder::build(standby::ConfigBytes document, bool whole) {
  std::uint32_t number = 0;
  std::memcpy(&number, document.data(), std::min(document.size(), sizeof(number)));
  under_way_ = number;
  fails_ = !whole && world_.random.one_in(12);
  take_time();
}

std::optional<Status> Builder::take_built() {
  if (!under_way_ || world_.time.now().count() < done_at_) return std::nullopt;
  const std::uint32_t number = *std::exchange(under_way_, std::nullopt);
  if (fails_) return Status(fail(Errc::resource_exhausted, "no room"));
  built_ = number;
  return Status{};
}

}  // namespace stillwater::sim
