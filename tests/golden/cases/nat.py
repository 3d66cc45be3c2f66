"""The firewall's NAT by requirement: RFC 4787 (UDP), 5382 (TCP), 5508 (ICMP), 3022 (1:1), 6888 (blocks)."""
from scapy.all import ICMP, IP, TCP, UDP, Raw

from cases.common import arp_answer, arp_ask, write_case
from cases.firewall import (FAR, HEAD, HOST, HOST2, HOST2_MAC, HOST_MAC, IN, OUT, SERVER, SERVER_MAC,
                            TWO_PORTS, VMAC_IN, VMAC_OUT, from_gw, to_gw)

NAT, NAT2, STATIC, STATIC2, DMZ = "10.80.2.5", "10.80.2.6", "10.80.2.18", "10.80.2.19", "10.80.2.7"
SERVER2, SERVER2_MAC = "10.80.2.3", "02:00:00:00:02:03"
MACS = {HOST: HOST_MAC, HOST2: HOST2_MAC, SERVER: SERVER_MAC, SERVER2: SERVER2_MAC, FAR: SERVER_MAC}
OUTWARDS = "{id: 10, action: allow, from: inside, to: outside}"
INWARDS = "{id: 20, action: allow, from: outside, to: inside}"
STEP = 0.001


def source_nat(more="", address=f"address: {NAT}"):
    return "source_nat:\n  - {from: inside, to: outside, " + address + (", " + more if more else "") + "}\n"


class Talk:
    """A case as it goes: each step is a packet of one host, and what leaves of it, if anything."""

    def __init__(self, nat, rules=(OUTWARDS,)):
        self.config = (HEAD + TWO_PORTS + "routes:\n  - {to: 0.0.0.0/0, via: 10.80.2.2}\nrules:\n" +
                       "".join(f"  - {rule}\n" for rule in rules) + nat + "arbiter: none\n")
        names = ("inside.send", "inside.expect", "outside.send", "outside.expect")
        self.captures = {name: [] for name in names}
        self.drops = {}
        self.time = 0
        inside, outside = (IN, VMAC_IN, "inside"), (OUT, VMAC_OUT, "outside")
        known = ((HOST, *inside), (HOST2, *inside), (SERVER, *outside), (SERVER2, *outside))
        for host, own, vmac, port in known:
            self.put(f"{port}.send", arp_ask(host, MACS[host], own))
            self.put(f"{port}.expect", arp_answer(own, vmac, host, MACS[host]))

    def put(self, capture, frame):
        self.captures[capture].append((self.time, frame))

    def step(self, at, sent, to, left, drop):
        self.time += STEP
        vmacs = {"inside": VMAC_IN, "outside": VMAC_OUT}
        self.put(f"{at}.send", to_gw(sent, MACS[sent.src], vmacs[at]))
        if left is not None:
            self.put(f"{to}.expect", from_gw(left, MACS[left.dst], vmacs[to]))
        if drop:
            self.drops[drop] = self.drops.get(drop, 0) + 1

    def out(self, sent, left=None, drop=None):
        self.step("inside", sent, "outside", left, drop)

    def back(self, sent, left=None, drop=None):
        self.step("outside", sent, "inside", left, drop)

    def turn(self, sent, left=None, drop=None):
        self.step("inside", sent, "inside", left, drop)

    def write(self, name):
        write_case(f"firewall/{name}", self.config, self.captures, self.drops)


def udp(source, sport, destination, dport, ttl=64):
    return IP(src=source, dst=destination, ttl=ttl, id=1) / UDP(sport=sport, dport=dport) / b"datagram"


def tcp(source, sport, destination, dport, flags, ttl=64, seq=100, ack=0):
    return (IP(src=source, dst=destination, ttl=ttl, id=2) /
            TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack))


def echo(source, destination, identifier, kind=8, ttl=64):
    return IP(src=source, dst=destination, ttl=ttl, id=3) / ICMP(type=kind, id=identifier, seq=1) / b"echo"


def error(source, destination, about, ttl=64, kind=3, code=1):
    """Quotes the header and 8 bytes of `about`."""
    return (IP(src=source, dst=destination, ttl=ttl, id=4) / ICMP(type=kind, code=code) /
            Raw(bytes(about)[:28]))


def sees(flow, left):
    """The same packet of UDP sent and a hop later: two tuples of (source, port, destination, port)."""
    return udp(*flow), udp(*left, ttl=63)


def mapping_cases():
    t = Talk(source_nat())
    for remote in (SERVER, SERVER2, FAR):
        t.out(*sees((HOST, 4000, remote, 53), (NAT, 4000, remote, 53)))
        t.back(*sees((remote, 53, NAT, 4000), (remote, 53, HOST, 4000)))
    t.out(*sees((HOST, 4000, SERVER, 54), (NAT, 4000, SERVER, 54)))
    t.write("rfc4787_req1_an_endpoint_keeps_its_mapping")

    t = Talk(source_nat("mapping: per_session"))
    t.out(*sees((HOST, 4000, SERVER, 53), (NAT, 4000, SERVER, 53)))
    t.out(*sees((HOST, 4000, SERVER2, 53), (NAT, 4002, SERVER2, 53)))
    t.back(*sees((SERVER2, 53, NAT, 4002), (SERVER2, 53, HOST, 4000)))
    t.write("rfc4787_req1_a_mapping_of_each_session_where_asked_for")

    t = Talk(source_nat(address=f"pool: [{NAT}-{NAT2}]"))
    for port in (4000, 4100, 4200):
        t.out(*sees((HOST, port, SERVER, 53), (NAT, port, SERVER, 53)))
        t.out(*sees((HOST2, port, SERVER2, 53), (NAT2, port, SERVER2, 53)))
    t.write("rfc4787_req2_a_host_keeps_its_address_of_the_pool")

    t = Talk(source_nat())
    t.out(*sees((HOST, 4000, SERVER, 53), (NAT, 4000, SERVER, 53)))
    t.out(*sees((HOST2, 40000, SERVER, 53), (NAT, 40000, SERVER, 53)))
    t.write("rfc4787_req3_a_port_that_is_free_is_preserved")

    t = Talk(source_nat())
    t.out(*sees((HOST, 4000, SERVER, 53), (NAT, 4000, SERVER, 53)))
    t.out(*sees((HOST2, 4000, SERVER2, 53), (NAT, 4002, SERVER2, 53)))
    t.back(*sees((SERVER, 53, NAT, 4000), (SERVER, 53, HOST, 4000)))
    t.back(*sees((SERVER2, 53, NAT, 4002), (SERVER2, 53, HOST2, 4000)))
    t.write("rfc4787_req3_no_port_is_overloaded")

    t = Talk(source_nat())
    for host, port, seen in ((HOST, 4001, 4001), (HOST2, 4001, 4003), (HOST, 501, 1025), (HOST2, 500, 1024)):
        t.out(*sees((host, port, SERVER, 53), (NAT, seen, SERVER, 53)))
    t.write("rfc4787_req4_parity_is_preserved")


def filtering_cases():
    def talk(more, rules=(OUTWARDS,)):
        t = Talk(source_nat(more), rules)
        t.out(*sees((HOST, 4000, SERVER, 53), (NAT, 4000, SERVER, 53)))
        t.back(*sees((SERVER, 53, NAT, 4000), (SERVER, 53, HOST, 4000)))
        return t

    def comes(source, port):
        return sees((source, port, NAT, 4000), (source, port, HOST, 4000))

    def refused(source, port):
        return comes(source, port)[0], None, "nat_filtered"
    t = talk("filtering: endpoint_independent")
    t.back(*comes(SERVER, 54))
    t.back(*comes(SERVER2, 53))
    t.out(*sees((HOST, 4000, SERVER2, 53), (NAT, 4000, SERVER2, 53)))
    t.back(udp(SERVER2, 53, NAT, 4001), None, "not_served")
    t.write("rfc4787_req8_endpoint_independent_filtering")
    t = talk("filtering: address_dependent")
    t.back(*comes(SERVER, 54))
    t.back(*refused(SERVER2, 53))
    t.out(*sees((HOST, 4000, SERVER2, 99), (NAT, 4000, SERVER2, 99)))
    t.back(*comes(SERVER2, 53))
    t.write("rfc4787_req8_address_dependent_filtering")
    t = talk("")
    t.back(*refused(SERVER, 54))
    t.back(*refused(SERVER2, 53))
    t.write("rfc4787_req8_address_and_port_dependent_filtering_is_the_default")
    t = talk("filtering: endpoint_independent",
             (OUTWARDS, "{id: 20, action: deny, from: outside, source: 10.80.2.3/32}"))
    t.back(comes(SERVER2, 53)[0], None, "denied_by_rule")
    t.back(*comes(SERVER, 54))
    t.write("rfc4787_req8_a_rule_that_denies_holds")


def hairpin_cases():
    def bound(t):
        t.out(*sees((HOST, 4000, SERVER, 53), (NAT, 4000, SERVER, 53)))
        t.out(*sees((HOST2, 5000, SERVER, 53), (NAT, 5000, SERVER, 53)))
        return t
    t = bound(Talk(source_nat("filtering: endpoint_independent")))
    t.turn(*sees((HOST, 4000, NAT, 5000), (NAT, 4000, HOST2, 5000)))
    t.turn(*sees((HOST2, 5000, NAT, 4000), (NAT, 5000, HOST, 4000)))
    t.turn(*sees((HOST, 4000, NAT, 5000), (NAT, 4000, HOST2, 5000)))
    t.turn(udp(HOST, 4000, NAT, 6000), None, "not_served")
    t.write("rfc4787_req9_hosts_inside_meet_by_their_endpoints_outside")

    # Each opens the way for the other, as through two NATs.
    t = bound(Talk(source_nat()))
    t.turn(udp(HOST, 4000, NAT, 5000), None, "nat_filtered")
    t.turn(*sees((HOST2, 5000, NAT, 4000), (NAT, 5000, HOST, 4000)))
    t.turn(*sees((HOST, 4000, NAT, 5000), (NAT, 4000, HOST2, 5000)))
    t.write("rfc4787_req9_hosts_inside_are_filtered_as_others_are")

    # The host has no binding before.
    t = Talk(source_nat("filtering: endpoint_independent"))
    t.out(*sees((HOST2, 5000, SERVER, 53), (NAT, 5000, SERVER, 53)))
    t.turn(*sees((HOST, 4000, NAT, 5000), (NAT, 4000, HOST2, 5000)))
    t.out(*sees((HOST, 4000, SERVER, 53), (NAT, 4000, SERVER, 53)))
    t.write("rfc4787_req9_a_binding_may_begin_with_a_host_inside")

    t = Talk(source_nat("filtering: endpoint_independent"))
    t.out(tcp(HOST2, 80, SERVER, 8080, "S"), tcp(NAT, 1024, SERVER, 8080, "S", ttl=63))
    t.turn(tcp(HOST, 5000, NAT, 1024, "S"), tcp(NAT, 5000, HOST2, 80, "S", ttl=63))
    t.turn(tcp(HOST2, 80, NAT, 5000, "SA", seq=7, ack=101), tcp(NAT, 1024, HOST, 5000, "SA", 63, 7, 101))
    t.turn(tcp(HOST, 5000, NAT, 1024, "A", seq=101, ack=8), tcp(NAT, 5000, HOST2, 80, "A", 63, 101, 8))
    t.write("rfc5382_req8_hosts_inside_connect_by_their_endpoints_outside")


def tcp_cases():
    t = Talk(source_nat())
    for remote in (SERVER, SERVER2):
        t.out(tcp(HOST, 5000, remote, 80, "S"), tcp(NAT, 5000, remote, 80, "S", ttl=63))
        t.back(tcp(remote, 80, NAT, 5000, "SA", seq=7, ack=101),
               tcp(remote, 80, HOST, 5000, "SA", 63, 7, 101))
    t.write("rfc5382_req1_an_endpoint_keeps_its_mapping")

    t = Talk(source_nat())
    t.out(tcp(HOST, 5000, SERVER, 80, "S"), tcp(NAT, 5000, SERVER, 80, "S", ttl=63))
    t.back(tcp(SERVER, 80, NAT, 5000, "S", seq=7), tcp(SERVER, 80, HOST, 5000, "S", 63, 7))
    t.out(tcp(HOST, 5000, SERVER, 80, "SA", seq=100, ack=8), tcp(NAT, 5000, SERVER, 80, "SA", 63, 100, 8))
    t.back(tcp(SERVER, 80, NAT, 5000, "A", seq=8, ack=101), tcp(SERVER, 80, HOST, 5000, "A", 63, 8, 101))
    t.write("rfc5382_req2_both_may_open_at_once")

    t = Talk(source_nat("filtering: endpoint_independent"))
    t.out(tcp(HOST, 5000, SERVER, 80, "S"), tcp(NAT, 5000, SERVER, 80, "S", ttl=63))
    t.back(tcp(SERVER2, 81, NAT, 5000, "S"), tcp(SERVER2, 81, HOST, 5000, "S", ttl=63))
    t.out(tcp(HOST, 5000, SERVER2, 81, "SA", seq=9, ack=101), tcp(NAT, 5000, SERVER2, 81, "SA", 63, 9, 101))
    t.back(tcp(SERVER2, 82, NAT, 5000, "A"), None, "no_session")
    t.write("rfc5382_req3_endpoint_independent_filtering")

    t = Talk(source_nat())
    t.out(tcp(HOST, 5000, SERVER, 80, "S"), tcp(NAT, 5000, SERVER, 80, "S", ttl=63))
    t.back(tcp(SERVER2, 81, NAT, 5000, "S"), None, "nat_filtered")
    t.back(tcp(SERVER2, 81, NAT, 6000, "S"), None, "not_served")
    t.write("rfc5382_req4_nobody_answers_an_unsolicited_syn")

    t = Talk(source_nat())
    t.out(tcp(HOST, 5000, SERVER, 80, "S"), tcp(NAT, 5000, SERVER, 80, "S", ttl=63))
    t.out(tcp(HOST2, 5000, SERVER, 80, "S"), tcp(NAT, 5001, SERVER, 80, "S", ttl=63))
    t.write("rfc5382_req7_no_port_is_overloaded")

    t = Talk(source_nat())
    left = tcp(NAT, 5000, FAR, 80, "S", ttl=63)
    t.out(tcp(HOST, 5000, FAR, 80, "S"), left)
    t.back(error(SERVER, NAT, left), error(SERVER, HOST, tcp(HOST, 5000, FAR, 80, "S", ttl=63), ttl=63))
    t.back(tcp(FAR, 80, NAT, 5000, "SA", seq=7, ack=101), tcp(FAR, 80, HOST, 5000, "SA", 63, 7, 101))
    t.write("rfc5382_req10_an_error_does_not_end_a_connection")


def icmp_cases():
    t = Talk(source_nat())
    for remote in (SERVER, SERVER2):
        t.out(echo(HOST, remote, 2000), echo(NAT, remote, 2000, ttl=63))
        t.back(echo(remote, NAT, 2000, kind=0), echo(remote, HOST, 2000, kind=0, ttl=63))
    t.out(echo(HOST2, SERVER, 2000), echo(NAT, SERVER, 2001, ttl=63))
    t.back(echo(SERVER, NAT, 2001, kind=0), echo(SERVER, HOST2, 2000, kind=0, ttl=63))
    t.write("rfc5508_req1_an_identifier_keeps_its_mapping")

    t = Talk(source_nat("filtering: endpoint_independent"))
    t.out(echo(HOST, SERVER, 2000), echo(NAT, SERVER, 2000, ttl=63))
    t.out(echo(HOST2, SERVER, 2000), echo(NAT, SERVER, 2001, ttl=63))
    t.back(echo(SERVER2, NAT, 2001), echo(SERVER2, HOST2, 2000, ttl=63))
    t.out(echo(HOST2, SERVER2, 2000, kind=0), echo(NAT, SERVER2, 2001, kind=0, ttl=63))
    t.write("rfc5508_req2_an_echo_to_a_binding_reaches_its_host")

    # Nobody inside is to have it, so that we answer ourselves.
    t = Talk(source_nat())
    t.out(echo(HOST, SERVER, 2000), echo(NAT, SERVER, 2000, ttl=63))
    t.time += STEP
    t.put("outside.send", to_gw(echo(SERVER2, NAT, 2000), SERVER2_MAC, VMAC_OUT))
    t.put("outside.expect", from_gw(echo(NAT, SERVER2, 2000, kind=0), SERVER2_MAC, VMAC_OUT))
    t.write("rfc5508_req2_an_echo_that_is_filtered_is_ours")

    t = Talk(source_nat())
    left = udp(NAT, 4000, FAR, 53, ttl=63)
    t.out(udp(HOST, 4000, FAR, 53), left)
    t.back(error(SERVER, NAT, left), error(SERVER, HOST, udp(HOST, 4000, FAR, 53, ttl=63), ttl=63))
    t.back(error(SERVER, NAT, udp(NAT, 4001, FAR, 53)), None, "icmp_error_unknown")
    t.back(*sees((FAR, 53, NAT, 4000), (FAR, 53, HOST, 4000)))
    t.write("rfc5508_req4_an_error_from_outside_reaches_the_host")

    forward = ("destination_nat:\n  - {from: outside, address: 10.80.2.7, protocol: udp, ports: 53,"
               " to: 10.80.1.3, to_ports: 5353}\n")
    t = Talk(forward, (OUTWARDS, INWARDS))
    came = udp(SERVER, 4000, HOST2, 5353, ttl=63)
    t.back(udp(SERVER, 4000, DMZ, 53), came)
    t.out(error(HOST2, SERVER, came, kind=3, code=3),
          error(DMZ, SERVER, udp(SERVER, 4000, DMZ, 53, ttl=63), ttl=63, kind=3, code=3))
    t.write("rfc5508_req5_an_error_from_inside_hides_its_sender")

    t = Talk(source_nat("filtering: endpoint_independent"))
    t.out(*sees((HOST2, 5000, SERVER, 53), (NAT, 5000, SERVER, 53)))
    came = udp(NAT, 4000, HOST2, 5000, ttl=63)
    t.turn(udp(HOST, 4000, NAT, 5000), came)
    t.turn(error(HOST2, NAT, came, kind=3, code=3),
           error(NAT, HOST, udp(HOST, 4000, NAT, 5000, ttl=63), ttl=63, kind=3, code=3))
    t.write("rfc5508_req7_an_error_turns_back_to_a_host_inside")


def configured_cases():
    static = "static_nat:\n  - {port: outside, outside: 10.80.2.16/29, inside: 10.80.1.0/29}\n"
    t = Talk(static, (OUTWARDS, INWARDS))
    t.out(*sees((HOST, 500, SERVER, 500), (STATIC, 500, SERVER, 500)))
    t.back(*sees((SERVER, 500, STATIC, 500), (SERVER, 500, HOST, 500)))
    t.back(tcp(SERVER2, 5000, STATIC2, 80, "S"), tcp(SERVER2, 5000, HOST2, 80, "S", ttl=63))
    t.out(tcp(HOST2, 80, SERVER2, 5000, "SA", seq=7, ack=101),
          tcp(STATIC2, 80, SERVER2, 5000, "SA", 63, 7, 101))
    t.write("rfc3022_2_1_one_to_one_in_both_directions")

    t = Talk(static, (OUTWARDS, INWARDS))
    t.turn(echo(HOST, STATIC2, 7), echo(STATIC, HOST2, 7, ttl=63))
    t.turn(echo(HOST2, STATIC, 7, kind=0), echo(STATIC2, HOST, 7, kind=0, ttl=63))
    t.write("rfc5508_req7_an_echo_turns_back_one_to_one")

    forward = ("destination_nat:\n  - {from: outside, address: 10.80.2.5, protocol: tcp, ports: 8000-8009,"
               " to: 10.80.1.3, to_ports: 80-89}\n")
    only = ("{id: 20, action: allow, to: inside, protocol: tcp, destination: 10.80.1.3/32,"
            " destination_ports: 80}")
    t = Talk(source_nat() + forward, (OUTWARDS, only))
    t.back(tcp(SERVER, 5000, NAT, 8000, "S"), tcp(SERVER, 5000, HOST2, 80, "S", ttl=63))
    t.out(tcp(HOST2, 80, SERVER, 5000, "SA", seq=7, ack=101), tcp(NAT, 8000, SERVER, 5000, "SA", 63, 7, 101))
    t.back(tcp(SERVER, 5000, NAT, 8001, "S"), None, "no_rule")          # leads to port 81
    t.back(tcp(SERVER, 5000, NAT, 8010, "S"), None, "not_served")
    # Nobody is bound to a port that is forwarded.
    t.out(tcp(HOST, 8000, SERVER, 80, "S"), tcp(NAT, 8010, SERVER, 80, "S", ttl=63))
    t.write("rfc2663_3_a_port_forward_and_its_rule")

    t = Talk(source_nat() + forward, (OUTWARDS, only))
    t.turn(tcp(HOST, 5000, NAT, 8000, "S"), tcp(NAT, 5000, HOST2, 80, "S", ttl=63))
    t.turn(tcp(HOST2, 80, NAT, 5000, "SA", seq=7, ack=101), tcp(NAT, 8000, HOST, 5000, "SA", 63, 7, 101))
    t.write("rfc4787_req9_a_port_forward_serves_hosts_inside")

    t = Talk("source_nat:\n  - {from: inside, to: outside, source: [10.80.1.3/32], translate: none}\n"
             f"  - {{from: inside, to: outside, address: {NAT}}}\n")
    t.out(*sees((HOST, 4000, SERVER, 53), (NAT, 4000, SERVER, 53)))
    t.out(*sees((HOST2, 4000, SERVER, 53), (HOST2, 4000, SERVER, 53)))
    t.write("rfc3022_4_1_exceptions_keep_their_source")


def block_cases():
    def bound(t, host, port, seen):
        t.out(*sees((host, port, SERVER, 53), (NAT, seen, SERVER, 53)))

    # From the block of its own port on, at the same place in it.
    t = Talk(source_nat("block_size: 64"))
    bound(t, HOST, 4000, 4000)
    bound(t, HOST2, 4000, 4064)
    bound(t, HOST, 4001, 4001)
    bound(t, HOST, 50000, 3984)
    bound(t, HOST2, 50000, 4048)
    t.out(tcp(HOST, 4000, SERVER, 80, "S"), tcp(NAT, 4000, SERVER, 80, "S", ttl=63))
    t.back(*sees((SERVER, 53, NAT, 3984), (SERVER, 53, HOST, 50000)))
    t.write("rfc6888_req14_hosts_have_blocks_of_ports")

    t = Talk(source_nat("block_size: 64"))
    for port in range(4000, 4064):
        bound(t, HOST, port, 3968 + port % 64)
    bound(t, HOST2, 4064, 4064)
    bound(t, HOST, 4064, 4096 + 4064 % 64)
    t.write("rfc6888_req14_a_second_block_when_the_first_is_full")

    t = Talk(source_nat("block_size: 64, blocks_per_host: 1"))
    for port in range(4000, 4064):
        bound(t, HOST, port, 3968 + port % 64)
    t.out(udp(HOST, 4064, SERVER, 53), None, "nat_host_limit")
    bound(t, HOST2, 4064, 4064)
    t.out(*sees((HOST, 4000, SERVER2, 53), (NAT, 4000, SERVER2, 53)))
    t.write("rfc6888_req4_a_host_has_as_many_blocks_as_it_may")

    # Whole blocks alone: there is one, and it has no port that is forwarded.
    forward = ("destination_nat:\n  - {from: outside, address: 10.80.2.5, protocol: udp, ports: 2111,"
               " to: 10.80.1.3}\n")
    t = Talk(source_nat("block_size: 64, ports: 2040-2200") + forward)
    bound(t, HOST, 2111, 2112 + 63)
    t.out(udp(HOST2, 2050, SERVER, 53), None, "nat_ports_exhausted")
    t.out(udp(HOST2, 2180, SERVER, 53), None, "nat_ports_exhausted")
    t.write("rfc6888_req14_a_block_with_a_forwarded_port_is_nobodys")


CASES = (mapping_cases, filtering_cases, hairpin_cases, tcp_cases, icmp_cases, configured_cases, block_cases)


def make():
    for cases in CASES:
        cases()
