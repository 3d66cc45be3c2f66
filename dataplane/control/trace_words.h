// Rehearsals in words.
#pragma once

#include "dataplane/control/route_table.h"
#include "dataplane/datapath/rehearsal/record.h"
#include "dataplane/datapath/tables/service.h"
#include "dataplane/trace.h"

namespace stillwater::dataplane {

// What a record's numbers refer to. Routes do not change meanwhile.
struct TraceNames {
  const Config& config;
  const Service& service;
  const RouteTable& routes;
};

// Of a frame that arrived at `port`, which has a device.
[[nodiscard]] Trace in_words(const RehearsalRecord& record, PortIndex port, const TraceNames& names);

}  // namespace stillwater::dataplane
