// What scripts read: names, order, and numbers where telemetry knows no booleans.
#include "quiesce/plugin/reply.h"

#include <catch2/catch.hpp>

namespace stillwater::quiesce::plugin {
namespace {

const Field& field(const Reply& reply, std::string_view name) {
  for (const Field& it : reply) {
    if (it.name == name) return it;
  }
  throw std::out_of_range(std::string(name));
}

std::uint64_t number(const Reply& reply, std::string_view name) {
  return std::get<std::uint64_t>(field(reply, name).value);
}

std::string text(const Reply& reply, std::string_view name) {
  return std::get<std::string>(field(reply, name).value);
}

}  // namespace

TEST_CASE("an indication says how sure it is, and of what") {
  const auto reply = reply_of(
      Indication{.basis = Basis::settled, .exact = false, .unaccounted = 3, .drained = 40, .took = 2500us});
  CHECK(text(reply, "state") == "quiesced");
  CHECK(number(reply, "exact") == 0);
  CHECK(text(reply, "basis") == "settled");
  CHECK(number(reply, "unaccounted") == 3);
  CHECK(number(reply, "drained") == 40);
  CHECK(number(reply, "took_us") == 2500);
}

TEST_CASE("a failure says why, of which kind, and what the program does now") {
  const auto reply =
      reply_of(Error{Errc::timed_out, "port 0 rx queue 1: a call has not returned"}, State::running);
  CHECK(text(reply, "error") == "port 0 rx queue 1: a call has not returned");
  CHECK(text(reply, "code") == "timed out");
  CHECK(text(reply, "state") == "running");
}

TEST_CASE("status gives the ports as columns of one length") {
  AgentStatus status{};
  status.ports = {
      {.port = 0, .up = true, .stopped = true, .receive_queues = 2, .transmit_queues = 1, .received = 9},
      {.port = 5,
       .up = false,
       .stopped = false,
       .receive_queues = 1,
       .transmit_queues = 1,
       .transmitted = 8}};
  const auto reply = reply_of(status);
  using Numbers = std::vector<std::uint64_t>;
  const auto column = [&](const char* name) { return std::get<Numbers>(field(reply, name).value); };
  CHECK(column("ports") == Numbers{0, 5});
  CHECK(column("up") == Numbers{1, 0});
  CHECK(column("stopped") == Numbers{1, 0});
  CHECK(column("rx_queues") == Numbers{2, 1});
  CHECK(column("received") == Numbers{9, 0});
  CHECK(column("transmitted") == Numbers{0, 8});
}

}  // namespace stillwater::quiesce::plugin
