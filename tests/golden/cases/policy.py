"""The firewall's policy: zones, groups, and what becomes of those that it does not let through."""
from scapy.all import ICMP, TCP, UDP, Raw

from cases.firewall import (FAR, GREETED, HOST, HOST2, HOST2_MAC, HOST_MAC, IN, KNOWN, ONE_PORT, SERVER, case,
                            config, from_gw, ip, to_gw)


def one_port(name, names, rules, send, expect, drops=None):
    text = config(ONE_PORT, rules).replace("rules:\n", names + "rules:\n")
    case(name, text, {"send": [*KNOWN, *send], "expect": [*GREETED, *expect]}, drops)


def udp(port, source=HOST, destination=SERVER, sport=4000, **fields):
    return ip(source, destination, **fields) / UDP(sport=sport, dport=port) / b"q"


def group_cases():
    names = """zones: {all: [lan]}
addresses:
  clients: [10.80.1.2, more]
  more: [10.80.3.0/24, "2001:db8::/32"]
services:
  names: [{protocol: udp, ports: [53, 5353-5354]}, {protocol: icmp, icmp_types: echo-request}]
"""
    rules = ["{id: 5, action: deny, from: all, source: clients, destination: 192.0.2.0/24}",
             "{id: 10, action: allow, from: all, to: all, source: clients, services: names}",
             "{id: 20, action: allow, protocol: udp, destination_ports: 99, source_ports: [7, 4000-4001]}"]
    echo = ICMP(type=8, id=7, seq=1) / b"ping"
    passing = [(udp, dict(port=53)), (udp, dict(port=5354)), (udp, dict(port=99, sport=4001))]
    one_port("policy_zones_and_groups", names, rules,
             [*[to_gw(make(**said)) for make, said in passing], to_gw(ip(HOST, SERVER) / echo),
              to_gw(udp(5355)), to_gw(udp(99, sport=4002)),
              to_gw(udp(53, destination=FAR)),                  # an earlier rule says no
              to_gw(udp(53, source=HOST2), HOST2_MAC)],         # not in the group
             [*[from_gw(make(**said, ttl=63)) for make, said in passing],
              from_gw(ip(HOST, SERVER, ttl=63) / echo)],
             {"no_rule": 3, "denied_by_rule": 1})


def reject_cases():
    rules = ["{id: 5, action: reject, destination: 10.80.2.0/24}", "{id: 10, action: allow}"]
    sent = udp(53, id=3)
    told = ip(IN, HOST, tos=0xc0, flags="DF", id=0) / ICMP(type=3, code=13) / Raw(bytes(sent))
    one_port("rfc1812_5_2_7_1_rejected_is_administratively_prohibited", "", rules,
             [to_gw(sent)], [from_gw(told, HOST_MAC)], {"rejected_by_rule": 1})

    syn = ip(HOST, SERVER) / TCP(sport=5000, dport=80, flags="S", seq=0xffffffff)
    reset = ip(SERVER, HOST, flags="DF", id=0) / TCP(sport=80, dport=5000, flags="RA", seq=0, ack=0, window=0)
    one_port("rfc9293_3_10_7_1_rejected_syn_is_reset", "", rules,
             [to_gw(syn)], [from_gw(reset, HOST_MAC)], {"rejected_by_rule": 1})


def limit_cases():
    rules = ["{id: 10, action: allow, limit: {per_s: 10, burst: 2}}"]
    ports = [4000, 4001, 4002, 4000]                            # the last one's session is there
    later = [(0.11, 4003), (0.11, 4004)]                        # a tenth of a second is one more
    one_port("policy_limit_of_new_sessions", "", rules,
             [*[to_gw(udp(53, sport=port)) for port in ports],
              *[(seconds, to_gw(udp(53, sport=port))) for seconds, port in later]],
             [*[from_gw(udp(53, sport=port, ttl=63)) for port in (4000, 4001, 4000)],
              (0.11, from_gw(udp(53, sport=4003, ttl=63)))],
             {"rule_limit": 2})


def make():
    for cases in (group_cases, reject_cases, limit_cases):
        cases()
