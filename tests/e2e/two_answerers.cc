#include "tests/e2e/two_answerers.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <poll.h>

#include "tests/unit/rig/frames.h"

namespace stillwater::e2e {
namespace {

using namespace rig;

constexpr std::uint16_t kQuestionPort = 7;
constexpr std::uint16_t kAnswerPort = 7007;
constexpr MacAddress kClientMac{0x02, 0x53, 0x57, 0, 0, 0x09};
constexpr Nanos kAnsweredWithin = 5s;

UniqueFd socket_in(int space_fd, const std::string& interface) {
  UniqueFd found;
  REQUIRE(inside_space(space_fd, [&]() -> Status {
    auto fd = packet_socket({.interface = interface});
    if (!fd) return tl::unexpected(fd.error());
    found = std::move(*fd);
    return {};
  }));
  return found;
}

Plan answerers_plan() {
  Plan plan;
  plan.spaces = {"net", "client", "a", "b"};
  plan.bridges = {{"net", "br0"}};
  for (const std::string space : {"client", "a", "b"}) {
    plan.links.push_back({{.space = space, .name = "eth0", .arp = false},
                          {.space = "net", .name = "p-" + space, .bridge = "br0"}});
  }
  return plan;
}

WireSubject subject() {
  return {.ports = watched_ports(answerers_plan(), "net", {"a", "b"}),
          .services = {{"br0", parse_ipv4(TwoAnswerers::kService).value(), TwoAnswerers::kVirtualMac}},
          .streams = {{.enters = "", .destination_port = kAnswerPort}}};
}

std::optional<frames::Bytes> answer_to(const FrameView& question) {
  const Ipv4Address service = parse_ipv4(TwoAnswerers::kService).value();
  if (question.arp && !question.arp->reply && question.arp->target == service) {
    return frames::arp(TwoAnswerers::kVirtualMac, TwoAnswerers::kService, TwoAnswerers::kClient, 2);
  }
  if (!question.ipv4 || question.ipv4->destination != service || question.udp_payload.size() != 4) {
    return std::nullopt;
  }
  std::uint32_t number = 0;
  std::memcpy(&number, question.udp_payload.data(), sizeof(number));
  return frames::udp(TwoAnswerers::kVirtualMac, TwoAnswerers::kService, TwoAnswerers::kClient, kAnswerPort,
                     number);
}

}  // namespace

Answerer::Answerer(int space_fd) : socket_(socket_in(space_fd, "eth0")), wake_(eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread([this] { run(); });
}

Answerer::~Answerer() {
  stop_.store(true);
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Answerer::run() {
  while (!stop_.load()) {
    std::array<pollfd, 2> fds{pollfd{socket_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
    poll(fds.data(), fds.size(), -1);
    look();
  }
}

void Answerer::look() {
  const auto count = batch_.receive(socket_.get());
  for (std::size_t i = 0; count && i < *count; ++i) {
    const auto question = FrameView::parse(batch_.take(i).bytes);
    const auto answer = question ? answer_to(*question) : std::nullopt;
    if (!answer) continue;
    if (on_.load()) (void)!write(socket_.get(), answer->data(), answer->size());
    handled_.fetch_add(1);
  }
}

TwoAnswerers::TwoAnswerers(const AnswerersOptions& options)
    : network(Topology::build(answerers_plan(), own_prefix() + "w").value()),
      client(socket_in(network.space("client").fd(), "eth0")),
      a(network.space("a").fd()),
      b(network.space("b").fd()),
      watch(WireWatch::start({.space_fd = network.space("net").fd(),
                              .subject = subject(),
                              .pcap_folder = options.pcap_folder,
                              .receive_buffer_bytes = options.receive_buffer_bytes})
                .value()),
      started(BootClock().now()) {
  await_forwarding();
}

void TwoAnswerers::await_forwarding() {
  const Instant end = BootClock().now() + kAnsweredWithin;
  bool both = false;
  while (!both && BootClock().now() < end) {
    handled_before_a_ = a.handled();
    handled_before_b_ = b.handled();
    send_frame(frames::arp(kClientMac, kClient, kService));
    const Instant next = BootClock().now() + 100ms;
    while (!both && BootClock().now() < next) {
      both = a.handled() > handled_before_a_ && b.handled() > handled_before_b_;
      if (!both) poll(nullptr, 0, 1);
    }
  }
  REQUIRE(both);
  handled_before_a_ = a.handled();
  handled_before_b_ = b.handled();
}

void TwoAnswerers::send_frame(const std::vector<std::byte>& frame) const {
  REQUIRE(write(client.get(), frame.data(), frame.size()) == static_cast<ssize_t>(frame.size()));
}

void TwoAnswerers::ask(int questions, int nodes) {
  for (int i = 0; i < questions; ++i) {
    const auto number = static_cast<std::uint32_t>(asked_.size());
    asked_.push_back(BootClock().now());
    send_frame(frames::arp(kClientMac, kClient, kService));
    send_frame(frames::udp(kClientMac, kClient, kService, kQuestionPort, number));
    REQUIRE(take_answers(2 * nodes));
  }
}

bool TwoAnswerers::take_answers(int wanted) {
  PacketBatch batch(2048);
  int found = 0;
  const int asked = 2 * static_cast<int>(asked_.size());
  const auto done = [&] {
    return found == wanted && a.handled() - handled_before_a_ == asked &&
           b.handled() - handled_before_b_ == asked;
  };
  for (const Instant end = BootClock().now() + kAnsweredWithin; !done() && BootClock().now() < end;) {
    pollfd ready{client.get(), POLLIN, 0};
    poll(&ready, 1, 1);
    const auto count = batch.receive(client.get());
    for (std::size_t i = 0; count && i < *count; ++i) {
      const auto frame = FrameView::parse(batch.take(i).bytes);
      if (frame && frame->source == kVirtualMac) ++found;
    }
  }
  return done();
}

void TwoAnswerers::flood(int count) {
  const auto frame = frames::udp(kClientMac, kClient, "10.71.0.8", 9, 0);
  for (int i = 0; i < count; ++i) (void)!write(client.get(), frame.data(), frame.size());
}

}  // namespace stillwater::e2e
