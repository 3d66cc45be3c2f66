// The roles in certificates, against every call.
#include <map>

#include <catch2/catch.hpp>
#include <grpcpp/generic/generic_stub.h>

#include "mgmt/pki/files.h"
#include "mgmt/roles.h"
#include "tests/unit/mgmt/process.h"
#include "tests/unit/mgmt/secured.h"

namespace stillwater::mgmt::test {
namespace {

using Catch::Contains;

// What each call needs, written down a second time.
const std::map<std::string, Role> kNeeds = {
    {"/stillwater.v1.Appliance/GetStatus", Role::viewer},
    {"/stillwater.v1.Appliance/ListSessions", Role::viewer},
    {"/stillwater.v1.Appliance/CountSessions", Role::viewer},
    {"/stillwater.v1.Appliance/ListBindings", Role::viewer},
    {"/stillwater.v1.Appliance/CountBindings", Role::viewer},
    {"/stillwater.v1.Appliance/ListRoutes", Role::viewer},
    {"/stillwater.v1.Appliance/GetRules", Role::viewer},
    {"/stillwater.v1.Appliance/Trace", Role::viewer},
    {"/stillwater.v1.Appliance/GetPolicy", Role::viewer},
    {"/stillwater.v1.Appliance/EndSessions", Role::operating},
    {"/stillwater.v1.Appliance/ChangeRoutes", Role::operating},
    {"/stillwater.v1.Appliance/LoadRules", Role::operating},
    {"/stillwater.v1.Appliance/Ping", Role::operating},
    {"/stillwater.v1.Appliance/TakeCheckpoint", Role::operating},
    {"/stillwater.v1.Appliance/SetPolicy", Role::operating},
    {"/stillwater.v1.Appliance/Quiesce", Role::operating},
    {"/stillwater.v1.Appliance/Switchover", Role::operating},
    {"/stillwater.v1.Appliance/Resume", Role::operating},
    {"/grpc.health.v1.Health/Check", Role::viewer},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Role::viewer},
};

std::vector<std::string> methods_of_the_api() {
  std::vector<std::string> methods;
  const auto* file = v1::GetStatusRequest::descriptor()->file();
  for (int s = 0; s < file->service_count(); ++s) {
    const auto* service = file->service(s);
    for (int m = 0; m < service->method_count(); ++m)
      methods.push_back("/" + service->full_name() + "/" + service->method(m)->name());
  }
  return methods;
}

// An empty request to any method.
grpc::Status call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
  Call context;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto reader = stub.PrepareUnaryCall(&context, method, request, &queue);
  reader->StartCall();
  reader->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);  // the call's deadline bounds it
  queue.Shutdown();
  return status;
}

bool denied(const grpc::Status& status) { return status.error_code() == grpc::PERMISSION_DENIED; }

std::string certificate_with(const std::string& subject) {
  const Scratch scratch;
  const auto made =
      run({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
           "-nodes", "-subj", subject, "-keyout", scratch / "key", "-out", scratch / "pem"});
  REQUIRE(made.exit == 0);
  return pki::read_file(scratch / "pem").value();
}

}  // namespace

TEST_CASE("every call of the API has a role, in the table and in this test") {
  const auto methods = methods_of_the_api();
  REQUIRE(methods.size() >= 7);
  for (const auto& method : methods) {
    INFO(method);
    CHECK(role_needed(method).has_value());
    CHECK(kNeeds.contains(method));
  }
}

TEST_CASE("each role may make its calls and no others") {
  const auto role = GENERATE(Role::viewer, Role::operating, Role::admin);
  Secured node;
  const auto channel = channel_to(node.address, node.authority.client("ann", role));
  for (const auto& [method, needed] : kNeeds) {
    const auto status = call(channel, method);
    INFO(name_of(role) << " calls " << method << ": " << status.error_message());
    CHECK(denied(status) == (role < needed));
    CHECK(status.error_code() != grpc::UNAVAILABLE);
    if (role < needed)
      CHECK_THAT(status.error_message(),
                 Contains(method) && Contains("OU=" + std::string(name_of(needed))) && Contains("OU=viewer"));
  }
  CHECK(node.control.with([](FakeState& s) { return s.resumed; }) == (role == Role::viewer ? 0 : 1));
}

TEST_CASE("a call that no table knows is an admin's") {
  const Secured node;
  const std::string unknown = "/stillwater.v1.Appliance/Later";
  const auto as = [&](const char* name, Role role) {
    return call(channel_to(node.address, node.authority.client(name, role)), unknown).error_code();
  };
  CHECK(as("ann", Role::operating) == grpc::PERMISSION_DENIED);
  CHECK(as("bob", Role::admin) == grpc::UNIMPLEMENTED);
}

TEST_CASE("a certificate without a role may call nothing, and is told what it needs") {
  const Secured node;
  const auto channel = channel_to(node.address, node.authority.node("fw-b"));
  for (const auto& [method, needed] : kNeeds) {
    const auto status = call(channel, method);
    INFO(method);
    CHECK(denied(status));
    CHECK_THAT(status.error_message(), Contains("OU=" + std::string(name_of(needed))) &&
                                           Contains("CN=fw-b has no role in its subject"));
  }
}

TEST_CASE("who may open the unix socket may call everything") {
  Node node;
  for (const auto& [method, needed] : kNeeds) {
    INFO(method);
    CHECK_FALSE(denied(call(node.channel, method)));
  }
}

TEST_CASE("the role is the one OU that names a role") {
  CHECK(role_in(certificate_with("/O=x/OU=operator/CN=a")) == Role::operating);
  CHECK(role_in(certificate_with("/OU=Berlin/OU=admin/OU=night shift/CN=a")) == Role::admin);
  const auto refused = [](const std::string& pem) { return role_in(pem).error().message; };
  CHECK_THAT(refused(certificate_with("/OU=viewer/OU=admin/CN=a")), Contains("several roles"));
  CHECK_THAT(refused(certificate_with("/OU=Admin/CN=admin")), Contains("no role"));
  CHECK_THAT(refused("not a certificate"), Contains("no certificate"));
  CHECK_THAT(refused(""), Contains("no certificate"));
}

}  // namespace stillwater::mgmt::test
