"""The firewall's sessions of IPv6: RFC 9293 over it, RFC 8200's headers, ICMPv6 by RFC 4443 and RFC 4890."""
from scapy.all import (GRE, TCP, UDP, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                       IPv6ExtHdrRouting, Pad1, PadN, Raw)

from cases.common import write_case
from cases.icmp import (ECHO6, ECHO_REPLY6, PARAMETER6, TIME_EXCEEDED6, TOO_BIG6, UNREACHABLE6, echo6, error6,
                        icmp6)
from cases.neighbours import solicitation
from cases.network import BEYOND, FAR6, HOST, HOST2, IN6, SERVER, Case, forwarded, two_ports, via

ALLOW_ALL = ["{id: 10, action: allow}"]
ROUND = 1 << 32
FAR = 0x40000000  # beyond any window of these cases
CASES = []


class Firewall(Case):
    """Host, second host and server are known; everything leaves by the port that it came in by."""

    def __init__(self, rules=ALLOW_ALL, sections="", sessions=1024, ports=None, met=(HOST, HOST2, SERVER)):
        super().__init__(ports, [via("::/0", SERVER.ip6)] if ports is None else ())
        before = "function: router, idle: pause, memory: 384MiB, ipv4_routes: 64, ipv6_routes: 64, "
        after = f"function: firewall, idle: pause, memory: 192MiB, sessions: 64, ipv6_sessions: {sessions}, "
        assert before in self.config
        self.config = self.config.replace(before, after)
        self.config += "rules:\n" + "".join(f"  - {rule}\n" for rule in rules) + sections
        self.meet6(*met)

    def write(self, name):
        alone = len(self.sent) == 1
        captures = {}
        for port_name in self.sent:
            prefix = "" if alone else f"{port_name}."
            captures[f"{prefix}send"] = self.sent[port_name]
            captures[f"{prefix}expect"] = self.expected[port_name]
        write_case(f"firewall/{name}", self.config, captures, self.drops)


def firewall6(function):
    """The folder has the function's name."""
    CASES.append(function)
    return function


def udp(source=HOST, destination=SERVER, sport=4000, dport=53, data=b"question", **fields):
    return IPv6(src=source.ip6, dst=destination.ip6, **fields) / UDP(sport=sport, dport=dport) / data


def answer(sport=53, dport=4000, destination=HOST, **fields):
    return udp(SERVER, destination, sport, dport, b"answer", **fields)


class Conversation(Firewall):
    """Client and server begin at 999 and 4999, so that data begins at 1000 and 5000."""

    def segment(self, source, station, tcp, drop):
        destination = SERVER if source is HOST else HOST
        packet = IPv6(src=source.ip6, dst=destination.ip6) / tcp
        if drop:
            self.dropped(drop, source, packet)
        else:
            self.passes(source, station, packet)

    def client(self, flags, seq, ack=0, data=b"", drop=None, **fields):
        fields = dict(window=8192) | fields
        self.segment(HOST, SERVER, TCP(sport=5000, dport=80, flags=flags, seq=seq % ROUND, ack=ack % ROUND,
                                       **fields) / data, drop)

    def server(self, flags, seq, ack=0, data=b"", drop=None, **fields):
        fields = dict(window=8192) | fields
        self.segment(SERVER, HOST, TCP(sport=80, dport=5000, flags=flags, seq=seq % ROUND, ack=ack % ROUND,
                                       **fields) / data, drop)

    def connect(self):
        self.client("S", 999)
        self.server("SA", 4999, 1000)
        self.client("A", 1000, 5000)
        return self


@firewall6
def rfc9293_3_5_handshake_and_data_over_ipv6():
    """RFC 9293 3.5: three segments, data both ways; nobody answers what nobody has asked."""
    talk = Conversation()
    talk.server("SA", 4999, 1000, drop="no_session")
    talk.client("A", 1000, 5000, drop="no_session")
    talk.connect()
    talk.client("PA", 1000, 5000, b"question")
    talk.server("PA", 5000, 1008, b"answer")
    talk.client("A", 1008, 5006)
    return talk


@firewall6
def rfc9293_3_10_7_3_an_answer_to_another_syn_over_ipv6_dropped():
    """RFC 9293 3.10.7.3: only the SYN that was sent can be answered."""
    talk = Conversation()
    talk.client("S", 999)
    for ack in (999, 1001, 1000 + FAR):
        talk.server("SA", 4999, ack, drop="tcp_unasked")
    talk.client("A", 1000, 5000, b"data", drop="tcp_unasked")
    talk.server("SA", 4999, 1000)
    return talk


@firewall6
def rfc9293_3_10_7_4_numbers_beyond_the_window_over_ipv6_dropped():
    """RFC 9293 3.10.7.4: the length of a segment is that of its payload, without the extension headers."""
    talk = Conversation().connect()
    talk.client("A", 1000 + 8192, 5000, b"x")
    talk.client("A", 1000 + 8193, 5000, b"x", drop="tcp_out_of_window")
    talk.server("A", 5000, 1001 + 8193, drop="tcp_bad_ack")
    options = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(12))])
    tcp = TCP(sport=5000, dport=80, flags="A", seq=1000, ack=5000, window=8192) / b"ten octets"
    talk.passes(HOST, SERVER, IPv6(src=HOST.ip6, dst=SERVER.ip6) / options / tcp)
    talk.server("A", 5000, 1010)
    return talk


@firewall6
def rfc9293_3_6_closed_over_ipv6_and_opened_anew():
    """RFC 9293 3.6: both sides close, and the same ports serve the next connection."""
    talk = Conversation().connect()
    talk.client("FA", 1000, 5000)
    talk.server("A", 5000, 1001, b"more")
    talk.server("FA", 5004, 1001)
    talk.client("A", 1001, 5005)
    talk.client("S", 2999)
    talk.server("SA", 7999, 3000)
    talk.client("A", 3000, 8000)
    return talk


@firewall6
def rfc9293_3_10_7_1_a_rejected_syn_over_ipv6_is_reset():
    """RFC 9293 3.10.7.1: as a host without that connection answers; a reset is answered by none."""
    case = Firewall(["{id: 5, action: reject, protocol: tcp}", *ALLOW_ALL])
    syn = IPv6(src=HOST.ip6, dst=SERVER.ip6) / TCP(sport=5000, dport=80, flags="S", seq=0xffffffff)
    case.dropped("rejected_by_rule", HOST, syn)
    reset = TCP(sport=80, dport=5000, flags="RA", seq=0, ack=0, window=0)
    case.gets(HOST, IPv6(src=SERVER.ip6, dst=HOST.ip6, hlim=64) / reset)
    case.passes(HOST, SERVER, udp())
    return case


@firewall6
def rfc5961_3_a_rst_over_ipv6_has_to_be_exact():
    """RFC 5961 3: within the window it goes on and ends nothing; the exact one ends."""
    talk = Conversation().connect()
    talk.server("R", 5001)
    talk.client("A", 1000, 5000, b"data")
    talk.server("R", 5000 + FAR, drop="tcp_out_of_window")
    talk.server("R", 5000)
    talk.client("S", 2999)
    talk.server("SA", 7999, 3000)
    return talk


@firewall6
def rfc4443_3_1_rejected_is_administratively_prohibited():
    """RFC 4443 3.1: code 1, about all that is no TCP; none about an error."""
    case = Firewall(["{id: 5, action: reject, destination: '2001:db8:2::/64'}", *ALLOW_ALL])
    case.refused("rejected_by_rule", HOST, udp(), UNREACHABLE6, 1)
    case.refused("rejected_by_rule", HOST, echo6(HOST.ip6, SERVER.ip6), UNREACHABLE6, 1)
    case.passes(HOST, SERVER, IPv6(src=HOST.ip6, dst=FAR6) / UDP(sport=1, dport=2))
    return case


@firewall6
def rfc4443_3_2_packet_too_big_is_told():
    """RFC 4443 3.2: nobody else cuts, so its sender has to know; of what no rule admits it hears nothing."""
    case = Firewall(["{id: 10, action: allow, from: lan, to: wan}"], ports=two_ports(9000, 1500),
                    met=(HOST, BEYOND))
    long = udp(HOST, BEYOND, data=bytes(1453))
    case.refused("too_big", HOST, long, TOO_BIG6, 0, 1500)
    case.passes(HOST, BEYOND, udp(HOST, BEYOND, data=bytes(1452)))
    case.refused("too_big", HOST, long, TOO_BIG6, 0, 1500)
    case.dropped("no_rule", BEYOND, udp(BEYOND, HOST, 1, 2))
    return case


@firewall6
def rfc4443_3_3_a_hop_limit_of_1_is_told():
    """RFC 4443 3.3: in the name of the port towards the sender."""
    case = Firewall()
    case.refused("ttl_expired", HOST, udp(hlim=1), TIME_EXCEEDED6, 0)
    case.passes(HOST, SERVER, udp(hlim=2))
    case.refused("ttl_expired", SERVER, answer(hlim=1), TIME_EXCEEDED6, 0)
    case.passes(SERVER, HOST, answer())
    return case


@firewall6
def rfc4443_4_2_an_echo_is_bound_to_its_session():
    """RFC 4443 4.1, 4.2: replies come back by the identifier; requests the other way are a session of their
    own, and replies that nobody asked for are none."""
    case = Firewall(["{id: 10, action: allow, source: '2001:db8:1::2', protocol: icmpv6, "
                     "icmp_types: [echo-request]}"])
    case.dropped("no_session", SERVER, echo6(SERVER.ip6, HOST.ip6, kind=ECHO_REPLY6))
    case.passes(HOST, SERVER, echo6(HOST.ip6, SERVER.ip6))
    case.passes(SERVER, HOST, echo6(SERVER.ip6, HOST.ip6, kind=ECHO_REPLY6))
    case.passes(HOST, SERVER, echo6(HOST.ip6, SERVER.ip6, sequence=2))
    case.dropped("no_session", SERVER, echo6(SERVER.ip6, HOST.ip6, kind=ECHO_REPLY6, identifier=8))
    case.dropped("no_rule", SERVER, echo6(SERVER.ip6, HOST.ip6, kind=ECHO6))
    case.dropped("no_rule", HOST2, echo6(HOST2.ip6, SERVER.ip6))
    return case


@firewall6
def rfc4443_4_2_a_firewall_answers_an_echo_to_itself():
    """RFC 4443 4.2: no rule is asked; other services are none, and keep silent."""
    case = Firewall(["{id: 10, action: deny}"])
    case.sends(HOST, echo6(HOST.ip6, IN6))
    case.gets(HOST, echo6(IN6, HOST.ip6, kind=ECHO_REPLY6, hlim=64))
    case.dropped("not_served", HOST, IPv6(src=HOST.ip6, dst=IN6) / UDP(sport=1, dport=2))
    case.dropped("not_served", HOST, IPv6(src=HOST.ip6, dst=IN6) / TCP(sport=1, dport=2))
    return case


@firewall6
def rfc4443_2_2_errors_about_a_session_reach_their_receiver():
    """RFC 4443 2.2, RFC 4890 4.3.1: all four kinds, from any router, unchanged but for a hop; the session
    goes on."""
    case = Firewall()
    sent = udp()
    case.passes(HOST, SERVER, sent)
    kinds = (UNREACHABLE6, 4, 0), (TOO_BIG6, 0, 1280), (TIME_EXCEEDED6, 0, 0), (PARAMETER6, 1, 6)
    for kind, code, word in kinds:
        case.passes(SERVER, HOST, error6("2001:db8:77::1", forwarded(sent), kind, code, word))
    options = IPv6(src=HOST.ip6, dst=SERVER.ip6) / IPv6ExtHdrDestOpt() / sent[UDP]
    case.passes(SERVER, HOST, error6("2001:db8:77::1", options, TOO_BIG6, 0, 1400))
    case.passes(SERVER, HOST, answer())
    case.passes(HOST, SERVER, error6(HOST.ip6, answer(), UNREACHABLE6, 4))
    return case


@firewall6
def rfc4890_4_3_1_errors_about_no_session_dropped():
    """RFC 4890 4.3.1: what nobody sent cannot have failed; nor comes an error from where its packet did not
    go, or for another than its packet's sender."""
    case = Firewall()
    sent = udp()
    case.passes(HOST, SERVER, sent)
    router = "2001:db8:77::1"
    case.dropped("icmp_error_unknown", SERVER, error6(router, udp(sport=4001), TOO_BIG6, 0, 1280))
    case.dropped("icmp_error_unknown", SERVER, error6(router, udp(HOST2), TOO_BIG6, 0, 1280))
    astray = icmp6(router, HOST2.ip6, TOO_BIG6, 0, 1280, bytes(sent))
    case.dropped("icmp_error_unknown", SERVER, astray)
    case.dropped("truncated", SERVER, icmp6(router, HOST.ip6, TOO_BIG6, 0, 1280, bytes(sent)[:39]))
    case.dropped("beyond_scope", SERVER, error6(SERVER.link_local, sent, TOO_BIG6, 0, 1280))
    case.passes(SERVER, HOST, error6(router, sent, TOO_BIG6, 0, 1280))
    return case


@firewall6
def rfc4890_4_3_4_unknown_and_link_messages_are_not_forwarded():
    """RFC 4890 4.3.3, 4.3.4: neighbour discovery, listener discovery and kinds without a meaning end here."""
    case = Firewall()
    for kind in (5, 100, 127, 130, 131, 133, 134, 135, 136, 137, 138, 143, 200, 255):
        case.dropped("icmp_type", HOST, icmp6(HOST.ip6, SERVER.ip6, kind, rest=bytes(32), hlim=255))
    case.dropped("icmp_type", HOST, solicitation(HOST.ip6, SERVER.ip6, HOST.mac, destination=SERVER.ip6))
    case.passes(HOST, SERVER, echo6(HOST.ip6, SERVER.ip6))
    return case


@firewall6
def rfc8200_4_1_extension_headers_are_walked():
    """RFC 8200 4.1: a session is by what lies behind them; options are their receivers' business."""
    case = Firewall(["{id: 10, action: allow, protocol: udp, destination_ports: 53}"])
    ip = IPv6(src=HOST.ip6, dst=SERVER.ip6)
    chains = [IPv6ExtHdrHopByHop(options=[Pad1(), Pad1()]),
              IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(20))]),
              IPv6ExtHdrRouting(segleft=0, addresses=[FAR6]), IPv6ExtHdrFragment(id=7),
              IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(id=8) / IPv6ExtHdrDestOpt()]
    for chain in chains:
        case.passes(HOST, SERVER, ip / chain / UDP(sport=4000, dport=53) / b"question")
        case.dropped("no_rule", HOST, ip / chain / UDP(sport=4000, dport=54) / b"question")
    case.passes(SERVER, HOST, answer())
    unknown = IPv6ExtHdrDestOpt(options=[PadN(otype=0xde, optdata=bytes(4))])
    case.passes(HOST, SERVER, ip / unknown / UDP(sport=4000, dport=53) / b"question")
    return case


@firewall6
def rfc8200_4_chains_that_lead_nowhere_dropped():
    """RFC 8200 4: nothing behind them, cut short, too many, a hop-by-hop header that is not the first."""
    case = Firewall()
    ip = IPv6(src=HOST.ip6, dst=SERVER.ip6)
    query = UDP(sport=4000, dport=53) / b"question"
    for protocol in (51, 59, 1, 132, 253):
        case.dropped("unknown_protocol", HOST, ip / IPv6ExtHdrDestOpt(nh=protocol) / bytes(16))
    case.dropped("truncated", HOST, ip / IPv6ExtHdrDestOpt(nh=17, len=5) / bytes(16))
    case.dropped("truncated", HOST, IPv6(src=HOST.ip6, dst=SERVER.ip6, nh=60) / b"\x11\0\1\4")
    case.dropped("truncated", HOST, ip / IPv6ExtHdrDestOpt(nh=17) / bytes(7))
    chain = IPv6ExtHdrDestOpt()
    for _ in range(7):
        chain = chain / IPv6ExtHdrDestOpt()
    case.passes(HOST, SERVER, ip / chain / query)
    case.dropped("bad_options", HOST, ip / chain / IPv6ExtHdrDestOpt() / query)
    case.dropped("bad_options", HOST, ip / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / query)
    return case


@firewall6
def rfc8200_4_5_fragments_dropped():
    """RFC 8200 4.5: as of IPv4, to others and to us; a packet that is whole is none (RFC 6946)."""
    case = Firewall()
    ip = IPv6(src=HOST.ip6, dst=SERVER.ip6)
    query = UDP(sport=4000, dport=53, len=24, chksum=0x1234) / bytes(16)
    case.dropped("fragment", HOST, ip / IPv6ExtHdrFragment(m=1, id=1) / query)
    case.dropped("fragment", HOST, ip / IPv6ExtHdrFragment(offset=3, id=1, nh=17) / bytes(16))
    case.dropped("fragment", HOST, ip / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(m=1, id=1) / query)
    echo = echo6(HOST.ip6, IN6)
    case.dropped("fragment", HOST, IPv6(src=HOST.ip6, dst=IN6) / IPv6ExtHdrFragment(m=1, id=2, nh=58) /
                 bytes(echo)[40:48])
    case.passes(HOST, SERVER, ip / IPv6ExtHdrFragment(id=3) / query)
    case.sends(HOST, IPv6(src=HOST.ip6, dst=IN6) / IPv6ExtHdrFragment(id=4, nh=58) / bytes(echo)[40:])
    case.gets(HOST, echo6(IN6, HOST.ip6, kind=ECHO_REPLY6, hlim=64))
    return case


@firewall6
def rfc8200_4_4_routing_headers_with_segments_left_dropped():
    """RFC 8200 4.4, RFC 5095 4.2: its packets are for somebody else than they say."""
    case = Firewall()
    query = UDP(sport=4000, dport=53) / b"question"
    for kind in (0, 2, 4):
        route = IPv6ExtHdrRouting(type=kind, segleft=1, addresses=[FAR6])
        case.dropped("source_route", HOST, IPv6(src=HOST.ip6, dst=SERVER.ip6) / route / query)
    case.passes(HOST, SERVER, udp())
    return case


@firewall6
def rfc8200_8_1_nothing_is_translated():
    """RFC 8200 8.1: addresses, ports, flow label and checksums leave as they came, wrong ones too."""
    case = Firewall()
    ip = IPv6(src=HOST.ip6, dst=SERVER.ip6, fl=0x12345, tc=0xb8)
    wrong = ip / UDP(sport=4000, dport=53, chksum=1) / b"q"
    case.passes(HOST, SERVER, wrong)
    case.passes(SERVER, HOST, answer(fl=0x54321))
    case.passes(HOST, SERVER, IPv6(src=HOST.ip6, dst=SERVER.ip6) / GRE(proto=0x6558) / b"tunnelled")
    case.passes(SERVER, HOST, IPv6(src=SERVER.ip6, dst=HOST.ip6) / GRE(proto=0x6558) / b"back")
    case.passes(HOST, SERVER, IPv6(src=HOST.ip6, dst=SERVER.ip6, nh=50) / Raw(bytes(24)))
    return case


@firewall6
def rfc4291_2_5_6_link_local_stays_on_its_link():
    """RFC 4291 2.5.2, 2.5.6: neither from nor to such an address; nor from nobody or from us."""
    case = Firewall()

    def query(source, destination):
        return IPv6(src=source, dst=destination) / UDP(sport=4000, dport=53) / b"question"
    case.dropped("beyond_scope", HOST, query(HOST.link_local, SERVER.ip6))
    case.dropped("beyond_scope", HOST, query(HOST.ip6, SERVER.link_local))
    case.dropped("martian_source", HOST, query("::", SERVER.ip6))
    case.dropped("martian_source", HOST, query(IN6, SERVER.ip6))
    case.dropped("not_joined", HOST, query(HOST.ip6, "ff0e::1"))
    case.passes(HOST, SERVER, udp())
    return case


@firewall6
def rfc8981_3_a_source_is_a_prefix_of_64():
    """RFC 8981 3: a host takes as many addresses of its link as it likes; limits count the link."""
    case = Firewall(sections="limits: {sessions_per_source: 3}\n")
    for number in range(3):
        ip = IPv6(src=f"2001:db8:1::{number:x}ff", dst=SERVER.ip6)
        case.passes(HOST, SERVER, ip / UDP(sport=1, dport=2))
    case.dropped("source_limit", HOST, udp())
    case.passes(SERVER, HOST, udp(SERVER, HOST, 9, 9))
    return case


@firewall6
def the_oldest_of_ipv6_gives_way_in_a_full_table():
    """A page of the table has 32 of them. Nobody has answered: the oldest gives way, and comes anew."""
    case = Firewall(sessions=16)
    flows = [*range(4000, 4032), 5000, 4000]
    for port in flows:
        case.passes(HOST, SERVER, udp(sport=port))
    case.passes(SERVER, HOST, answer(dport=5000))
    return case


def make():
    for function in CASES:
        function().write(function.__name__)
