#include "mgmt/error_status.h"

#include <algorithm>
#include <string>

namespace stillwater::mgmt {
namespace {

struct OnTheWire {
  grpc::StatusCode code;
  const char* word;
};

OnTheWire on_the_wire(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return {grpc::StatusCode::INVALID_ARGUMENT, "invalid_argument"};
    case Errc::failed_precondition:
      return {grpc::StatusCode::FAILED_PRECONDITION, "failed_precondition"};
    case Errc::timed_out:
      return {grpc::StatusCode::DEADLINE_EXCEEDED, "timed_out"};
    case Errc::refused:
      return {grpc::StatusCode::ABORTED, "refused"};
    case Errc::protocol:
      return {grpc::StatusCode::INTERNAL, "protocol"};
    case Errc::resource_exhausted:
      return {grpc::StatusCode::RESOURCE_EXHAUSTED, "resource_exhausted"};
    case Errc::unavailable:
      return {grpc::StatusCode::UNAVAILABLE, "unavailable"};
    case Errc::io:
      return {grpc::StatusCode::INTERNAL, "io"};
    case Errc::corrupt:
      return {grpc::StatusCode::DATA_LOSS, "corrupt"};
  }
  return {grpc::StatusCode::UNKNOWN, "unknown"};
}

// A status travels in one header, of which clients read 8 KiB in all, escaped.
std::string as_long_as_fits(const std::string& message) {
  constexpr std::size_t kBytesMax = 4096;
  if (message.size() <= kBytesMax) return message;
  const std::size_t line = message.rfind('\n', kBytesMax);
  const std::size_t end = line == std::string::npos ? kBytesMax : line;
  const auto more = std::count(message.begin() + static_cast<std::ptrdiff_t>(end), message.end(), '\n');
  return message.substr(0, end) + (more == 0 ? " ..." : "\n... and " + std::to_string(more) + " lines more");
}

}  // namespace

grpc::Status answer_with(grpc::ServerContext& call, const Error& error) {
  const auto [code, word] = on_the_wire(error.code);
  call.AddTrailingMetadata(kErrorMetadata, word);
  return {code, as_long_as_fits(error.message)};
}

}  // namespace stillwater::mgmt
