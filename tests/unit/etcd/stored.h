// The key of the pair "edge", past the client.
#pragma once

#include <chrono>

#include <catch2/catch.hpp>
#include <grpcpp/create_channel.h>

#include "etcd/kv.grpc.pb.h"
#include "mgmt/arbiter/etcd_client.h"

namespace stillwater::mgmt::etcd::test {

inline etcdserverpb::KV::Stub store_at(const std::string& address) {
  return etcdserverpb::KV::Stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
}

inline void put(const std::string& address, const std::string& value) {
  etcdserverpb::TxnRequest txn;
  auto& request = *txn.add_success()->mutable_request_put();
  request.set_key(arbiter::etcd_key("edge"));
  request.set_value(value);
  grpc::ClientContext call;
  call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  etcdserverpb::TxnResponse response;
  REQUIRE(store_at(address).Txn(&call, txn, &response).ok());
}

// How often the key was put. A swap raises the term by one, so this is the term where every put was a swap.
inline std::uint64_t puts(const std::string& address) {
  etcdserverpb::RangeRequest range;
  range.set_key(arbiter::etcd_key("edge"));
  grpc::ClientContext call;
  call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  etcdserverpb::RangeResponse response;
  REQUIRE(store_at(address).Range(&call, range, &response).ok());
  return response.kvs().empty() ? 0 : static_cast<std::uint64_t>(response.kvs(0).version());
}

}  // namespace stillwater::mgmt::etcd::test
