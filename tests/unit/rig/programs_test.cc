// What iperf3, curl and dig wrote, judged: what a user would have noticed makes it broken, nothing else does.
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "tests/rig/load/programs/dns.h"
#include "tests/rig/load/programs/files.h"
#include "tests/rig/load/programs/http.h"
#include "tests/rig/load/programs/iperf3.h"

namespace stillwater::rig {
namespace {

const std::string kClient = R"({"start": {}, "intervals": [], "end": {"sum_sent": {"retransmits": 7}}})";

std::string server(const std::string& intervals, const std::string& rest = "") {
  return R"({"intervals": [)" + intervals + R"(], "end": {"sum_received": {"bytes": 1000}})" + rest + "}";
}

std::string interval(int bytes) {
  return R"({"sum": {"seconds": 0.1, "bytes": )" + std::to_string(bytes) + "}}";
}

struct Folder {
  Folder() {
    char name[] = "/tmp/rig-programs-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path + "/" + name) << content;
    return path + "/" + name;
  }
  std::string path;
};

}  // namespace

TEST_CASE("iperf3: bytes as received, segments sent again, and the longest run of empty intervals") {
  const ProgramOutcome outcome =
      judge_iperf3(kClient, server(interval(5) + "," + interval(0) + "," + interval(9) + "," + interval(0) +
                                   "," + interval(0) + "," + interval(0) + "," + interval(1)));
  CHECK(outcome.broke.empty());
  CHECK(outcome.figures.at("bytes") == 1000);
  CHECK(outcome.figures.at("retransmits") == 7);
  CHECK(outcome.figures.at("longest_silence_ms") == 300);
}

TEST_CASE("iperf3: an error at either end, no result or no byte is told") {
  const std::string fine = server(interval(5));
  CHECK(judge_iperf3("warning\n" + kClient + "\n", fine).broke.empty());
  CHECK_THAT(judge_iperf3(R"({"error": "control socket has closed unexpectedly"})", fine).broke,
             Catch::Contains("the client: control socket has closed"));
  CHECK_THAT(judge_iperf3(kClient, server(interval(5), R"(, "error": "reset")")).broke,
             Catch::Contains("the server: reset"));
  CHECK_THAT(judge_iperf3("", fine).broke, Catch::Contains("the client left no result"));
  CHECK_THAT(judge_iperf3(kClient, "{\"end\": ").broke, Catch::Contains("the server left no result"));
  CHECK_THAT(judge_iperf3(kClient, R"({"end": {}})").broke, Catch::Contains("nothing arrived"));
}

TEST_CASE("curl: each done line is a request; another status than 0 and 200 is a failed one") {
  const HttpRequests counted = count_requests(
      "done 0 200 4096\ncurl: (28) Operation timed out\ndone 28 0 0\ndone 22 404 0\ndone 0 200 4096\n"
      "done 0\nwell done 0 200 1\n");
  CHECK(counted.done == 4);
  CHECK(counted.failed == 2);
}

TEST_CASE("a download is complete and right, short, or wrong at its first wrong byte") {
  const Folder folder;
  std::string content(200'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 251);
  const std::string served = folder.file("served", content);

  const Comparison same = compare_files(served, folder.file("same", content));
  CHECK(same.complete);
  CHECK_FALSE(same.wrong_at);
  CHECK(same.bytes == content.size());

  const Comparison cut = compare_files(served, folder.file("cut", content.substr(0, 150'001)));
  CHECK_FALSE(cut.complete);
  CHECK_FALSE(cut.wrong_at);

  const Comparison longer = compare_files(served, folder.file("longer", content + "x"));
  CHECK_FALSE(longer.complete);
  CHECK(longer.wrong_at == content.size());

  for (const std::size_t at : {std::size_t{0}, std::size_t{65'536}, content.size() - 1}) {
    std::string spoilt = content;
    spoilt[at] = static_cast<char>(spoilt[at] + 1);
    spoilt.back() = static_cast<char>(content.back() + 1);
    CAPTURE(at);
    CHECK(compare_files(served, folder.file("spoilt", spoilt)).wrong_at == at);
  }
  CHECK(compare_files(served, folder.path + "/never").bytes == 0);
  CHECK_FALSE(compare_files(served, folder.path + "/never").complete);
}

TEST_CASE("lookups are answered, answered wrongly, or not at all; one under way at the end does not count") {
  const DnsLookups counted = count_lookups(
      "asked 1\n192.0.2.53\nasked 2\n;; communications error to 10.80.2.2#5353: timed out\n192.0.2.53\n"
      "asked 3\n;; no servers could be reached\nasked 4\n192.0.2.54\nasked 5\n192.0.2.53\n192.0.2.53\n"
      "asked 6\n",
      "192.0.2.53");
  CHECK(counted.done == 5);
  CHECK(counted.failed == 1);
  CHECK(counted.wrong == 2);
}

}  // namespace stillwater::rig
