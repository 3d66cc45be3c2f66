// A running witness: its data folder, its records, and the server in front of them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mgmt/address.h"
#include "mgmt/grpc_server.h"
#include "mgmt/tls.h"
#include "mgmt/witness/service.h"
#include "mgmt/witness/store.h"

namespace stillwater::mgmt::witness {

struct WitnessOptions {
  std::string listen;               // unix:PATH, or ADDRESS:PORT (port 0: any free one)
  std::string data;                 // folder; made where it is missing
  Tls tls = Tls::required;          // of a TCP address
  std::optional<TlsFiles> files{};  // with a TCP address and Tls::required
};

// One control thread.
class Witness {
 public:
  // Locks the folder, checks every record, listens. Damaged records are logged and refused one by one; the
  // other pairs are served. Errors:
  //  invalid_argument     not an address; a TLS file that is none
  //  failed_precondition  a TCP address without TLS files, nor `tls none` said by name
  //  refused              another witness uses the folder, or another daemon listens there
  //  io, corrupt          folder or socket: see Store::open, GrpcServer::start
  [[nodiscard]] static Result<std::unique_ptr<Witness>> start(const WitnessOptions& options);

  [[nodiscard]] const std::string& address() const { return server_->address(); }

  // Takes no more calls and waits up to `patience` for those under way, plus what the disk needs for one
  // write.
  void stop(Nanos patience) { server_->shutdown(patience); }

 private:
  explicit Witness(std::unique_ptr<Store> store) : store_(std::move(store)), service_(*store_) {}

  std::unique_ptr<Store> store_;
  ArbiterService service_;
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace stillwater::mgmt::witness
