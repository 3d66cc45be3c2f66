"""The firewall's cases."""
from scapy.all import ARP, ICMP, IP, TCP, UDP, Dot1Q, Ether, IPOption_RR, IPv6, Raw

from cases.common import BROADCAST, NO_MAC, arp_answer as answer, arp_ask as ask, write_case

VMAC_IN, VMAC_OUT = "02:53:57:00:01:01", "02:53:57:00:02:01"
HOST_MAC, HOST2_MAC, SERVER_MAC = "02:00:00:00:01:02", "02:00:00:00:01:03", "02:00:00:00:02:02"
HOST, HOST2, SERVER, FAR = "10.80.1.2", "10.80.1.3", "10.80.2.2", "192.0.2.9"
IN, OUT, NAT = "10.80.1.1", "10.80.2.1", "10.80.2.5"
ALLOW_ALL = ["{id: 10, action: allow}"]

HEAD = """node: {name: golden, role: active, management: "unix:/tmp/golden.sock"}
dataplane: {function: firewall, idle: pause, memory: 128MiB, sessions: 1024}
"""
TWO_PORTS = """ports:
  - {name: inside, device: net_pcap0, mac: "02:53:57:00:01:01", addresses: [10.80.1.1/24]}
  - {name: outside, device: net_pcap1, mac: "02:53:57:00:02:01", addresses: [10.80.2.1/24]}
"""
# Both subnets on one port: what is sent lies in one capture, so its order is exact.
ONE_PORT = """ports:
  - {name: lan, device: net_pcap0, mac: "02:53:57:00:01:01", addresses: [10.80.1.1/24, 10.80.2.1/24]}
"""


def config(ports, rules, nat=None, sessions=1024):
    head = HEAD.replace("sessions: 1024", f"sessions: {sessions}")
    text = head + ports + "routes:\n  - {to: 0.0.0.0/0, via: 10.80.2.2}\n"
    text += "rules:\n" + "".join(f"  - {rule}\n" for rule in rules) if rules else "rules: []\n"
    if nat:
        text += f"source_nat:\n  - {nat}\n"
    return text + "arbiter: none\n"


def case(name, text, captures, drops=None):
    write_case(f"firewall/{name}", text, captures, drops or {})


def one_port(name, send, expect, drops=None, rules=ALLOW_ALL, nat=None, sessions=1024):
    case(name, config(ONE_PORT, rules, nat, sessions), {"send": send, "expect": expect}, drops)


def to_gw(payload, mac=HOST_MAC, vmac=VMAC_IN):
    return Ether(src=mac, dst=vmac) / payload


def from_gw(payload, mac=SERVER_MAC, vmac=VMAC_IN):
    return Ether(src=vmac, dst=mac) / payload


def ip(source, destination, **fields):
    return IP(src=source, dst=destination, **fields)


# Host, second host and server make themselves known by asking for us; three answers come back.
KNOWN = [ask(HOST, HOST_MAC, IN), ask(HOST2, HOST2_MAC, IN), ask(SERVER, SERVER_MAC, OUT)]
GREETED = [answer(IN, VMAC_IN, HOST, HOST_MAC), answer(IN, VMAC_IN, HOST2, HOST2_MAC),
           answer(OUT, VMAC_IN, SERVER, SERVER_MAC)]
SNAT = "{to: lan, address: 10.80.2.5, ports: 1024-65535}"


def arp_cases():
    # The last frame claims an address of ours: we announce what is ours, and twice again within 150 ms.
    announced = [Ether(src=VMAC_IN, dst=BROADCAST) /
                 ARP(op=1, hwsrc=VMAC_IN, psrc=a, hwdst=NO_MAC, pdst=a) for a in (IN, OUT, NAT)]
    short = bytes(ask(HOST, HOST_MAC, IN))[:30]
    one_port("arp_request_answered",
             [ask(HOST, HOST_MAC, IN), ask(SERVER, SERVER_MAC, OUT), ask(SERVER, SERVER_MAC, NAT),
              Ether(bytes(ask(HOST, HOST_MAC, IN)) + bytes(18)),         # padded to the link's minimum
              ask(HOST, HOST_MAC, HOST2),                                # not about us
              Ether(src=HOST2_MAC, dst=VMAC_IN) /
              ARP(op=2, hwsrc=HOST2_MAC, psrc=HOST2, hwdst=VMAC_IN, pdst=IN),  # nobody asked
              short, ask(HOST, HOST_MAC, IN, plen=6),
              ask(IN, HOST_MAC, OUT)],
             [answer(IN, VMAC_IN, HOST, HOST_MAC), answer(OUT, VMAC_IN, SERVER, SERVER_MAC),
              answer(NAT, VMAC_IN, SERVER, SERVER_MAC), answer(IN, VMAC_IN, HOST, HOST_MAC),
              *announced * 3],
             {"arp_not_for_us": 1, "arp_unasked": 1, "arp_malformed": 2, "arp_conflict": 1}, nat=SNAT)

    # The next hop is unknown: the packet waits for the answer, and a packet too many does not.
    udp = [ip(HOST, SERVER, id=i) / UDP(sport=4000, dport=53) / b"q" for i in range(9)]
    reply = Ether(src=SERVER_MAC, dst=VMAC_IN) / ARP(op=2, hwsrc=SERVER_MAC, psrc=SERVER, hwdst=VMAC_IN,
                                                     pdst=OUT)
    one_port("arp_resolves_the_next_hop", [*[to_gw(p) for p in udp], reply],
             [Ether(src=VMAC_IN, dst=BROADCAST) / ARP(op=1, hwsrc=VMAC_IN, psrc=OUT,
                                                      hwdst=NO_MAC, pdst=SERVER),
              *[from_gw(ip(HOST, SERVER, id=i, ttl=63) / UDP(sport=4000, dport=53) / b"q")
                for i in range(8)]],
             {"neighbour_queue_full": 1, "arp_done": 1})


def local_cases():
    def echo(kind, **fields):
        source, destination = (HOST, IN) if kind == 8 else (IN, HOST)
        return ip(source, destination, **fields) / ICMP(type=kind, id=7, seq=1) / b"an odd number"
    one_port("echo_to_own_address",
             [*KNOWN, to_gw(echo(8, ttl=1, id=5)),                      # for us: no hop is spent
              to_gw(ip(HOST, OUT) / UDP(sport=1, dport=1)), to_gw(ip(HOST, OUT) / TCP(sport=1, dport=1)),
              to_gw(ip(HOST, OUT, proto=89) / b"hello")],
             [*GREETED, from_gw(echo(0, ttl=64, id=5), HOST_MAC)], {"not_served": 3})


def nat_cases():
    query = ip(HOST, SERVER, id=1) / UDP(sport=4000, dport=53) / b"question"
    syn = ip(HOST, FAR, id=2) / TCP(sport=5000, dport=80, flags="S", seq=100)
    rule = ["{id: 10, action: allow, from: inside, to: outside}"]
    answered = UDP(sport=53, dport=4000) / b"answer"
    syn_ack = TCP(sport=80, dport=5000, flags="SA", seq=7, ack=101)

    def outside(payload):
        return to_gw(payload, SERVER_MAC, VMAC_OUT)
    case("forward_with_snat_and_back",
         config(TWO_PORTS, rule, "{from: inside, to: outside, address: 10.80.2.1, ports: 1024-65535}"),
         {"inside.send": [ask(HOST, HOST_MAC, IN), to_gw(query), to_gw(syn)],
          "outside.send": [ask(SERVER, SERVER_MAC, OUT), outside(ip(SERVER, OUT, id=3) / answered),
                           outside(ip(FAR, OUT, id=4, ttl=50) / syn_ack),
                           outside(ip(FAR, HOST, id=5) / syn_ack),  # past the translation
                           outside(query)],                         # an inside tuple, forged
          "inside.expect": [answer(IN, VMAC_IN, HOST, HOST_MAC),
                            from_gw(ip(SERVER, HOST, id=3, ttl=63) / answered, HOST_MAC),
                            from_gw(ip(FAR, HOST, id=4, ttl=49) / syn_ack, HOST_MAC)],
          "outside.expect": [Ether(src=VMAC_OUT, dst=BROADCAST) /
                             ARP(op=1, hwsrc=VMAC_OUT, psrc=OUT, hwdst=NO_MAC, pdst=SERVER),
                             from_gw(ip(OUT, SERVER, id=1, ttl=63) / query[UDP], vmac=VMAC_OUT),
                             from_gw(ip(OUT, FAR, id=2, ttl=63) / syn[TCP], vmac=VMAC_OUT),
                             answer(OUT, VMAC_OUT, SERVER, SERVER_MAC)]},
         {"no_session": 1, "wrong_port": 1})

    def udp(source, port, **fields):
        return ip(source, SERVER, **fields) / UDP(sport=port, dport=53) / b"x"

    def echo(source, identifier, kind=8, **fields):
        return ip(source, SERVER, **fields) / ICMP(type=kind, id=identifier, seq=3) / b"ping"
    one_port("port_collision_gets_another_port",
             [*KNOWN, to_gw(udp(HOST, 4000)), to_gw(udp(HOST2, 4000), HOST2_MAC),
              to_gw(udp(HOST2, 500), HOST2_MAC),                          # outside the range
              to_gw(echo(HOST, 2000)), to_gw(echo(HOST2, 2000), HOST2_MAC),
              to_gw(ip(SERVER, NAT) / UDP(sport=53, dport=4002) / b"y", SERVER_MAC),
              to_gw(ip(SERVER, NAT) / ICMP(type=0, id=2001, seq=3) / b"ping", SERVER_MAC)],
             [*GREETED, from_gw(udp(NAT, 4000, ttl=63)), from_gw(udp(NAT, 4002, ttl=63)),
              from_gw(udp(NAT, 1024, ttl=63)),
              from_gw(echo(NAT, 2000, ttl=63)), from_gw(echo(NAT, 2001, ttl=63)),
              from_gw(ip(SERVER, HOST2, ttl=63) / UDP(sport=53, dport=4000) / b"y", HOST2_MAC),
              from_gw(ip(SERVER, HOST2, ttl=63) / ICMP(type=0, id=2000, seq=3) / b"ping", HOST2_MAC)],
             nat=SNAT)
    one_port("nat_ports_run_out",
             [*KNOWN, to_gw(udp(HOST, 4000)), to_gw(udp(HOST, 4001)), to_gw(udp(HOST, 4002))],
             [*GREETED, from_gw(udp(NAT, 3000, ttl=63)), from_gw(udp(NAT, 3001, ttl=63))],
             {"nat_ports_exhausted": 1}, nat="{to: lan, address: 10.80.2.5, ports: 3000-3001}")

    # The table is a page of 64 sessions at least. Nobody has answered: the oldest gives way, and comes anew.
    flows = [*range(4000, 4064), 5000, 4000]
    one_port("sessions_run_out", [*KNOWN, *[to_gw(udp(HOST, port)) for port in flows]],
             [*GREETED, *[from_gw(udp(HOST, port, ttl=63)) for port in flows]], sessions=16)

    none = UDP(sport=4000, dport=53, chksum=0) / b"no checksum"
    one_port("udp_checksum_0_stays_0", [*KNOWN, to_gw(ip(HOST, SERVER) / none)],
             [*GREETED, from_gw(ip(NAT, SERVER, ttl=63) / none)], nat=SNAT)


def icmp_error_cases():
    sent = ip(HOST, FAR, id=9) / UDP(sport=4000, dport=33434) / b"probe"
    left = ip(NAT, FAR, id=9, ttl=63) / UDP(sport=4000, dport=33434) / b"probe"
    back = ip(HOST, FAR, id=9, ttl=63) / UDP(sport=4000, dport=33434) / b"probe"
    router = "203.0.113.1"

    def error(destination, about, ttl=64):
        return ip(router, destination, ttl=ttl) / ICMP(type=11, code=0) / Raw(bytes(about)[:28])
    one_port("icmp_error_finds_its_session",
             [*KNOWN, to_gw(sent), to_gw(error(NAT, left), SERVER_MAC),
              to_gw(error(NAT, ip(NAT, FAR) / UDP(sport=4999, dport=33434)), SERVER_MAC),
              to_gw(error(NAT, b"too short"), SERVER_MAC)],
             [*GREETED, from_gw(left), from_gw(error(HOST, back, ttl=63), HOST_MAC)],
             {"icmp_error_unknown": 1, "truncated": 1}, nat=SNAT)


def tcp_cases():
    def fwd(flags, seq, ack=0, source=HOST, ttl=64):
        return ip(source, SERVER, ttl=ttl) / TCP(sport=5000, dport=80, flags=flags, seq=seq, ack=ack)

    def rev(flags, seq, ack=0, destination=NAT, ttl=64):
        return ip(SERVER, destination, ttl=ttl) / TCP(sport=80, dport=5000, flags=flags, seq=seq, ack=ack)
    talk = [(fwd, "S", 100, 0), (rev, "SA", 500, 101), (fwd, "A", 101, 501), (fwd, "PA", 101, 501),
            (fwd, "FA", 101, 501), (rev, "FA", 501, 102), (fwd, "A", 102, 502), (fwd, "S", 900, 0),
            (rev, "SA", 700, 901), (rev, "RA", 701, 901)]

    def sent(way, *numbers):
        return to_gw(way(*numbers), HOST_MAC if way is fwd else SERVER_MAC)

    def left(way, *numbers):
        if way is fwd:
            return from_gw(fwd(*numbers, source=NAT, ttl=63))
        return from_gw(rev(*numbers, destination=HOST, ttl=63), HOST_MAC)
    one_port("tcp_close_and_reopen",
             [*KNOWN, to_gw(fwd("A", 1, 1)),                             # nobody has opened this
              to_gw(rev("SA", 1, 1), SERVER_MAC), *[sent(*segment) for segment in talk],
              to_gw(rev("SA", 700, 901, destination=HOST), SERVER_MAC)],  # past the translation
             [*GREETED, *[left(*segment) for segment in talk]],
             {"no_session": 2, "not_served": 1}, nat=SNAT)


def drop_cases():
    good = ip(HOST, SERVER) / UDP(sport=4000, dport=53) / b"q"
    sent = from_gw(ip(HOST, SERVER, ttl=63) / UDP(sport=4000, dport=53) / b"q")
    one_port("ttl_1_dropped", [*KNOWN, to_gw(ip(HOST, SERVER, ttl=1) / UDP(sport=4000, dport=53)),
                               to_gw(ip(HOST, SERVER, ttl=0) / UDP(sport=4000, dport=53)), to_gw(good),
                               to_gw(ip(HOST, SERVER, ttl=2, id=8) / UDP(sport=4000, dport=53) / b"q")],
             [*GREETED, sent, from_gw(ip(HOST, SERVER, ttl=1, id=8) / UDP(sport=4000, dport=53) / b"q")],
             {"ttl_expired": 2})
    one_port("bad_checksum_dropped", [*KNOWN, to_gw(ip(HOST, SERVER, chksum=0x1234) / UDP() / b"q"),
                                      to_gw(ip(HOST, IN, chksum=0) / ICMP()), to_gw(good)],
             [*GREETED, sent], {"bad_checksum": 2})
    one_port("fragments_dropped", [*KNOWN, to_gw(ip(HOST, SERVER, flags="MF") / UDP() / bytes(24)),
                                   to_gw(ip(HOST, SERVER, frag=4) / bytes(24)),
                                   to_gw(ip(HOST, SERVER, flags="DF") / UDP(sport=4000, dport=53) / b"q")],
             [*GREETED, from_gw(ip(HOST, SERVER, flags="DF", ttl=63) / UDP(sport=4000, dport=53) / b"q")],
             {"fragment": 2})
    one_port("unknown_ethertype_dropped",
             [*KNOWN, Ether(src=HOST_MAC, dst=VMAC_IN) / IPv6() / b"six",
              Ether(src=HOST_MAC, dst="01:80:c2:00:00:0e", type=0x88cc) / b"lldp",
              Ether(src=HOST_MAC, dst=VMAC_IN) / Dot1Q(vlan=5) / good,
              Ether(src=HOST_MAC, dst=SERVER_MAC) / good, Ether(src=HOST_MAC, dst=BROADCAST) / good,
              b"\x02\x53\x57\x00\x01\x01\x02", to_gw(good)],
             [*GREETED, sent],
             {"unknown_ethertype": 2, "vlan_tag": 1, "not_our_mac": 1, "not_unicast": 1, "truncated": 1})
    # An option travels on unchanged; padding of the link does not travel on.
    option = dict(options=[IPOption_RR(length=7, pointer=4, routers=["0.0.0.0"])])
    one_port("malformed_headers_dropped",
             [*KNOWN, to_gw(ip(HOST, SERVER, version=6) / UDP()), to_gw(ip(HOST, SERVER, ihl=4) / UDP()),
              to_gw(ip(HOST, SERVER, len=400) / UDP()), to_gw(ip(HOST, SERVER, len=12) / UDP()),
              bytes(to_gw(ip(HOST, SERVER) / UDP()))[:30], to_gw(ip(HOST, SERVER, proto=17) / b"four"),
              to_gw(ip(HOST, SERVER) / TCP(dataofs=3)), to_gw(ip(HOST, SERVER) / TCP(dataofs=15)),
              to_gw(ip(HOST, SERVER, proto=132) / bytes(20)),
              to_gw(ip(HOST, SERVER) / ICMP(type=13, ts_ori=0, ts_rx=0, ts_tx=0)),
              to_gw(ip(HOST, SERVER) / ICMP(type=0, id=1)),
              Ether(bytes(to_gw(ip(HOST, SERVER, **option) / UDP(sport=4000, dport=53) / b"q")) + bytes(9))],
             [*GREETED, from_gw(ip(HOST, SERVER, ttl=63, **option) / UDP(sport=4000, dport=53) / b"q")],
             {"bad_version": 1, "bad_header_length": 3, "bad_total_length": 2, "truncated": 2,
              "unknown_protocol": 1, "icmp_type": 1, "no_session": 1})
    martian = lambda source, destination: to_gw(ip(source, destination) / UDP(sport=1, dport=2))
    one_port("martians_dropped",
             [*KNOWN, martian("224.0.0.1", SERVER), martian("255.255.255.255", SERVER),
              martian("127.0.0.1", SERVER),
              martian("0.0.0.0", SERVER), martian(IN, SERVER), martian(HOST, "224.0.0.5"),
              martian(HOST, "127.0.0.1"), martian(HOST, "10.80.2.255"), to_gw(good)],
             [*GREETED, sent], {"martian_source": 5, "martian_destination": 3})


def rule_cases():
    def udp(port, **fields):
        return ip(HOST, SERVER, **fields) / UDP(sport=4000, dport=port) / b"q"
    only_dns = "{id: 20, action: allow, protocol: udp, destination_ports: 53}"
    syn = ip(HOST, SERVER) / TCP(sport=4000, dport=53, flags="S")
    one_port("default_deny", [*KNOWN, to_gw(udp(54)), to_gw(syn), to_gw(udp(53))],
             [*GREETED, from_gw(udp(53, ttl=63))], {"no_rule": 2}, rules=[only_dns])
    deny = "{id: 10, action: deny, source: 10.80.1.3/32}"
    one_port("denied_by_rule",
             [*KNOWN, to_gw(ip(HOST2, SERVER) / UDP(sport=4000, dport=53), HOST2_MAC), to_gw(udp(53))],
             [*GREETED, from_gw(udp(53, ttl=63))], {"denied_by_rule": 1}, rules=[deny, only_dns])


def make():
    for cases in (arp_cases, local_cases, nat_cases, icmp_error_cases, tcp_cases, drop_cases, rule_cases):
        cases()
