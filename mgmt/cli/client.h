// A connection to one node: calls with a deadline, and failures an operator can act on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/status.h>

#include "mgmt/cli/arguments.h"
#include "stillwater/v1/stillwater.grpc.pb.h"

namespace stillwater::mgmt::cli {

struct Failure {
  Exit exit;
  std::string message;
  bool timed_out = false;  // the node waited in vain for something else
};

template <class T>
using Answer = tl::expected<T, Failure>;

// One thread.
class Client {
 public:
  // To the address of `arguments`, as they say. Connects lazily, at the first call. Each call ends within
  // their timeout, and two seconds more where it looks for what is wrong with TLS. Usage: TLS files that are
  // none.
  [[nodiscard]] static Answer<Client> connect(const Arguments& arguments);

  template <class Request, class Response>
  [[nodiscard]] Answer<Response> ask(
      grpc::Status (v1::Appliance::StubInterface::*method)(grpc::ClientContext*, const Request&, Response*),
      const Request& request) {
    grpc::ClientContext call;
    bound(call);
    Response response;
    const auto status = (stub_.get()->*method)(&call, request, &response);
    if (!status.ok()) return tl::unexpected(failure(status, call));
    return response;
  }

  [[nodiscard]] Answer<std::vector<v1::Session>> sessions(std::uint64_t limit,
                                                          const v1::SessionFilter& filter);
  [[nodiscard]] Answer<std::vector<v1::Binding>> bindings(std::uint64_t limit,
                                                          const v1::BindingFilter& filter);
  [[nodiscard]] Answer<std::vector<v1::Route>> routes(std::uint64_t limit, const std::string& source);

 private:
  Client(const Arguments& arguments, const std::shared_ptr<grpc::ChannelCredentials>& credentials);
  template <class Message>
  [[nodiscard]] Answer<std::vector<Message>> read_all(grpc::ClientContext& call,
                                                      grpc::ClientReaderInterface<Message>& reader) const;
  void bound(grpc::ClientContext& call) const;
  [[nodiscard]] Failure failure(const grpc::Status& status, const grpc::ClientContext& call) const;

  [[nodiscard]] Failure unreachable(const grpc::Status& status) const;

  std::string address_;
  Protection protection_;
  Nanos timeout_;
  std::unique_ptr<v1::Appliance::StubInterface> stub_;
};

}  // namespace stillwater::mgmt::cli
