// The program stillwater-witness, as an operator meets it.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "tests/unit/mgmt/process.h"
#include "tests/unit/mgmt/test_authority.h"
#include "tests/unit/witness/asking.h"
#include "tests/unit/witness/records.h"

namespace stillwater::mgmt::witness::test {
namespace {

using Catch::Contains;
using mgmt::test::Finished;
using mgmt::test::Process;
using mgmt::test::Scratch;

const std::string kProgram = STILLWATER_WITNESS;

std::vector<std::string> command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kProgram);
  return arguments;
}

Finished ran(std::vector<std::string> arguments) { return mgmt::test::run(command(std::move(arguments))); }

struct Room {
  Scratch scratch;
  std::string address = "unix:" + scratch / "witness.sock";
  std::string data = scratch / "data";
  std::vector<std::string> serve = {"--listen", address, "--data", data};
};

// Running, and asked once.
struct Running : Process {
  explicit Running(const Room& room) : Process(command(room.serve)) {
    REQUIRE(read(*client_of(room.address)).kind == Kind::record);
  }
};

// Where it says that it listens.
std::string address_of(const Process& program) {
  const std::string words = "listens at ";
  for (const auto end = std::chrono::steady_clock::now() + kPatience;;) {
    const std::string log = program.err();
    const std::size_t begin = log.find(words) + words.size();
    if (log.find(words) != std::string::npos && log.find(',', begin) != std::string::npos)
      return log.substr(begin, log.find(',', begin) - begin);
    INFO(log);
    REQUIRE(std::chrono::steady_clock::now() < end);
    ::poll(nullptr, 0, 5);
  }
}

}  // namespace

TEST_CASE("SIGTERM and SIGINT end the program cleanly; what it knew is there when it starts again") {
  const Room room;
  for (const int signal : {SIGTERM, SIGINT}) {
    Running program(room);
    const auto client = client_of(room.address);
    const auto before = read(*client).newest;
    CHECK(swap(*client, before, record(before.term + 1)).kind == Kind::swapped);
    program.send(SIGHUP);  // does nothing
    program.send(signal);
    const auto done = program.wait();
    CHECK(done.exit == 0);
    CHECK_THAT(done.err, Contains("listens at " + room.address) && Contains("stopped"));
    CHECK_FALSE(std::filesystem::exists(room.scratch / "witness.sock"));
  }
  Running again(room);
  CHECK(read(*client_of(room.address)).newest == record(2));
}

TEST_CASE("a witness killed between requests, and in one: the same client goes on with its successor") {
  const Room room;
  const auto client = client_of(room.address, 2s);
  auto current = ArbiterRecord{};
  for (int round = 0; round < 3; ++round) {
    Running program(room);
    REQUIRE(read(*client).newest == current);
    const auto next = record(current.term + 1, "a", {"b"});
    REQUIRE(swap(*client, current, next).kind == Kind::swapped);
    current = next;
    program.send(SIGSTOP);
    client->swap(current, record(current.term + 1, "b"));
    program.send(SIGKILL);
    CHECK(program.wait().exit == -1);
    const auto answer = answer_of(*client);
    CHECK(answer.kind == Kind::unanswered);
    CHECK(answer.why != "");
  }
}

TEST_CASE("of clients that do not speak TLS a witness's log has one line, which says what to do") {
  const Room room;
  const mgmt::test::TestAuthority authority;
  const TlsFiles files = authority.node("witness");
  Process program(command({"--listen", "127.0.0.1:0", "--data", room.data, "--tls-ca", files.ca, "--tls-cert",
                           files.cert, "--tls-key", files.key}));
  const auto client = client_of(address_of(program), 300ms);
  for (int i = 0; i < 5; ++i) {
    const auto answer = read(*client);
    CHECK(answer.kind == Kind::unanswered);
    CHECK_THAT(answer.why, Contains("check `tls` and the certificates on both sides"));
  }
  program.send(SIGTERM);
  const auto done = program.wait();
  const std::string words = "the other side does not speak TLS; use `tls: none` on both sides or on none";
  const std::size_t first = done.err.find(words);
  REQUIRE(first != std::string::npos);
  CHECK(done.err.find(words, first + 1) == std::string::npos);
  CHECK_THAT(done.err, !Contains("SSL_ERROR_SSL"));
}

TEST_CASE("help and version") {
  const auto help = ran({"--help"});
  CHECK(help.exit == 0);
  for (const std::string said : {"--listen", "--data", "--tls-ca", "--show", "SIGTERM", "Exit status"})
    CHECK_THAT(help.out, Contains(said));
  const auto version = ran({"--version"});
  CHECK(version.exit == 0);
  CHECK_THAT(version.out, Contains("stillwater-witness 0."));
}

TEST_CASE("wrong usage is told, with exit status 2, and nothing is made") {
  const Room room;
  const auto says = [&](std::vector<std::string> arguments, const std::string& what) {
    const auto done = ran(std::move(arguments));
    CHECK(done.exit == 2);
    CHECK_THAT(done.out + done.err, Contains(what));
    CHECK_FALSE(std::filesystem::exists(room.data));
  };
  const std::string tcp = "127.0.0.1:0";
  says({}, "--data");
  says({"--data", room.data}, "--listen");
  says({"--data", room.data, "--listen", "somewhere"}, "'somewhere' is not an address");
  says({"--data", room.data, "--listen", tcp}, "needs --tls-ca, --tls-cert and --tls-key");
  says({"--data", room.data, "--listen", tcp, "--tls-ca", "a", "--tls-cert", "b"}, "needs --tls-ca");
  says({"--data", room.data, "--listen", tcp, "--tls", "none", "--tls-ca", "a"}, "without --tls none");
  says({"--data", room.data, "--listen", room.address, "--tls-ca", "a"}, "for a TCP address");
  says({"--data", room.data, "--listen", tcp, "--tls", "maybe"}, "maybe");
  says({"--data", room.data, "--listen", room.address, "--json"}, "--show");
  says({"--data", room.data, "--listen", room.address, "--show"}, "--show");
}

TEST_CASE("what keeps the program from starting is told, with exit status 1") {
  const Room room;
  const Running first(room);
  const auto same_folder = ran({"--listen", "unix:" + room.scratch / "other.sock", "--data", room.data});
  CHECK(same_folder.exit == 1);
  CHECK_THAT(same_folder.err, Contains("another witness uses the data folder " + room.data));
  const auto same_address = ran({"--listen", room.address, "--data", room.scratch / "other"});
  CHECK(same_address.exit == 1);
  CHECK_THAT(same_address.err, Contains("another daemon listens at " + room.address));
  std::ofstream(room.scratch / "file") << "x";
  const auto no_folder =
      ran({"--listen", "unix:" + room.scratch / "third.sock", "--data", room.scratch / "file"});
  CHECK(no_folder.exit == 1);
  CHECK_THAT(no_folder.err, Contains(room.scratch / "file") && Contains("Not a directory"));
  const auto no_tls = ran({"--listen", "127.0.0.1:0", "--data", room.scratch / "fourth", "--tls-ca",
                           "/nowhere", "--tls-cert", "/nowhere", "--tls-key", "/nowhere"});
  CHECK(no_tls.exit == 1);
  CHECK_THAT(no_tls.err, Contains("/nowhere cannot be used as the certificate of the authority"));
}

TEST_CASE("--tls none warns of what it means") {
  const Scratch scratch;
  std::ofstream(scratch / "file") << "x";  // ends the program by itself, after the warning
  const auto done = ran({"--listen", "127.0.0.1:0", "--tls", "none", "--data", scratch / "file"});
  CHECK(done.exit == 1);
  CHECK_THAT(done.err, Contains("warning") && Contains("can take the lead"));
}

TEST_CASE("--show prints the records beside a running witness, as text and as JSON") {
  const Room room;
  const Running program(room);
  CHECK_THAT(ran({"--data", room.data, "--show"}).out, Contains("no pair has a record in "));
  REQUIRE(swap(*client_of(room.address), {}, record(1, "a", {"b"})).kind == Kind::swapped);
  const auto text = ran({"--data", room.data, "--show"});
  CHECK(text.exit == 0);
  CHECK(text.out == "edge: term 1, active a, in sync a b, region a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\n");
  const auto json = ran({"--data", room.data, "--show", "--json"});
  CHECK(nlohmann::json::parse(json.out) ==
        nlohmann::json::parse(R"({"pairs": [{"pair": "edge", "term": 1, "active": "a", "in_sync": ["a", "b"],
                                  "region_id": "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"}]})"));
}

TEST_CASE("--show says of a damaged record what is wrong, shows the others, and exits 1") {
  const Room room;
  std::filesystem::create_directory(room.data);
  std::ofstream(room.data + "/edge.record") << "rubbish";
  const auto text = ran({"--data", room.data, "--show"});
  CHECK(text.exit == 1);
  CHECK_THAT(text.out, Contains("edge: the record of pair edge is damaged"));
  const auto json = nlohmann::json::parse(ran({"--data", room.data, "--show", "--json"}).out);
  CHECK_THAT(json["pairs"][0]["error"].get<std::string>(), Contains("damaged"));
  const auto nothing = ran({"--data", room.scratch / "gone", "--show"});
  CHECK(nothing.exit == 1);
  CHECK_THAT(nothing.err, Contains("No such file"));
}

}  // namespace stillwater::mgmt::witness::test
