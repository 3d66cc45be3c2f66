#include "mgmt/daemon.h"

#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "mgmt/grpc_log.h"

namespace stillwater::mgmt {

void set_up_log(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("stillwater");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%f %l [%t] %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  take_grpc_log();
}

sigset_t block_ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace stillwater::mgmt
