#include "dataplane/datapath/steering/exchange.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint32_t kCopy = 1, kTurnedBack = 2;

// What a frame brings along through a ring lies in fields of its mbuf that are free meanwhile.
void tag(rte_mbuf& mbuf, const Received& frame) {
  mbuf.port = frame.port;
  mbuf.hash.usr = (frame.copy ? kCopy : 0) | (frame.turned_back ? kTurnedBack : 0);
  if (frame.turned_back) mbuf.tx_offload = frame.depends_epoch;
}

Received untag(rte_mbuf& mbuf) {
  Received frame{&mbuf, mbuf.port, (mbuf.hash.usr & kCopy) != 0};
  if (__builtin_expect((mbuf.hash.usr & kTurnedBack) != 0, 0)) {
    frame.turned_back = true;
    frame.depends_epoch = mbuf.tx_offload;
    mbuf.tx_offload = 0;
  }
  return frame;
}

}  // namespace

Exchange::~Exchange() {
  for (Outgoing& outgoing : outgoing_)
    for (std::uint16_t i = 0; i < outgoing.count; ++i)
      pool_.drop(outgoing.frames[i], DropReason::handover_full);
}

void Exchange::give(unsigned owner, const Received& frame) {
  Outgoing& outgoing = outgoing_[owner];
  if (outgoing.count == kBurst) flush(owner);
  tag(*frame.mbuf, frame);
  outgoing.frames[outgoing.count++] = frame.mbuf;
}

void Exchange::copy_to_others(const Received& frame) {
  for (unsigned other = 0; other < ends_.to.size(); ++other) {
    if (ends_.to[other] == nullptr) continue;
    if (rte_mbuf* copy = pool_.copy(*frame.mbuf)) give(other, {copy, frame.port, true});
  }
}

void Exchange::flush() {
  for (unsigned owner = 0; owner < outgoing_.size(); ++owner)
    if (outgoing_[owner].count != 0) flush(owner);
}

void Exchange::flush(unsigned owner) {
  Outgoing& outgoing = outgoing_[owner];
  const std::uint16_t fitted = pool_.agent().put(*ends_.to[owner], outgoing.frames.data(), outgoing.count);
  for (std::uint16_t i = fitted; i < outgoing.count; ++i)
    pool_.drop(outgoing.frames[i], DropReason::handover_full);
  outgoing.count = 0;
}

std::size_t Exchange::take(Received* frames) {
  std::size_t taken = 0;
  rte_mbuf* burst[kBurst];
  for (quiesce::HandoverRing* ring : ends_.from) {
    if (ring == nullptr) continue;
    const std::uint16_t n = pool_.agent().take(*ring, burst, kBurst);
    for (std::uint16_t i = 0; i < n; ++i) frames[taken++] = untag(*burst[i]);
  }
  return taken;
}

}  // namespace stillwater::dataplane
