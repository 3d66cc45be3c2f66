// What a report says: medians and worsts, the same document through JSON and back, well-formed JUnit, a page
// that needs nothing from elsewhere.
#include "tests/rig/report/report.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/rig/process/command.h"
#include "tests/rig/report/html/axis.h"
#include "tests/rig/report/html/page.h"
#include "tests/rig/report/json.h"
#include "tests/rig/report/junit.h"
#include "tests/rig/report/latency.h"
#include "tests/rig/report/record.h"
#include "tests/rig/report/summary.h"
#include "tests/rig/report/table.h"

namespace stillwater::rig {
namespace {

RunRecord run_of(const std::string& system, std::uint32_t repetition, double outage_ms) {
  RunRecord run;
  run.system = system;
  run.fault = "kill";
  run.repetition = repetition;
  run.figures = {{"outage_ms", outage_ms}, {"tcp_survived", 100 - outage_ms}, {"probe_sent", 1000}};
  run.timeline.begin_ms = -1000;
  run.timeline.end_ms = 1000;
  run.timeline.gaps = {{-0.5, outage_ms, 12}};
  run.timeline.delay_begin_ms = -100;
  run.timeline.delay_us_p50 = {50.5, std::nullopt, 60};
  run.timeline.delay_us_max = {70, std::nullopt, 90};
  run.timeline_to_client = run.timeline;
  run.timeline_to_client.gaps = {{-1, outage_ms + 1, 13}};
  return run;
}

Document document_of(std::vector<RunRecord> runs) {
  Document document;
  document.scenario = "a <scenario> & \"more\"";
  document.about = "it's about <b>this</b>";
  document.outage_ms_at_most = 150;
  document.runs = std::move(runs);
  return document;
}

Document comparison() {
  Document document = document_of(
      {run_of("ours", 1, 40), run_of("theirs", 1, 3000), run_of("ours", 2, 60), run_of("theirs", 2, 0)});
  document.runs[1].reasons = {"the outage of <3 s> is \x01 above"};
  document.runs[3].failure = "it did not start & said so";
  document.runs[3].figures.clear();
  document.runs[0].tcp_broken_because = {{"reset", 3}};
  document.runs[0].wire = "clean";
  document.runs[0].server_first_broken_because = {{"reset", 2}};
  document.runs[0].programs["http"] = {{{"requests", 100.0}, {"download_bytes", 1024.0}}, ""};
  document.runs[2].programs["http"] = {{{"requests", 90.0}}, "3 of 90 requests failed"};
  document.runs[0].wire_says = "clean\n";
  return document;
}

// Python's parser as a second opinion: prints COUNT of each tag that is asked for.
std::string parsed_by_python(const std::string& xml, const std::string& tags) {
  char folder[] = "/tmp/rig-report-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string file = std::string(folder) + "/report.xml";
  REQUIRE(write_file(file, xml));
  const auto said = run_command({"python3", "-c",
                                 "import sys, xml.etree.ElementTree as t\n"
                                 "r = t.parse(sys.argv[1]).getroot()\n"
                                 "print(*[len(list(r.iter(x))) for x in sys.argv[2].split()])",
                                 file, tags});
  std::filesystem::remove_all(folder);
  REQUIRE(said);
  INFO(said->err);
  REQUIRE(said->exit_status == 0);
  return said->out;
}

}  // namespace

TEST_CASE("the median is in the middle, whatever the order") {
  const auto seed = GENERATE(range(1u, 11u));
  std::mt19937 random(seed);
  std::vector<double> values(1 + random() % 20);
  for (double& value : values) value = static_cast<double>(random() % 1000);
  const double middle = median(values);
  const auto below = std::count_if(values.begin(), values.end(), [&](double v) { return v < middle; });
  const auto above = std::count_if(values.begin(), values.end(), [&](double v) { return v > middle; });
  CHECK(2 * below <= static_cast<std::ptrdiff_t>(values.size()));
  CHECK(2 * above <= static_cast<std::ptrdiff_t>(values.size()));
  std::shuffle(values.begin(), values.end(), random);
  CHECK(median(values) == middle);
}

TEST_CASE("the worst is the greatest of what should be small, and the least of what should be great") {
  const Document document = comparison();
  const auto groups = groups_of(document);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].system == "ours");
  const auto outage = groups[0].spread("outage_ms");
  REQUIRE(outage);
  CHECK(outage->median == 50);
  CHECK(outage->worst == 60);
  CHECK(outage->values == std::vector<double>{40, 60});
  CHECK(groups[0].spread("tcp_survived")->worst == 40);
  CHECK_FALSE(groups[0].spread("blackout_us_p50"));
  CHECK(groups[1].good() == 0);
  CHECK_FALSE(document.good());
}

TEST_CASE("an outage that nothing ended is said to be more than what was watched") {
  const Document document = comparison();
  const auto groups = groups_of(document);
  CHECK_FALSE(groups[0].spread("outage_ms")->worst_open);
  CHECK(groups[1].spread("outage_ms")->worst_open);
  CHECK(groups[1].spread("outage_ms")->median_open);
  CHECK_FALSE(groups[1].spread("probe_sent")->worst_open);
  CHECK_THAT(to_table(comparison()), Catch::Contains("> 3.00 s (> 3.00 s)"));
  CHECK_THAT(to_html(comparison()), Catch::Contains("<td>&gt; 3.00 s"));
}

TEST_CASE("a system is ahead of those that have the figure, and of nobody where it alone has it") {
  Document document = document_of({run_of("ours", 1, 40), run_of("theirs", 1, 90), run_of("control", 1, 0)});
  document.runs[0].figures["blackout_us_p50"] = 50;
  document.runs[2].failure = "control has no processes for freeze";
  document.runs[2].impossible = true;
  document.runs[2].figures.clear();
  const std::string page = to_html(document);
  CHECK_THAT(page, Catch::Contains("<td class=\"ahead\">40.0 ms"));
  CHECK_THAT(page, Catch::Contains("<td>50.0 us"));
}

TEST_CASE("figures that a run does not have are null, not zero; counts are whole numbers") {
  const auto json = nlohmann::json::parse(to_json(document_of({run_of("ours", 1, 40)})));
  CHECK(json["verdict"] == "good");
  CHECK(json["outage_ms"] == 40.0);
  CHECK(json["probe_sent"].is_number_integer());
  for (const Figure& figure : figures()) CHECK(json.contains(std::string(figure.key)));
  CHECK(json["blackout_us_p50"].is_null());
  CHECK(json["runs"][0]["outage_ms"] == 40.0);
  CHECK(json["summary"][0]["figures"]["outage_ms"]["values"] == std::vector<double>{40});
}

TEST_CASE("a measured run's figures are under their documented keys") {
  Measurements measured;
  measured.probes_per_s = 2000;
  measured.tcp = {.established = 1000, .survived = 998, .broken = 1};
  measured.probe.sent = 40000;
  measured.probe.lost_failover = 120;
  measured.probe.corrupted = 7;
  measured.to_server.sent = measured.to_client.sent = 20000;
  measured.to_server.lost_failover = 20;
  measured.to_client.lost_failover = 100;
  measured.to_client.outage_ms = 50.04;
  measured.probe.outage_ms = 50.04;
  measured.attempts.failed_failover = 3;
  measured.checkpoint = CheckpointFigures{.checkpoints = 900, .steady_checkpoints = 800};
  const RunRecord run = record_of(measured, Verdict{});
  CHECK(run.figure("outage_ms") == 50.0);
  CHECK(run.figure("blocked_ms") == 50.0);
  CHECK(run.figure("probe_corrupted") == 7.0);
  CHECK(run.figure("to_client_outage_ms") == 50.0);
  CHECK(run.figure("to_server_outage_ms") == 0.0);
  CHECK(run.figure("to_server_lost_failover") == 20.0);
  CHECK(run.figure("sessions_lost") == 2.0);
  CHECK(run.figure("new_connections_failed") == 3.0);
  CHECK(run.figure("checkpoints") == 900.0);
  CHECK_FALSE(run.figure("delay_during_us_p50"));
  CHECK_FALSE(run.figure("redundant_again_ms"));
}

TEST_CASE("loads that did not run have no figures; those that did are in every form of the report") {
  const RunRecord without = record_of(Measurements{}, Verdict{});
  CHECK_FALSE(without.figure("server_first_wanted"));
  CHECK_FALSE(without.figure("replay_offered"));
  Measurements measured;
  measured.server_first_wanted = 100;
  measured.server_first = {.established = 90, .survived = 80, .broken = 1};
  measured.server_first_reasons = {{"reset by somebody", 1}};
  measured.replay = ReplaySummary{.offered = 500, .arrived = 490, .lost_before = 1, .lost_failover = 9};
  measured.programs["iperf3"] = {{{"bytes", 12'500'000.0}, {"longest_silence_ms", 200.0}},
                                 "nothing <arrived>"};
  const Document document = document_of({record_of(measured, Verdict{})});
  const auto json = nlohmann::json::parse(to_json(document));
  CHECK(json["server_first_survived"] == 80);
  CHECK(json["server_first_broken_because"]["reset by somebody"] == 1);
  CHECK(json["replay_lost_failover"] == 9);
  CHECK(json["runs"][0]["programs"]["iperf3"]["bytes"] == 12'500'000);
  CHECK(json["runs"][0]["programs"]["iperf3"]["broke"] == "nothing <arrived>");
  CHECK_THAT(to_table(document), Catch::Contains("80 of 90 survived; 1 x reset by somebody") &&
                                     Catch::Contains("490 of 500 frames arrived") &&
                                     Catch::Contains("12.5 MB arrived, 200 ms longest time without a byte; "
                                                     "nothing <arrived>"));
  CHECK_THAT(to_html(document),
             Catch::Contains("Real programs") && Catch::Contains("nothing &lt;arrived&gt;"));
}

TEST_CASE("a report that is read back is the same report") {
  const std::string once = to_json(comparison());
  const auto read = parse_report(once);
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  CHECK(read->runs[0].timeline.delay_us_p50 == comparison().runs[0].timeline.delay_us_p50);
  // Its control character is no text, but all else survives.
  CHECK(to_json(*read) == once);
  CHECK(to_html(*read) == to_html(comparison()));
}

TEST_CASE("a report from before probes went both ways is still read") {
  auto json = nlohmann::ordered_json::parse(to_json(comparison()));
  for (auto& run : json["runs"]) run.erase("timeline_to_client");
  const auto read = parse_report(json.dump());
  REQUIRE(read);
  CHECK(read->runs[0].timeline_to_client.gaps.empty());
  CHECK_FALSE(to_html(*read).empty());
}

TEST_CASE("what is no report is refused by what it lacks") {
  CHECK_FALSE(parse_report(""));
  CHECK_FALSE(parse_report("[]"));
  CHECK_THAT(parse_report("{}").error().message, Catch::Contains("no 'schema'"));
  auto json = nlohmann::ordered_json::parse(to_json(comparison()));
  json["runs"][1].erase("system");
  CHECK_THAT(parse_report(json.dump()).error().message, Catch::Contains("run 2 has no 'system'"));
  json = nlohmann::ordered_json::parse(to_json(comparison()));
  json["seed"] = "one";
  CHECK_THAT(parse_report(json.dump()).error().message, Catch::Contains("'seed' of the report"));
  json["schema"] = 2;
  CHECK_THAT(parse_report(json.dump()).error().message, Catch::Contains("schema"));
}

TEST_CASE("JUnit is well-formed whatever a message holds: a suite a group, a case a run") {
  CHECK(parsed_by_python(to_junit(comparison()), "testsuite testcase failure error") == "2 4 1 1\n");
}

TEST_CASE("the page is well-formed in its plots, and shows every run") {
  const std::string page = to_html(comparison());
  std::size_t plots = 0;
  for (std::size_t at = page.find("<svg"); at != std::string::npos; at = page.find("<svg", at + 1)) {
    const std::size_t end = page.find("</svg>", at);
    REQUIRE(end != std::string::npos);
    parsed_by_python(page.substr(at, end + 6 - at), "text");
    ++plots;
  }
  CHECK(plots == 3);  // outages, and a timeline for each system
  CHECK(page.find("it did not start &amp; said so") != std::string::npos);
  CHECK(page.find("it's about <b>") == std::string::npos);
}

TEST_CASE("the page needs nothing from elsewhere, and is light or dark") {
  const std::string page = to_html(comparison());
  for (const char* foreign :
       {"http:", "https:", "<script", "src=", "href=", "url(", "@import", "javascript:"}) {
    CAPTURE(foreign);
    CHECK(page.find(foreign) == std::string::npos);
  }
  CHECK(page.find("prefers-color-scheme: dark") != std::string::npos);
}

TEST_CASE("a page can be made of nothing") {
  CHECK_FALSE(to_html(document_of({})).empty());
  Document failed = document_of({RunRecord{}});
  failed.runs[0].failure = "no";
  CHECK(to_html(failed).find("Nothing to judge") != std::string::npos);
  CHECK(to_table(failed).find("failed: no") != std::string::npos);
}

TEST_CASE("an axis keeps order and reaches both ends, and its ticks are on it") {
  const Axis axis = GENERATE(Axis::linear(-100, 300, 70, 870), Axis::logarithmic(3, 4500, 70, 870));
  CHECK(axis.at(axis.low()) == Approx(70));
  CHECK(axis.at(axis.high()) == Approx(870));
  double last = 0;
  const auto ticks = axis.ticks(9);
  REQUIRE(ticks.size() >= 3);
  for (const double tick : ticks) {
    CHECK(axis.at(tick) > last);
    CHECK(tick >= axis.low());
    CHECK(tick <= axis.high() * 1.000001);
    last = axis.at(tick);
  }
}

TEST_CASE("the timeline has each gap with its loss, and no latency inside of it") {
  constexpr Instant kZero = 100s;
  ProbeAccount account(4000);
  for (int i = 0; i < 4000; ++i) {
    const Instant at = kZero - 1s + i * 500us;
    const std::uint32_t number = account.sent(at);
    const bool lost = at >= kZero && at < kZero + 40ms;
    if (!lost) account.arrived(number, at + (at < kZero ? 50us : 80us));
  }
  const Timeline timeline = timeline_of(account, kZero - 900ms, kZero);
  REQUIRE(timeline.gaps.size() == 1);
  CHECK(timeline.gaps[0].lost == 80);
  CHECK(timeline.gaps[0].begin_ms == Approx(-0.5));
  CHECK(timeline.gaps[0].end_ms == Approx(40));
  CHECK(timeline.begin_ms == Approx(-900));
  const auto value_at = [&](double ms) {
    return timeline.delay_us_p50.at(
        static_cast<std::size_t>((ms - timeline.delay_begin_ms) / timeline.step_ms));
  };
  CHECK(value_at(-50) == 50.0);
  CHECK_FALSE(value_at(20));
  CHECK(value_at(100) == 80.0);
  CHECK(delays_of({&account}, kZero - 1s, kZero).us_p99 == 50.0);
  CHECK(delays_of({&account}, kZero, kZero + 40ms).count == 0);
}

}  // namespace stillwater::rig
