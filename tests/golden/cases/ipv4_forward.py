"""What changes in an IPv4 packet on its way, and what does not."""
from scapy.all import IP, TCP, UDP, Raw

from cases.icmp import TIME_EXCEEDED, echo4
from cases.ipv4_headers import udp
from cases.network import DEFAULT4, FAR4, HOST, HOST2, IN4, SERVER, Case, router


def met(routes=(DEFAULT4,), **more):
    case = Case(routes=routes, **more)
    case.meet4(HOST, HOST2, SERVER)
    return case


@router
def rfc1812_5_2_1_forwarded_to_the_next_hops_mac():
    """RFC 1812 5.2.1.2: to a neighbour directly, to others by the next hop's MAC address; TTL and checksum
    new."""
    case = met()
    case.passes(HOST, SERVER, udp())
    case.passes(SERVER, HOST, IP(src=SERVER.ip4, dst=HOST.ip4) / TCP(sport=53, dport=4000, flags="SA"))
    case.passes(HOST, SERVER, udp(HOST.ip4, FAR4))
    case.passes(SERVER, HOST2, udp(FAR4, HOST2.ip4, ttl=255))
    return case


@router
def rfc1812_5_2_1_payload_is_not_looked_at():
    """RFC 1812 5.2.1: what IPv4 carries is its ends' affair: any protocol, no payload, broken headers in
    it."""
    case = met()
    for protocol in (0, 2, 4, 47, 50, 58, 89, 132, 255):
        case.passes(HOST, SERVER, IP(src=HOST.ip4, dst=SERVER.ip4, proto=protocol) / Raw(b"\xff" * 5))
    for payload in (TCP(dataofs=1), TCP(dataofs=15), UDP(len=1), UDP(chksum=0) / b"none",
                    UDP(chksum=0x1111) / b"wrong", Raw(b"")):
        case.passes(HOST, SERVER, IP(src=HOST.ip4, dst=SERVER.ip4) / payload)
    case.passes(HOST, SERVER, echo4(HOST.ip4, SERVER.ip4, kind=13))
    return case


@router
def rfc1812_5_2_7_2_back_through_its_port_without_redirect():
    """RFC 1812 5.2.7.2: a packet that leaves through the port it came by is forwarded; redirects are not
    sent."""
    case = met()
    case.passes(HOST, HOST2, udp(HOST.ip4, HOST2.ip4))
    case.passes(HOST2, HOST, udp(HOST2.ip4, HOST.ip4))
    return case


@router
def rfc1812_5_3_1_ttl_of_2_leaves_as_1():
    """RFC 1812 5.3.1: TTL is taken down by one, and a packet with one hop left is sent on."""
    case = met()
    case.passes(HOST, SERVER, udp(ttl=2))
    case.passes(HOST, SERVER, udp(HOST.ip4, FAR4, ttl=2))
    case.passes(HOST, SERVER, udp(ttl=255))
    return case


@router
def rfc1812_5_3_1_ttl_of_1_is_not_forwarded():
    """RFC 1812 5.3.1, RFC 792: a packet whose last hop this is ends here, and its source is told: 11/0."""
    case = met()
    case.refused("ttl_expired", HOST, udp(ttl=1, id=9), TIME_EXCEEDED, 0)
    case.refused("ttl_expired", HOST, udp(HOST.ip4, FAR4, ttl=1, id=10), TIME_EXCEEDED, 0)
    return case


@router
def rfc1812_4_2_2_9_ttl_of_0_is_not_forwarded():
    """RFC 1812 4.2.2.9: nobody may send TTL 0; whoever does is treated as with 1, and it does not wrap to
    255."""
    case = met()
    case.refused("ttl_expired", HOST, udp(ttl=0), TIME_EXCEEDED, 0)
    return case


@router
def rfc1122_3_2_1_7_ttl_of_1_to_us_is_taken():
    """RFC 1122 3.2.1.7: a packet for an own address has arrived: no hop is spent on it."""
    case = met()
    for ttl in (1, 0):
        case.sends(HOST, echo4(HOST.ip4, IN4, ttl=ttl, id=5))
        case.gets(HOST, echo4(IN4, HOST.ip4, kind=0, ttl=64, id=5))
    return case


@router
def rfc2474_3_dscp_is_kept():
    """RFC 2474 3: the codepoint of a packet is left as it is."""
    case = met()
    for codepoint in (0, 8, 10, 46, 48, 63):
        case.passes(HOST, SERVER, udp(tos=codepoint << 2))
    return case


@router
def rfc3168_5_ecn_is_kept():
    """RFC 3168 5: a router that marks nothing leaves all four values of the ECN field alone."""
    case = met()
    for ecn in range(4):
        case.passes(HOST, SERVER, udp(tos=0xb8 | ecn))
    return case


@router
def rfc6864_4_identification_and_df_are_kept():
    """RFC 6864 4: identification and DF are the source's, whatever they are."""
    case = met()
    for identification in (0, 1, 0xffff):
        for flags in (0, "DF"):
            case.passes(HOST, SERVER, udp(id=identification, flags=flags))
    return case


@router
def rfc1812_4_2_2_7_fragments_are_forwarded_as_they_come():
    """RFC 1812 4.2.2.7: a router does not reassemble what it forwards: each fragment goes on by itself."""
    case = met()
    payload = bytes(range(64))
    for frag, flags in ((0, "MF"), (8, "MF"), (16, 0), (8000, 0), (1, "MF")):
        fragment = IP(src=HOST.ip4, dst=SERVER.ip4, proto=17, id=99, frag=frag, flags=flags) / Raw(payload)
        case.passes(HOST, SERVER, fragment)
    case.passes(HOST, SERVER, IP(src=HOST.ip4, dst=SERVER.ip4, proto=6, flags="MF") / Raw(payload[:8]))
    return case

