#include "mgmt/arbiter/etcd_connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "mgmt/arbiter/etcd_value.h"
#include "mgmt/arbiter/rules.h"

namespace stillwater::mgmt::arbiter {
namespace {

using std::chrono::steady_clock;
using namespace ::etcdserverpb;

ArbiterAnswer unanswered(const Error& error) {
  return {.kind = ArbiterAnswer::Kind::unanswered, .why = error.message};
}

RangeRequest range_of(const std::string& key) {
  RangeRequest range;
  range.set_key(key);
  range.set_serializable(false);  // what a majority agreed on, not what one member remembers
  return range;
}

// By value: a record occurs once, since its term does, so a request that arrives late finds another.
TxnRequest swap_of(const std::string& key, const ArbiterRecord& expected, const ArbiterRecord& next) {
  TxnRequest txn;
  Compare& compare = *txn.add_compare();
  compare.set_key(key);
  compare.set_result(Compare::EQUAL);
  if (expected == ArbiterRecord{}) {
    compare.set_target(Compare::CREATE);
    compare.set_create_revision(0);  // there is no such key
  } else {
    compare.set_target(Compare::VALUE);
    compare.set_value(to_value(expected));
  }
  PutRequest& put = *txn.add_success()->mutable_request_put();
  put.set_key(key);
  put.set_value(to_value(next));
  *txn.add_failure()->mutable_request_range() = range_of(key);
  return txn;
}

grpc::Status too_late() { return {grpc::StatusCode::DEADLINE_EXCEEDED, ""}; }

}  // namespace

// etcd hangs up on who pings it while nothing is asked: no keepalive. Nodes read often enough to notice.
EtcdConnection::EtcdConnection(const std::vector<EtcdEndpoint>& endpoints, std::string key, Nanos deadline)
    : key_(std::move(key)), deadline_(deadline) {
  for (const EtcdEndpoint& endpoint : endpoints)
    lines_.push_back(std::make_unique<Line>(endpoint.address, endpoint.credentials, line_arguments(), gate_));
}

ArbiterAnswer EtcdConnection::read() {
  RangeResponse response;
  const auto record = ask(range_of(key_), response)
                          .and_then([&] { return record_in(response); })
                          .and_then([&](const ArbiterRecord& said) { return belief_.of(said); });
  if (!record) return unanswered(record.error());
  return {.kind = ArbiterAnswer::Kind::record, .newest = *record};
}

ArbiterAnswer EtcdConnection::swap(const ArbiterRecord& expected, const ArbiterRecord& next) {
  TxnResponse response;
  const auto answer = check_swap(expected, next)
                          .and_then([&] { return ask(swap_of(key_, expected, next), response); })
                          .and_then([&]() -> Result<ArbiterRecord> {
                            if (response.succeeded()) return next;
                            if (response.responses().empty())
                              return unbelievable("neither swapped nor what is there");
                            return record_in(response.responses(0).response_range());
                          })
                          .and_then([&](const ArbiterRecord& newest) {
                            return belief_.of_swap(expected, next, response.succeeded(), newest);
                          });
  return answer ? *answer : unanswered(answer.error());
}

void EtcdConnection::keep_warm() {
  for (const auto& line : lines_) line->keep_warm();
}

void EtcdConnection::begin_with_connected() {
  for (std::size_t tried = 0; tried < lines_.size() && !line().is_connected(); ++tried) go_to_next();
}

// Each endpoint has an equal share of the time that is left before the next is asked as well. A member that
// is slow, and not away, may answer later than that.
Status EtcdConnection::ask(const RangeRequest& request, RangeResponse& response) {
  const auto end = steady_clock::now() + deadline_;
  EtcdReads reads(gate_, request);
  keep_warm();
  begin_with_connected();
  const std::size_t first = current_;
  EtcdReads::Read* answer = nullptr;
  for (std::size_t asked = 0; asked < lines_.size() && answer == nullptr; ++asked) {
    const Nanos left = end - steady_clock::now();
    reads.begin(*lines_[(first + asked) % lines_.size()], left);
    const auto shares = static_cast<std::int64_t>(lines_.size() - asked);
    answer = shares > 1 ? answer_by(steady_clock::now() + left / shares, reads, Until::newest_failed)
                        : answer_by(end, reads, Until::all_failed);
  }
  if (answer == nullptr) return nobody_answered(reads);
  for (std::size_t asked = 0; EtcdReads::Read & read : reads.all()) {
    if (&read == answer) current_ = (first + asked) % lines_.size();
    ++asked;
  }
  for (EtcdReads::Read& read : reads.all()) {
    if (&read == answer) break;
    read.line.doubt(read.was_connected, read.ended ? read.status : too_late());
  }
  response = answer->response;
  return of_one_cluster(response.header());
}

EtcdReads::Read* EtcdConnection::answer_by(steady_clock::time_point time, EtcdReads& reads, Until until) {
  while (steady_clock::now() < time && !gate_.is_closed()) {
    EtcdReads::Read* ended = reads.next_ended(time - steady_clock::now());
    if (ended == nullptr) break;
    if (ended->answered()) return ended;
    if (until == Until::newest_failed ? reads.all().back().ended : reads.all_ended()) break;
  }
  return nullptr;
}

// In the order of the configuration, so that what lasts reads the same. One that failed for want of a
// connection is asked why.
tl::unexpected<Error> EtcdConnection::nobody_answered(EtcdReads& reads) {
  std::string why;
  bool asked_why = false;
  for (const auto& line : lines_) {
    const auto read = std::find_if(reads.all().begin(), reads.all().end(),
                                   [&](const EtcdReads::Read& it) { return &it.line == line.get(); });
    if (read == reads.all().end()) continue;
    const grpc::Status status = read->ended ? read->status : too_late();
    std::string what = error_of(status, deadline_).message;
    if (!line->is_connected())
      what = std::exchange(asked_why, true) ? "no connection" : why_no_connection(*line);
    why += (why.empty() ? "" : "; ") + ("etcd at " + line->address()) + ": " + what;
    line->doubt(read->was_connected, status);
  }
  go_to_next();
  return fail(Errc::unavailable, why);
}

std::string EtcdConnection::why_no_connection(Line& line) {
  RangeResponse response;
  grpc::ClientContext call;
  const grpc::Status status =
      line.make(call, 0ns, [&] { return KV::Stub(line.channel()).Range(&call, range_of(key_), &response); });
  return status.ok() ? "an answer that came too late" : error_of(status, deadline_).message;
}

Status EtcdConnection::ask(const TxnRequest& request, TxnResponse& response) {
  const auto end = steady_clock::now() + deadline_;
  std::string why;
  const auto failed = [&](const std::string& what) {
    why += (why.empty() ? "" : "; ") + ("etcd at " + line().address()) + ": " + what;
    go_to_next();
  };
  keep_warm();
  begin_with_connected();
  for (auto left = static_cast<std::int64_t>(lines_.size()); left > 0; --left) {
    const bool was_connected = line().is_connected();
    if (!line().connect_within((end - steady_clock::now()) / left) && left > 1) {
      failed("no connection");
      continue;
    }
    grpc::ClientContext call;
    const grpc::Status status = line().make(call, end - steady_clock::now(), [&] {
      return KV::Stub(line().channel()).Txn(&call, request, &response);
    });
    if (status.ok()) return of_one_cluster(response.header());
    line().doubt(was_connected, status);
    failed(error_of(status, deadline_).message);
    break;
  }
  return fail(Errc::unavailable, why);
}

Status EtcdConnection::of_one_cluster(const ResponseHeader& header) {
  if (cluster_id_ == 0) cluster_id_ = header.cluster_id();
  if (header.cluster_id() == cluster_id_) return {};
  const std::string at = line().address();
  go_to_next();
  return fail(Errc::protocol,
              "etcd at " + at + " is of another cluster than the endpoint that answered first");
}

Result<ArbiterRecord> EtcdConnection::record_in(const RangeResponse& response) const {
  if (response.kvs().empty()) return ArbiterRecord{};
  auto record = from_value(response.kvs(0).value());
  if (!record)
    return fail(Errc::corrupt, "the value of " + key_ + " in etcd is no record: " + record.error().message);
  return record;
}

}  // namespace stillwater::mgmt::arbiter
