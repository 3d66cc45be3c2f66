// The arbiter of a pair as one key in an etcd, of one member or several.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mgmt/address.h"
#include "mgmt/arbiter/background_arbiter.h"
#include "mgmt/tls.h"

namespace stillwater::mgmt::arbiter {

struct EtcdClientOptions {
  std::vector<std::string> endpoints;  // HOST:PORT of members of one etcd
  std::string pair;                    // the record's key is etcd_key(pair), on both nodes of a pair
  Nanos deadline = 500ms;              // of a request, connecting included
  Tls tls = Tls::required;
  std::optional<TlsFiles> files{};  // with Tls::required
};

// "/stillwater/pairs/PAIR".
[[nodiscard]] std::string etcd_key(const std::string& pair);

// A request ends within its deadline and 100 ms, and within 100 ms when this object is destroyed. A read is
// put to one endpoint after another, each having an equal share of the time before the next is asked as well;
// the first answer counts. A swap is sent to one endpoint only, the first that it finds connected. After a
// failure the next request begins with another endpoint.
//
// `unanswered` is also an error of etcd (the reason is in `why`), and what cannot be: a value that is no
// record, a record with an older term than this object has seen, an answer of another etcd than the first.
class EtcdClient final : public BackgroundArbiter {
 public:
  // Returns at once, whether or not there is an etcd. Errors:
  //  invalid_argument     no endpoint, not an address, not a pair's name, a TLS file that is none
  //  failed_precondition  no TLS files, nor Tls::none
  [[nodiscard]] static Result<std::unique_ptr<EtcdClient>> create(const EtcdClientOptions& options);

 private:
  using BackgroundArbiter::BackgroundArbiter;
};

}  // namespace stillwater::mgmt::arbiter
