// The dataplane, as the role that the node plays needs it.
#pragma once

#include "dataplane/dataplane.h"
#include "standby/pair/forwarding.h"

namespace stillwater::appliance {

class PlaneForwarding final : public standby::Forwarding {
 public:
  explicit PlaneForwarding(dataplane::Dataplane& plane) : plane_(plane) {}

  [[nodiscard]] Barrier& barrier() override { return plane_.barrier(); }
  [[nodiscard]] bool quiesced() const override { return plane_.barrier().quiesced(); }
  void set_discard(bool on) override { plane_.barrier().set_discard(on); }
  [[nodiscard]] Status drain_ports(Nanos timeout) override { return plane_.barrier().drain_ports(timeout); }
  void drop_held() override { plane_.drop_held(); }
  void continue_region_time(Nanos region_now) override { plane_.continue_region_time(region_now); }
  void on_activate() override { plane_.on_activate(); }
  [[nodiscard]] Status release_held(Nanos timeout) override { return plane_.barrier().release_held(timeout); }
  void keep_waiting(bool on) override {
    if (on)
      plane_.handover().keep([this](dataplane::PortIndex port) { return plane_.has_link(port); });
    else
      plane_.handover().keep_no_more();
  }
  [[nodiscard]] bool take_waiting(const std::function<void(const standby::WaitingFrame&)>& sink) override {
    return plane_.handover().take_kept([&sink](dataplane::PortIndex port, std::span<const std::byte> bytes) {
      sink({port, bytes});
    });
  }
  void bring_waiting(const standby::WaitingFrame& frame) override {
    frame.bytes.empty() ? plane_.handover().end_of_brought()
                        : plane_.handover().bring(frame.port, frame.bytes);
  }
  void expect_waiting(Nanos patience) override { plane_.expect_brought(patience); }
  void announce() override { plane_.announce(); }

 private:
  dataplane::Dataplane& plane_;
};

}  // namespace stillwater::appliance
