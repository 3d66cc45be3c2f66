// What a packet would meet: the control thread's side.
#include "dataplane/trace.h"

#include <algorithm>

#include "dataplane/control/trace_frame.h"
#include "dataplane/control/trace_words.h"
#include "dataplane/names.h"
#include "dataplane/shard.h"

namespace stillwater::dataplane {
namespace {

std::string port_names(const Config& config) {
  std::string names;
  for (const PortConfig& port : config.ports) names += (names.empty() ? "" : ", ") + port.name;
  return names;
}

Status check_length(const TraceFrameBytes& frame, unsigned received_max) {
  if (frame.size() < TraceRequest::kFrameMin)
    return fail(Errc::invalid_argument, "a frame of " + std::to_string(frame.size()) +
                                            " octets; expected at least an Ethernet header's " +
                                            std::to_string(TraceRequest::kFrameMin));
  const std::size_t most = std::min<std::size_t>(received_max, TraceRequest::kFrameMax);
  if (frame.size() > most)
    return fail(Errc::invalid_argument, "a frame of " + std::to_string(frame.size()) +
                                            " octets; the longest that the ports receive has " +
                                            std::to_string(most));
  return {};
}

// Where several workers may have the packet, the first.
unsigned owner_of(TraceFrameBytes& frame, const Steering& steering, const Fib& fib) {
  if (steering.workers() == 1) return 0;
  rte_mbuf mbuf{};
  mbuf.buf_addr = frame.data();
  mbuf.nb_segs = 1;
  mbuf.buf_len = mbuf.data_len = static_cast<std::uint16_t>(frame.size());
  mbuf.pkt_len = mbuf.data_len;
  const unsigned owner = steering.owner(mbuf, &fib);
  return owner < steering.workers() ? owner : 0;
}

}  // namespace

static_assert(TraceRequest::kFrameMax == TraceQuery::kFrameMax);

Result<Trace> Dataplane::trace(const TraceRequest& request) {
  const auto index = find_port(config_, request.port);
  if (!index)
    return fail(Errc::invalid_argument,
                "there is no port '" + request.port + "'; expected one of " + port_names(config_));
  const Service& service = *tables_->service;
  const ServicePort& port = service.ports[*index];
  Result<TraceFrameBytes> frame;
  if (const auto* fields = std::get_if<TracePacket>(&request.packet))
    frame = dataplane::frame_of(*fields, port);
  else
    frame = std::get<TraceFrameBytes>(request.packet);
  if (!frame) return tl::unexpected(frame.error());
  const unsigned room = rte_pktmbuf_data_room_size(tables_->buffers.get()) - unsigned{RTE_PKTMBUF_HEADROOM};
  if (auto valid = check_length(*frame, room); !valid) return tl::unexpected(valid.error());

  const std::scoped_lock lock(trace_mutex_, route_mutex_);
  const unsigned worker = owner_of(*frame, service.steering, *service.fib->load());
  Requests& requests = shards_[worker]->requests;
  TraceQuery& query = requests.trace;
  query.port = port.device;
  query.frame_bytes = static_cast<std::uint32_t>(frame->size());
  std::copy(frame->begin(), frame->end(), query.frame.begin());
  if (auto asked = ask(requests, query.stage); !asked) return tl::unexpected(asked.error());
  if (query.record.no_buffer)
    return fail(Errc::resource_exhausted, "no packet buffer is free for the trace; try again");
  Trace trace = in_words(query.record, port.device, {config_, service, *tables_->routes});
  trace.worker = worker;
  return trace;
}

}  // namespace stillwater::dataplane
