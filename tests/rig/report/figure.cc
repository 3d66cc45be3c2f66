#include "tests/rig/report/figure.h"

#include <array>

namespace stillwater::rig {
namespace {

constexpr bool kCompared = true;
constexpr bool kDetail = false;

constexpr auto kFigures = std::to_array<Figure>({
    {"outage_ms", "Outage, the longest gap", Unit::ms, Better::less, kCompared},
    {"blocked_ms", "Blocked time, lost over offered", Unit::ms, Better::less, kCompared},
    {"fault_took_us", "Fault took", Unit::us, Better::neither, kDetail},
    {"tcp_wanted", "TCP connections wanted", Unit::count, Better::neither, kDetail},
    {"tcp_established", "TCP connections established", Unit::count, Better::neither, kDetail},
    {"tcp_survived", "TCP connections that survived", Unit::count, Better::more, kDetail},
    {"tcp_broken", "TCP connections reset, closed or corrupted", Unit::count, Better::less, kDetail},
    {"sessions_lost", "Established sessions lost", Unit::count, Better::less, kCompared},
    {"server_first_wanted", "Server-first connections wanted", Unit::count, Better::neither, kDetail},
    {"server_first_established", "Server-first connections established", Unit::count, Better::neither,
     kDetail},
    {"server_first_survived", "Server-first connections that survived", Unit::count, Better::more, kCompared},
    {"churn_opened", "Churn: sessions opened", Unit::count, Better::neither, kDetail},
    {"churn_answered", "Churn: sessions that were answered", Unit::count, Better::neither, kDetail},
    {"churn_answered_at_fault", "Churn: answered sessions open at the fault", Unit::count, Better::neither,
     kCompared},
    {"churn_lost_at_fault", "Churn: of those, lost", Unit::count, Better::less, kCompared},
    {"churn_lost", "Churn: answered sessions lost in all", Unit::count, Better::less, kDetail},
    {"churn_pace_missed", "Churn: sessions not opened in time", Unit::count, Better::neither, kDetail},
    {"replay_offered", "Replayed frames offered", Unit::count, Better::neither, kDetail},
    {"replay_arrived", "Replayed frames that arrived", Unit::count, Better::neither, kDetail},
    {"replay_lost_before", "Replayed frames lost before", Unit::count, Better::less, kDetail},
    {"replay_lost_failover", "Replayed frames lost in the failover", Unit::count, Better::less, kCompared},
    {"replay_lost_after", "Replayed frames lost after", Unit::count, Better::less, kDetail},
    {"replay_duplicated", "Replayed frames duplicated", Unit::count, Better::less, kDetail},
    {"replay_pace_missed", "Replayed frames that it did not send in time", Unit::count, Better::neither,
     kDetail},
    {"probe_sent", "Probes sent", Unit::count, Better::neither, kDetail},
    {"probe_lost_failover", "Packets lost in the failover", Unit::count, Better::less, kCompared},
    {"probe_lost_steady", "Packets lost at other times", Unit::count, Better::less, kCompared},
    {"probe_duplicated", "Packets duplicated", Unit::count, Better::less, kCompared},
    {"probe_reordered", "Packets reordered", Unit::count, Better::less, kCompared},
    {"probe_corrupted", "Packets corrupted", Unit::count, Better::less, kCompared},
    {"probe_unknown", "Packets never sent", Unit::count, Better::less, kDetail},
    {"to_server_sent", "Probes sent to the server", Unit::count, Better::neither, kDetail},
    {"to_server_outage_ms", "Outage to the server", Unit::ms, Better::less, kDetail},
    {"to_server_lost_failover", "Packets to the server lost in the failover", Unit::count, Better::less,
     kDetail},
    {"to_server_lost_steady", "Packets to the server lost at other times", Unit::count, Better::less,
     kDetail},
    {"to_server_duplicated", "Packets to the server duplicated", Unit::count, Better::less, kDetail},
    {"to_server_reordered", "Packets to the server reordered", Unit::count, Better::less, kDetail},
    {"to_server_corrupted", "Packets to the server corrupted", Unit::count, Better::less, kDetail},
    {"to_server_delay_us_p50", "Latency to the server before, median", Unit::us, Better::less, kDetail},
    {"to_server_delay_us_p99", "Latency to the server before, 99th percentile", Unit::us, Better::less,
     kDetail},
    {"to_client_sent", "Probes sent to the client", Unit::count, Better::neither, kDetail},
    {"to_client_outage_ms", "Outage to the client", Unit::ms, Better::less, kDetail},
    {"to_client_lost_failover", "Packets to the client lost in the failover", Unit::count, Better::less,
     kDetail},
    {"to_client_lost_steady", "Packets to the client lost at other times", Unit::count, Better::less,
     kDetail},
    {"to_client_duplicated", "Packets to the client duplicated", Unit::count, Better::less, kDetail},
    {"to_client_reordered", "Packets to the client reordered", Unit::count, Better::less, kDetail},
    {"to_client_corrupted", "Packets to the client corrupted", Unit::count, Better::less, kDetail},
    {"to_client_delay_us_p50", "Latency to the client before, median", Unit::us, Better::less, kDetail},
    {"to_client_delay_us_p99", "Latency to the client before, 99th percentile", Unit::us, Better::less,
     kDetail},
    {"new_connections_ok", "New connections opened", Unit::count, Better::more, kDetail},
    {"new_connection_us_p50", "New connection until its echo before, median", Unit::us, Better::less,
     kCompared},
    {"new_connection_us_p99", "New connection until its echo before, 99th percentile", Unit::us, Better::less,
     kCompared},
    {"new_connections_failed", "New sessions lost", Unit::count, Better::less, kCompared},
    {"new_connections_failed_before", "New sessions lost before", Unit::count, Better::less, kDetail},
    {"new_connections_failed_failover", "New sessions lost in the failover", Unit::count, Better::less,
     kDetail},
    {"new_connections_failed_after", "New sessions lost after", Unit::count, Better::less, kDetail},
    {"wire_overlaps", "Times that two nodes answered at once", Unit::count, Better::less, kCompared},
    {"wire_overlap_ms", "Longest such time", Unit::ms, Better::less, kDetail},
    {"wire_overlap_frames", "Frames of the smaller side in them", Unit::count, Better::less, kDetail},
    {"wire_duplicated", "Datagrams that the nodes sent twice", Unit::count, Better::less, kDetail},
    {"wire_misplaced", "Frames of a virtual MAC from a wrong port", Unit::count, Better::less, kDetail},
    {"terms", "Terms that came", Unit::count, Better::less, kDetail},
    {"redundant_again_ms", "Time to redundancy again", Unit::ms, Better::less, kCompared},
    {"probe_delay_us_p50", "Latency before, median", Unit::us, Better::less, kCompared},
    {"probe_delay_us_p99", "Latency before, 99th percentile", Unit::us, Better::less, kCompared},
    {"delay_during_us_p50", "Latency in the failover, median", Unit::us, Better::less, kDetail},
    {"delay_during_us_p99", "Latency in the failover, 99th percentile", Unit::us, Better::less, kCompared},
    {"delay_after_us_p50", "Latency after, median", Unit::us, Better::less, kDetail},
    {"delay_after_us_p99", "Latency after, 99th percentile", Unit::us, Better::less, kCompared},
    {"relay_dropped", "Frames that the fault dropped", Unit::count, Better::neither, kDetail},
    {"probe_send_gap_ms", "Longest pause of the sender", Unit::ms, Better::neither, kDetail},
    {"pace_missed", "Probes that the rig did not send in time", Unit::count, Better::neither, kDetail},
    {"new_connections_pace_missed", "New connections that it did not begin in time", Unit::count,
     Better::neither, kDetail},
    {"checkpoints", "Checkpoints", Unit::count, Better::neither, kDetail},
    {"steady_checkpoints", "Checkpoints under steady load", Unit::count, Better::neither, kDetail},
    {"checkpoint_interval_us_p50", "Checkpoint interval, median", Unit::us, Better::neither, kDetail},
    {"blackout_us_p50", "Checkpoint pause, median", Unit::us, Better::less, kCompared},
    {"blackout_us_p99", "Checkpoint pause, 99th percentile", Unit::us, Better::less, kCompared},
    {"dirty_lines_p50", "Dirty lines a checkpoint, median", Unit::count, Better::neither, kDetail},
});

}  // namespace

std::span<const Figure> figures() { return kFigures; }

std::string_view text_of(Unit unit) {
  switch (unit) {
    case Unit::count:
      return "";
    case Unit::ms:
      return "ms";
    case Unit::us:
      return "us";
    case Unit::bytes:
      return "B";
  }
  return "";
}

}  // namespace stillwater::rig
