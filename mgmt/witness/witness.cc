#include "mgmt/witness/witness.h"

#include <grpcpp/security/server_credentials.h>
#include <spdlog/spdlog.h>

#include "mgmt/callers.h"
#include "mgmt/witness/disk_folder.h"

namespace stillwater::mgmt::witness {
namespace {

constexpr int kMessageBytesAtMost = 4096;

Result<std::shared_ptr<grpc::ServerCredentials>> protection(const WitnessOptions& options) {
  auto credentials = server_protection(options.listen, {options.tls, options.files});
  if (credentials && *credentials) admit_nodes(**credentials);
  const auto address = parse_address(options.listen);
  if (credentials && options.tls == Tls::none && std::holds_alternative<TcpAddress>(*address))
    spdlog::warn("tls: none. Whoever reaches {} can take the lead from any node of any pair", options.listen);
  return credentials;
}

void log_records(Store& store) {
  const auto pairs = store.pairs();
  spdlog::info("{} pairs known", pairs.size());
  for (const auto& pair : pairs) {
    if (const auto record = store.read(pair); !record)
      spdlog::critical("{}; nothing is answered for this pair", record.error().message);
  }
}

}  // namespace

Result<std::unique_ptr<Witness>> Witness::start(const WitnessOptions& options) {
  auto credentials = protection(options);
  if (!credentials) return tl::unexpected(credentials.error());
  auto folder = DiskFolder::open_and_lock(options.data);
  if (!folder) return tl::unexpected(folder.error());
  auto store = Store::open(std::move(*folder));
  if (!store) return tl::unexpected(store.error());
  log_records(**store);
  std::unique_ptr<Witness> witness(new Witness(std::move(*store)));
  auto server = GrpcServer::start(witness->service_, {.address = options.listen,
                                                      .credentials = std::move(*credentials),
                                                      .service_name = v1::Arbiter::service_full_name(),
                                                      .message_bytes_at_most = kMessageBytesAtMost});
  if (!server) return tl::unexpected(server.error());
  witness->server_ = std::move(*server);
  return witness;
}

}  // namespace stillwater::mgmt::witness
