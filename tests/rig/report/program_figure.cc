#include "tests/rig/report/program_figure.h"

#include <array>

namespace stillwater::rig {
namespace {

constexpr auto kFigures = std::to_array<ProgramFigure>({
    {"iperf3", "bytes", "arrived", Unit::bytes},
    {"iperf3", "retransmits", "segments sent again", Unit::count},
    {"iperf3", "longest_silence_ms", "longest time without a byte", Unit::ms},
    {"http", "download_bytes", "downloaded", Unit::bytes},
    {"http", "download_complete", "whole and right", Unit::count, true},
    {"http", "requests", "requests", Unit::count},
    {"http", "requests_failed", "failed", Unit::count},
    {"http", "requests_wrong", "answered with wrong bytes", Unit::count},
    {"ssh", "echoed_bytes", "came back", Unit::bytes},
    {"ssh", "complete", "whole and right", Unit::count, true},
    {"dns", "lookups", "lookups", Unit::count},
    {"dns", "lookups_failed", "not answered", Unit::count},
    {"dns", "lookups_wrong", "answered wrongly", Unit::count},
});

}  // namespace

std::span<const ProgramFigure> program_figures() { return kFigures; }

}  // namespace stillwater::rig
