// The sessions that a worker has of one family: the table in the region, and what lies beside it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/huge_pages.h"
#include "ckpt_engine/region/session_table.h"
#include "dataplane/config.h"
#include "dataplane/datapath/tables/admission.h"
#include "dataplane/datapath/tcp_window.h"

namespace stillwater::dataplane {

// A view, as its table is. What it adds is by slot, not in the region, and its worker's alone.
template <class Key>
struct Sessions : region::BasicSessionTable<Key> {
  using Table = region::BasicSessionTable<Key>;

  Sessions(const region::Region& region, unsigned shard, const Config& config)
      : Table(region, shard),
        responder_answered(Table::capacity(), true),
        tcp_windows(Table::capacity()),
        ended_by_reset(Table::capacity(), false),
        admission(config, Table::capacity()) {}

  // A TCP responder's SYN was seen: what the handshake needs to be called complete. Not worth a hard write: a
  // takeover assumes it was, which only lets a session be called established by its initiator's next segment.
  std::vector<bool> responder_answered;
  std::vector<TcpWindow, HugePageAllocator<TcpWindow>> tcp_windows;
  // A closed session was reset, for the log alone: what was reset before a takeover is told as closed by FIN.
  std::vector<bool> ended_by_reset;
  Admission admission;

  // While the worker stands still and does not lead: what it saw is of no use once others have led.
  void forget() {
    std::fill(tcp_windows.begin(), tcp_windows.end(), TcpWindow{});
    std::fill(ended_by_reset.begin(), ended_by_reset.end(), false);
    admission.forget();
  }
  // In the first turn of its lead.
  void begin_lead() {
    admission.forget();
    std::fill(responder_answered.begin(), responder_answered.end(), true);
  }
};

}  // namespace stillwater::dataplane
