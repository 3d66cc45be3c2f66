// The thread that sends the logs, against a collector on the loopback.
#include "appliance/syslog/sender.h"

#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/unit/mgmt/test_authority.h"
#include "tests/unit/syslog/receiver.h"

namespace stillwater::appliance::syslog {
namespace {

using test::Receiver;
using Authority = mgmt::test::TestAuthority;
using Collectors = std::vector<CollectorConfig>;

// Records as the test gives them. Any thread.
class GivenRecords final : public Records {
 public:
  std::size_t take(std::span<dataplane::LogRecord> into) override {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (; count < into.size() && !records_.empty(); ++count) {
      into[count] = records_.front();
      records_.pop_front();
    }
    return count;
  }
  std::uint64_t lost() const override {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  // Told apart by their rule.
  void give(std::uint32_t first, std::uint32_t count, Instant at = {}) {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t n = first; n < first + count; ++n) {
      dataplane::LogRecord record;
      record.rule_id = n;
      record.at = at;
      records_.push_back(record);
    }
  }
  void lose(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    lost_ += count;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<dataplane::LogRecord> records_;
  std::uint64_t lost_ = 0;
};

struct Logs {
  explicit Logs(Collectors collectors)
      : sender({.collectors = std::move(collectors)},
               {.node = "fw-a", .process = "1", .facility = 16, .ports = {}}, records, clock) {
    sender.start();
  }
  [[nodiscard]] bool eventually(const std::function<bool(const CollectorFigures&)>& holds) const {
    for (const Instant deadline = clock.now() + 10s; clock.now() < deadline; std::this_thread::yield())
      if (holds(sender.figures()[0])) return true;
    return false;
  }

  BootClock clock;
  GivenRecords records;
  Sender sender;
};

bool is_of_rule(const std::string& message, std::uint32_t rule) {
  return message.find(" rule=\"" + std::to_string(rule) + "\"]") != std::string::npos;
}

void check_all(const std::vector<std::string>& messages, std::uint32_t count) {
  REQUIRE(messages.size() == count);
  bool in_order = true;
  for (std::uint32_t n = 0; n < count; ++n) in_order = in_order && is_of_rule(messages[n], n + 1);
  CHECK(in_order);
}

CollectorConfig tls_to(const Receiver& receiver, const std::string& ca, const std::string& name = "") {
  return {.address = receiver.address(), .transport = SyslogTransport::tls, .tls_ca = ca, .tls_name = name};
}

}  // namespace

TEST_CASE("records arrive by UDP, one a datagram, and by TCP, counted") {
  const auto transport = GENERATE(SyslogTransport::udp, SyslogTransport::tcp);
  Receiver receiver(transport);
  Logs logs(Collectors{{.address = receiver.address(), .transport = transport}});
  logs.records.give(1, 50);
  check_all(receiver.messages(50), 50);
  CHECK(logs.eventually([](const auto& f) { return f.sent == 50 && f.connected && f.lost == 0; }));
}

TEST_CASE("records arrive by TLS, whose collector is known by its address, or by a name") {
  const Authority authority;
  const std::string name = GENERATE(as<std::string>{}, "", "logs.example");
  Receiver receiver(SyslogTransport::tls, authority.node("logs", name.empty() ? "127.0.0.1" : name));
  Logs logs(Collectors{tls_to(receiver, authority.ca(), name)});
  logs.records.give(1, 500);
  check_all(receiver.messages(500), 500);
}

TEST_CASE("nothing is told to a collector whose certificate is another's, or by another authority") {
  const Authority authority, stranger;
  mgmt::TlsFiles files;
  std::string name;
  SECTION("for its address, not for the name that is expected") {
    files = authority.node("logs");
    name = "logs.example";
  }
  SECTION("for another address") { files = authority.node("logs", "192.0.2.1"); }
  SECTION("by another authority") { files = stranger.node("logs"); }
  Receiver receiver(SyslogTransport::tls, files);
  Logs logs(Collectors{tls_to(receiver, authority.ca(), name)});
  logs.records.give(1, 1);
  CHECK_FALSE(receiver.accept());
  CHECK(logs.eventually([](const auto& f) {
    return f.last_error.starts_with("the collector's certificate is not accepted: ");
  }));
  CHECK(logs.sender.figures()[0].sent == 0);
}

TEST_CASE("a file that is missing is named, and the collector is tried again") {
  const Authority authority;
  Receiver receiver(SyslogTransport::tls, authority.node("logs"));
  Logs logs(Collectors{tls_to(receiver, "/nowhere/ca.pem")});
  CHECK(logs.eventually([](const auto& f) {
    return f.last_error.starts_with("syslog collector's tls_ca '/nowhere/ca.pem': ") && !f.connected;
  }));
}

TEST_CASE("a message has the wall clock's time of its record") {
  Receiver receiver(SyslogTransport::udp);
  Logs logs(Collectors{{.address = receiver.address(), .transport = SyslogTransport::udp}});
  const auto noted = std::chrono::system_clock::now() - std::chrono::hours(1);
  logs.records.give(1, 1, logs.clock.now() - std::chrono::hours(1));
  const auto messages = receiver.messages(1);
  REQUIRE(messages.size() == 1);
  const std::time_t second = std::chrono::system_clock::to_time_t(noted);
  std::tm parts{};
  gmtime_r(&second, &parts);
  char hour[32];
  std::strftime(hour, sizeof(hour), "%Y-%m-%dT%H:", &parts);
  const std::time_t later = second + 60;
  gmtime_r(&later, &parts);
  char hour_later[32];
  std::strftime(hour_later, sizeof(hour_later), "%Y-%m-%dT%H:", &parts);
  CHECK_THAT(messages[0], Catch::Contains(hour) || Catch::Contains(hour_later));
}

TEST_CASE("a collector that was away is sent what waited, and what workers lost is said") {
  auto receiver = std::make_unique<Receiver>(SyslogTransport::tcp);
  const Endpoint address = receiver->address();
  Logs logs(Collectors{{.address = address, .transport = SyslogTransport::tcp}});
  logs.records.give(1, 10);
  check_all(receiver->messages(10), 10);
  receiver.reset();
  CHECK(logs.eventually([](const auto& f) { return !f.connected; }));
  logs.records.lose(4);
  logs.records.give(11, 10);
  CHECK(logs.eventually([](const auto& f) { return f.waiting == 10; }));
  receiver = std::make_unique<Receiver>(SyslogTransport::tcp, std::nullopt, address.port);
  const auto messages = receiver->messages(10);
  REQUIRE(messages.size() == 10);
  CHECK_THAT(messages[0], Catch::Contains("rule=\"11\"]") && Catch::EndsWith("[lost@32473 records=\"4\"]"));
  CHECK(is_of_rule(messages[9], 20));
  CHECK(logs.eventually([](const auto& f) { return f.lost == 4; }));
}

TEST_CASE("a collector that does not read keeps neither the others waiting nor the end") {
  Receiver deaf(SyslogTransport::tcp), well(SyslogTransport::tcp);
  Logs logs(Collectors{{.address = deaf.address(), .transport = SyslogTransport::tcp},
                       {.address = well.address(), .transport = SyslogTransport::tcp}});
  REQUIRE(deaf.accept());
  constexpr std::uint32_t kRecords = 200'000;  // more than the sockets and the queue hold
  for (std::uint32_t n = 1; n <= kRecords; n += 1000) {
    logs.records.give(n, 1000);
    (void)well.messages(n + 999);
  }
  check_all(well.messages(kRecords), kRecords);
  CHECK(logs.eventually([](const auto& f) { return f.lost > 0; }));
  const Instant asked = logs.clock.now();
  logs.sender.stop();
  CHECK(logs.clock.now() - asked < Sender::kFlushWithin + 2s);
}

TEST_CASE("the end sends what may be told by then") {
  Receiver receiver(SyslogTransport::tcp);
  Logs logs(Collectors{{.address = receiver.address(), .transport = SyslogTransport::tcp}});
  REQUIRE(receiver.accept());
  logs.records.give(1, 300);  // more than a batch, less than the sockets hold
  logs.sender.stop();
  check_all(receiver.messages(300), 300);
}

}  // namespace stillwater::appliance::syslog
