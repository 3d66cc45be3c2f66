#include "tests/unit/witness/asking.h"

#include <poll.h>

#include "tests/unit/witness/records.h"

namespace stillwater::mgmt::witness::test {

std::unique_ptr<WitnessClient> client_of(const std::string& address, Nanos deadline,
                                         const std::string& pair) {
  return value(
      WitnessClient::create({.address = address, .pair = pair, .deadline = deadline, .tls = Tls::none}));
}

ArbiterAnswer answer_of(Arbiter& arbiter) {
  pollfd woken{arbiter.wake_fd(), POLLIN, 0};
  REQUIRE(::poll(&woken, 1, static_cast<int>(2 * kPatience / 1ms)) == 1);
  auto answer = arbiter.take_answer();
  REQUIRE(answer.has_value());
  CHECK(::poll(&woken, 1, 0) == 0);
  CHECK_FALSE(arbiter.take_answer().has_value());
  return *answer;
}

ArbiterAnswer read(Arbiter& arbiter) {
  arbiter.read();
  return answer_of(arbiter);
}

ArbiterAnswer swap(Arbiter& arbiter, const ArbiterRecord& expected, const ArbiterRecord& next) {
  arbiter.swap(expected, next);
  return answer_of(arbiter);
}

}  // namespace stillwater::mgmt::witness::test
