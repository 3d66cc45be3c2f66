// Listings: what a call that may take long, and whose reader may be slow or leave, asks of a node.
#include "mgmt/convert.h"
#include "mgmt/error_status.h"
#include "mgmt/service.h"

namespace stillwater::mgmt {
namespace {

constexpr std::uint64_t kRowsUnlessSaid = 1000;
constexpr std::uint64_t kRowsAtMost = 1u << 24;  // a table has no more

grpc::Status reader_is_gone() { return {grpc::StatusCode::CANCELLED, "the reader is gone"}; }

// Writing waits for the reader; the node holds nothing meanwhile.
template <class Message, class Row, class List>
grpc::Status list(grpc::ServerContext& call, std::uint64_t limit, grpc::ServerWriter<Message>& writer,
                  const List& rows_of) {
  if (limit > kRowsAtMost)
    return answer_with(
        call, {Errc::invalid_argument, "limit is " + std::to_string(limit) + "; at most " +
                                           std::to_string(kRowsAtMost) + " rows can be listed at a time"});
  bool reads = true;
  Message message;
  const Status listed = rows_of(limit == 0 ? kRowsUnlessSaid : limit, [&](const std::vector<Row>& rows) {
    reads = !call.IsCancelled();
    for (std::size_t i = 0; i < rows.size() && reads; ++i) {
      fill(message, rows[i]);
      reads = writer.Write(message);
    }
    return reads;
  });
  if (!reads) return reader_is_gone();
  return listed ? grpc::Status::OK : answer_with(call, listed.error());
}

template <class Response, class Count>
grpc::Status count(grpc::ServerContext& call, Response& response, const Count& count_of) {
  const Result<std::uint64_t> counted = count_of([&] { return !call.IsCancelled(); });
  if (call.IsCancelled()) return reader_is_gone();
  if (!counted) return answer_with(call, counted.error());
  response.set_count(*counted);
  return grpc::Status::OK;
}

}  // namespace

template <class Act>
grpc::Status ApplianceService::one_of_few(grpc::ServerContext& call, const Act& act) {
  if (listings_.fetch_add(1) >= kListingsAtMost) {
    listings_.fetch_sub(1);
    return answer_with(call, {Errc::resource_exhausted,
                              std::to_string(kListingsAtMost) +
                                  " listings are under way; wait until one of their readers is done"});
  }
  grpc::Status status = act();
  listings_.fetch_sub(1);
  return status;
}

grpc::Status ApplianceService::ListSessions(grpc::ServerContext* call, const v1::ListSessionsRequest* request,
                                            grpc::ServerWriter<v1::Session>* writer) {
  return one_of_few(*call, [&] {
    return list<v1::Session, SessionInfo>(
        *call, request->limit(), *writer, [&](auto limit, const auto& page) {
          return control_.sessions(filter_of(request->filter()), limit, page);
        });
  });
}

grpc::Status ApplianceService::ListBindings(grpc::ServerContext* call, const v1::ListBindingsRequest* request,
                                            grpc::ServerWriter<v1::Binding>* writer) {
  return one_of_few(*call, [&] {
    return list<v1::Binding, BindingInfo>(
        *call, request->limit(), *writer, [&](auto limit, const auto& page) {
          return control_.bindings(filter_of(request->filter()), limit, page);
        });
  });
}

grpc::Status ApplianceService::CountSessions(grpc::ServerContext* call,
                                             const v1::CountSessionsRequest* request,
                                             v1::CountSessionsResponse* response) {
  return one_of_few(*call, [&] {
    return count(*call, *response, [&](const auto& goes_on) {
      return control_.count_sessions(filter_of(request->filter()), goes_on);
    });
  });
}

grpc::Status ApplianceService::CountBindings(grpc::ServerContext* call,
                                             const v1::CountBindingsRequest* request,
                                             v1::CountBindingsResponse* response) {
  return one_of_few(*call, [&] {
    return count(*call, *response, [&](const auto& goes_on) {
      return control_.count_bindings(filter_of(request->filter()), goes_on);
    });
  });
}

}  // namespace stillwater::mgmt
