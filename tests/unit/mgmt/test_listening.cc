// Where the server listens, whom it lets in, and how it stops.
#include <fstream>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

#include "base/fd.h"
#include "tests/unit/mgmt/node.h"

namespace stillwater::mgmt::test {
namespace {

bool answers(const std::string& address) {
  Call call;
  v1::GetStatusResponse response;
  return v1::Appliance::NewStub(channel_to(address))->GetStatus(&call, {}, &response).ok();
}

// Listens at `path` without the server's help. Closing it leaves the file, as a process that dies does.
UniqueFd foreign_listener(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0);
  REQUIRE(::listen(fd.get(), 1) == 0);
  return fd;
}

Error refusal(FakeControl& control, const ServerOptions& options) {
  auto server = Server::start(control, options);
  REQUIRE_FALSE(server.has_value());
  return server.error();
}

}  // namespace

TEST_CASE("the unix socket belongs to its owner alone, whatever the umask") {
  const auto before = ::umask(0);
  const Node node;
  const auto after = ::umask(before);
  struct stat file {};
  REQUIRE(::stat(node.socket.c_str(), &file) == 0);
  CHECK(S_ISSOCK(file.st_mode));
  CHECK((file.st_mode & 0777) == 0600);
  CHECK(after == 0);  // the process's own mask is back
}

TEST_CASE("a socket that a dead process left is replaced") {
  const Scratch scratch;
  const auto path = scratch / "node.sock";
  foreign_listener(path).reset();
  REQUIRE(std::filesystem::exists(path));
  FakeControl control;
  const auto server = Server::start(control, {.address = "unix:" + path});
  REQUIRE(server.has_value());
  CHECK((*server)->address() == "unix:" + path);
  CHECK(answers("unix:" + path));
}

TEST_CASE("a second server is refused and the first one goes on") {
  Node node;
  FakeControl second;
  const auto error = refusal(second, {.address = "unix:" + node.socket});
  CHECK(error.code == Errc::refused);
  CHECK(error.message == "another daemon listens at unix:" + node.socket);
  CHECK(answers("unix:" + node.socket));
}

TEST_CASE("a living socket is refused even if its owner is busy and its queue is full") {
  const Scratch scratch;
  const auto path = scratch / "node.sock";
  const auto listener = foreign_listener(path);
  std::vector<UniqueFd> waiting;
  int connected = 0;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  while (connected == 0 && waiting.size() < 100) {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    connected = ::connect(waiting.back().get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  }
  REQUIRE(connected != 0);
  FakeControl control;
  CHECK(refusal(control, {.address = "unix:" + path}).message == "another daemon listens at unix:" + path);
}

TEST_CASE("a file that is no socket is never removed") {
  const Scratch scratch;
  const auto path = scratch / "notes.txt";
  std::ofstream(path) << "mine";
  FakeControl control;
  const auto error = refusal(control, {.address = "unix:" + path});
  CHECK(error.code == Errc::refused);
  CHECK_THAT(error.message, Catch::Contains("is not a socket"));
  CHECK(std::filesystem::file_size(path) == 4);
}

TEST_CASE("a socket whose folder is missing names the folder") {
  const Scratch scratch;
  FakeControl control;
  const auto error = refusal(control, {.address = "unix:" + scratch / "missing/node.sock"});
  CHECK(error.code == Errc::io);
  CHECK_THAT(error.message, Catch::Contains(scratch / "missing") && Catch::Contains("No such file"));
}

TEST_CASE("a TCP address without `tls none` is refused and says what to configure") {
  FakeControl control;
  const auto error = refusal(control, {.address = "127.0.0.1:0"});
  CHECK(error.code == Errc::failed_precondition);
  CHECK_THAT(error.message,
             Catch::Contains("needs TLS") && Catch::Contains("key") && Catch::Contains("tls none"));
}

TEST_CASE("a TCP address with `tls none` said by name is served") {
  FakeControl control;
  const auto server = Server::start(control, {.address = "127.0.0.1:0", .tls = Tls::none});
  REQUIRE(server.has_value());
  const auto address = (*server)->address();
  CHECK_THAT(address, Catch::StartsWith("127.0.0.1:") && !Catch::EndsWith(":0"));
  CHECK(answers(address));

  FakeControl second;
  CHECK(refusal(second, {.address = address, .tls = Tls::none}).code == Errc::io);
}

TEST_CASE("what is not an address is refused") {
  const std::string text =
      GENERATE("", "unix:", "somewhere", "10.0.0.1", "10.0.0.1:", ":7701", "10.0.0.1:70000", "10.0.0.1:77a",
               "2001:db8::1:7701", "tcp://10.0.0.1:7701");
  FakeControl control;
  const auto error = refusal(control, {.address = text, .tls = Tls::none});
  CHECK(error.code == Errc::invalid_argument);
  CHECK_THAT(error.message, Catch::Contains("unix:PATH"));
}

TEST_CASE("a socket path longer than the system can hold is refused with the limit") {
  FakeControl control;
  const auto error = refusal(control, {.address = "unix:/tmp/" + std::string(200, 'x')});
  CHECK(error.code == Errc::invalid_argument);
  CHECK_THAT(error.message, Catch::Contains("at most 107"));
}

TEST_CASE("after a shutdown nobody listens, the socket file is gone, and a new server may start") {
  Node node;
  node.server->shutdown(1s);
  node.server->shutdown(1s);  // does nothing
  CHECK_FALSE(std::filesystem::exists(node.socket));
  CHECK_FALSE(answers("unix:" + node.socket));
  FakeControl control;
  CHECK(Server::start(control, {.address = "unix:" + node.socket}).has_value());
}

TEST_CASE("a shutdown does not wait for a reader that reads no more") {
  Node node;
  node.control.with([](FakeState& s) { s.sessions.assign(100'000, full_session()); });
  Call call;
  v1::ListSessionsRequest request;
  request.set_limit(100'000);
  const auto reader = node.stub->ListSessions(&call, request);
  v1::Session session;
  REQUIRE(reader->Read(&session));  // the call is under way, and far more is to come than buffers hold

  const auto begin = BootClock().now();
  node.server->shutdown(50ms);
  CHECK(BootClock().now() - begin < 5s);
  while (reader->Read(&session)) continue;
  CHECK_FALSE(reader->Finish().ok());
}

}  // namespace stillwater::mgmt::test
