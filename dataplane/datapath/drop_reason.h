// Why a packet did not go on. Each reason is a counter in the region; status shows it under its name.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stillwater::dataplane {

// Names are shown to operators and index the region's counters: append only.
#define STILLWATER_DROP_REASONS(X)                                                                \
  X(not_our_mac, "unicast frame for another station")                                             \
  X(not_unicast, "IPv4 in a broadcast or multicast frame")                                        \
  X(vlan_tag, "tagged frame of a VLAN that its port does not have")                               \
  X(unknown_ethertype, "not of a protocol that the function serves")                              \
  X(own_mac_seen, "our virtual MAC sent it, but not from here")                                   \
  X(arp_malformed, "ARP that is truncated or not for IPv4 on Ethernet")                           \
  X(arp_not_for_us, "ARP about an address that is not ours")                                      \
  X(arp_unasked, "ARP reply that nobody here asked for")                                          \
  X(arp_conflict, "ARP by somebody who uses an address of ours")                                  \
  X(arp_done, "ARP that was read and needs no answer")                                            \
  X(truncated, "frame or packet ends inside a header")                                            \
  X(bad_version, "IP version is not what the ethertype says")                                     \
  X(bad_header_length, "IPv4 or TCP header length below its minimum or past the packet")          \
  X(bad_total_length, "IPv4 total length below the header's or past the frame")                   \
  X(bad_checksum, "IPv4 header checksum is wrong")                                                \
  X(martian_source, "source is multicast, broadcast, loopback, zero or ours")                     \
  X(martian_destination, "destination is multicast, broadcast, loopback or zero")                 \
  X(fragment, "fragment, which a firewall does not take")                                         \
  X(ttl_expired, "time to live ran out")                                                          \
  X(too_big, "packet exceeds the MTU of the port that it leaves through")                         \
  X(no_route, "no route to the destination")                                                      \
  X(not_served, "for an own address, where only ICMP echo is served")                             \
  X(unknown_protocol, "neither TCP, UDP, ICMP, GRE nor ESP")                                      \
  X(icmp_type, "ICMP message of a type that is not forwarded")                                    \
  X(icmp_error_unknown, "ICMP error about a packet of no session")                                \
  X(no_session, "TCP segment or echo reply that belongs to no session and cannot open one")       \
  X(denied_by_rule, "a rule denies the session")                                                  \
  X(no_rule, "no rule matched: denied by default")                                                \
  X(sessions_full, "the session table is full")                                                   \
  X(session_conflict, "the session's reply tuple belongs to another session")                     \
  X(nat_ports_exhausted, "every NAT port of the range is taken")                                  \
  X(wrong_port, "packet of a session, but from another port than the session's")                  \
  X(hold_buffer_full, "no room to wait for the standby's commit")                                 \
  X(held_discarded, "held output freed by a fence or at the end")                                 \
  X(neighbour_queue_full, "too many packets wait for the next hop's MAC address")                 \
  X(neighbour_unresolved, "the next hop did not answer ARP")                                      \
  X(tx_full, "the port did not take the packet in time")                                          \
  X(no_buffer, "no packet buffer for a frame of our own")                                         \
  X(handover_full, "the worker that owns the packet's session does not keep up")                  \
  X(no_lease, "the right to transmit ended before the packet left")                               \
  X(hold_buffer_full_new, "a new session's: what room to wait is left is for known sessions")     \
  X(before_announcement, "received before this node announced itself; its predecessor brings it") \
  X(fragment_overlap, "fragment that overlaps another; its datagram is dropped whole")            \
  X(fragment_invalid, "fragment of a length, place or header that no datagram can have")          \
  X(fragment_duplicate, "fragment that is here already")                                          \
  X(reassembly_full, "fragment that gave way to newer ones, or of a datagram in too many pieces") \
  X(reassembly_timeout, "fragment of a datagram that did not become whole in time")               \
  X(cannot_fragment, "longer than the MTU, and too many fragments or no buffers for them")        \
  X(blackhole, "the route leads nowhere, by configuration")                                       \
  X(rejected, "the route rejects it, by configuration")                                           \
  X(source_route, "source-routed: not forwarded")                                                 \
  X(bad_options, "options or extension headers that are malformed, unknown or too many")          \
  X(not_joined, "IPv6 multicast to a group that nobody here listens to")                          \
  X(beyond_scope, "link-local address, which does not leave its link")                            \
  X(nd_malformed, "neighbour discovery that RFC 4861 does not allow")                             \
  X(nd_not_for_us, "neighbour discovery about an address that is not ours")                       \
  X(nd_unasked, "neighbour advertisement that nobody here asked for")                             \
  X(nd_conflict, "neighbour discovery by somebody who uses an address of ours")                   \
  X(nd_done, "neighbour discovery that was read, and answered where it has to be")                \
  X(icmp_error_suppressed, "ICMP errors that were not sent: too many in a second")                \
  X(rejected_by_rule, "a rule rejects the session: its sender is told")                           \
  X(rule_limit, "more new sessions than the rule's limit lets through")                           \
  X(nat_bindings_full, "the table of NAT bindings is full")                                       \
  X(nat_filtered, "to a NAT binding, by somebody whom its filtering does not let in")             \
  X(tcp_flags, "TCP flags that no segment has: none, SYN with FIN or RST, FIN without ACK")       \
  X(tcp_out_of_window, "TCP segment with a sequence number outside of its session's window")      \
  X(tcp_bad_ack, "TCP segment that acknowledges what was not sent, or what is long past")         \
  X(tcp_unasked, "TCP answer or data where the handshake does not call for it")                   \
  X(source_limit, "its source has as many sessions as limits allow, or opens them as fast")       \
  X(nat_host_limit, "its host has as many NAT ports as the configuration gives to one")           \
  X(brought_already, "a port's own copy of what this node's predecessor brought")

enum class DropReason : std::uint8_t {
#define X(name, meaning) name,
  STILLWATER_DROP_REASONS(X)
#undef X
};

inline constexpr std::size_t kDropReasons = 0
#define X(name, meaning) +1
    STILLWATER_DROP_REASONS(X)
#undef X
    ;

// `reason` as status and metrics name it, and in words.
[[nodiscard]] const char* name_of(DropReason reason);
[[nodiscard]] const char* meaning_of(DropReason reason);

}  // namespace stillwater::dataplane
