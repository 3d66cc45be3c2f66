#include "mgmt/grpc_log.h"

#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include "base/repeat_filter.h"

namespace stillwater::mgmt {
namespace {

bool has_one_of(std::string_view text, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts)
    if (text.find(part) != std::string_view::npos) return true;
  return false;
}

// Two endings of a connection that other lines tell of, or that this process wanted.
bool is_idle_talk(std::string_view text) {
  return has_one_of(text, {"Corruption detected", "TSI_DATA_CORRUPTED", "cancel_check_peer"});
}

std::string what_to_do(std::string_view text) {
  if (has_one_of(text, {"wrong version number", "http request"}))
    return "a TLS handshake failed: the other side does not speak TLS; use `tls: none` on both sides or on "
           "none";
  if (has_one_of(text, {"certificate", "unknown ca"}))
    return "a TLS handshake failed: one side does not take the other's certificate; check who signed it, "
           "whom it "
           "names, and until when it is good (" +
           std::string(text) + ")";
  return "gRPC: " + std::string(text);
}

// Any thread. gRPC may repeat itself several times a second, as long as something is wrong.
void take(gpr_log_func_args* args) {
  static std::mutex mutex;  // guards the filter
  static RepeatFilter said;
  if (args->severity != GPR_LOG_SEVERITY_ERROR || is_idle_talk(args->message))
    return spdlog::debug("gRPC: {}", args->message);
  const std::string text = what_to_do(args->message);
  const std::lock_guard lock(mutex);
  const auto suppressed = said.let_through(text, BootClock().now());
  if (!suppressed) return;
  if (*suppressed == 0)
    spdlog::warn("{}", text);
  else
    spdlog::warn("{} (and {} times more in the last minute)", text, *suppressed);
}

}  // namespace

void take_grpc_log() { gpr_set_log_function(take); }

}  // namespace stillwater::mgmt
