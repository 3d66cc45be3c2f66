"""Packets for the router's own IPv4 addresses."""
from scapy.all import IP, TCP, UDP, Raw

from cases.icmp import UNREACHABLE, echo4, message4
from cases.ipv4_forward import met
from cases.ipv4_headers import udp
from cases.network import FAR4, HOST, IN4, OUT4, SERVER, router

PATTERN = bytes(i * 3 & 0xff for i in range(4000))


def answered(case, station, source, asked, data=b"an odd number", **fields):
    case.sends(station, echo4(source, asked, data, **fields))
    case.gets(station, echo4(asked, source, data, kind=0, **(fields | dict(ttl=64))))


@router
def rfc1122_3_2_2_6_echo_is_answered():
    """RFC 1122 3.2.2.6: identifier, sequence number and data come back, from the address that was asked."""
    case = met()
    answered(case, HOST, HOST.ip4, IN4, identifier=0x1234, sequence=0xffff, id=5)
    answered(case, HOST, HOST.ip4, IN4, b"", identifier=0, sequence=0, id=6)
    answered(case, HOST, HOST.ip4, OUT4, id=7)
    answered(case, SERVER, SERVER.ip4, OUT4, id=8)
    return case


@router
def rfc1122_3_2_2_6_echo_of_1400_bytes_is_answered():
    """RFC 1122 3.2.2.6: all data comes back."""
    case = met()
    for length in (1400, 1472):
        answered(case, HOST, HOST.ip4, IN4, PATTERN[:length], flags="DF")
    return case


@router
def rfc792_echo_from_afar_is_answered_by_the_route():
    """RFC 792: the reply goes to the asker by the route there."""
    case = met()
    answered(case, SERVER, FAR4, IN4, ttl=3)
    answered(case, SERVER, FAR4, OUT4, ttl=255)
    return case


@router
def rfc1812_4_3_2_5_a_reply_keeps_tos_df_and_identification():
    """RFC 1349 5.1, RFC 1812 4.3.2.5: the reply has the request's TOS; its DF and identification too, and TTL
    64."""
    case = met()
    for fields in (dict(tos=0xb8, id=0), dict(flags="DF", id=0xffff),
                   dict(tos=0x03, flags="DF", id=1, ttl=2)):
        answered(case, HOST, HOST.ip4, IN4, **fields)
    return case


@router
def rfc894_padding_is_not_echoed():
    """RFC 894: the frame's padding is no data of the request."""
    case = met()
    request = bytes(echo4(HOST.ip4, IN4, b"x"))
    case.sends(HOST, request + b"\xaa" * (46 - len(request)))
    case.gets(HOST, echo4(IN4, HOST.ip4, b"x", kind=0))
    return case


@router
def rfc1122_3_2_2_1_udp_to_us_is_port_unreachable():
    """RFC 1122 3.2.2.1: nobody listens here: 3/3, from the address towards the asker."""
    case = met()
    for port in (53, 33434):
        packet = udp(HOST.ip4, IN4, id=port)
        packet[UDP].dport = port
        case.refused("not_served", HOST, packet, UNREACHABLE, 3)
    case.refused("not_served", HOST, udp(HOST.ip4, OUT4, ttl=1), UNREACHABLE, 3)
    return case


@router
def rfc1122_3_2_2_1_unknown_protocol_to_us_is_protocol_unreachable():
    """RFC 1122 3.2.2.1: a protocol that is not spoken here: 3/2."""
    case = met()
    for protocol in (2, 4, 41, 47, 89, 132, 255):
        packet = IP(src=HOST.ip4, dst=IN4, proto=protocol) / Raw(b"hello")
        case.refused("not_served", HOST, packet, UNREACHABLE, 2)
    return case


@router
def rfc9293_3_5_2_tcp_to_us_is_silent():
    """RFC 9293 3.5.2 asks a host for a reset; this router offers nothing by TCP and keeps silent."""
    case = met()
    for flags in ("S", "A", "R", "FPU", ""):
        case.dropped("not_served", HOST, IP(src=HOST.ip4, dst=IN4) / TCP(sport=1, dport=22, flags=flags))
    return case


@router
def rfc1122_3_2_2_other_icmp_to_us_is_silent():
    """RFC 1122 3.2.2: types that are unknown or not offered, and errors about what we did not send, end
    here."""
    case = met()
    quoted = bytes(udp(IN4, HOST.ip4))[:28]
    for kind in (0, 3, 4, 5, 9, 10, 11, 12, 13, 15, 17, 42, 255):
        message = message4(kind, 0, 0, quoted)
        case.dropped("not_served", HOST, IP(src=HOST.ip4, dst=IN4, proto=1) / Raw(message))
    answered(case, HOST, HOST.ip4, IN4)
    return case
