"""ICMP of both families from scratch, with checksums of our own reckoning."""
import socket
import struct

from scapy.all import IP, IPv6, Raw

from cases.common import internet_checksum

UNREACHABLE, TIME_EXCEEDED, PARAMETER = 3, 11, 12
UNREACHABLE6, TOO_BIG6, TIME_EXCEEDED6, PARAMETER6 = 1, 2, 3, 4
ECHO6, ECHO_REPLY6 = 128, 129
QUOTE4 = 576 - 20 - 8
QUOTE6 = 1280 - 40 - 8


def message4(kind, code, word, rest=b""):
    """Type, code, checksum, the second word, and what follows it."""
    bare = struct.pack("!BBHI", kind, code, 0, word) + rest
    return bare[:2] + struct.pack("!H", internet_checksum(bare)) + bare[4:]


def source_of(packet):
    """`packet` is scapy's, or bytes."""
    if not isinstance(packet, bytes):
        return packet.src
    if packet[0] >> 4 == 6:
        return socket.inet_ntop(socket.AF_INET6, packet[8:24])
    return socket.inet_ntop(socket.AF_INET, packet[12:16])


def error4(source, about, kind, code, word=0):
    """Also says what RFC 1812 4.3.2 asks of its header."""
    header = IP(src=source, dst=source_of(about), proto=1, tos=0xc0, id=0, flags="DF", ttl=64)
    return header / Raw(message4(kind, code, word, bytes(about)[:QUOTE4]))


def echo4(source, destination, data=b"an odd number", kind=8, identifier=7, sequence=1, **fields):
    word = identifier << 16 | sequence
    return IP(src=source, dst=destination, proto=1, **fields) / Raw(message4(kind, 0, word, data))


def message6(source, destination, kind, code, word, rest=b"", wrong=0):
    """With the checksum over the pseudo-header of RFC 8200 section 8.1. `wrong` is added to it."""
    bare = struct.pack("!BBHI", kind, code, 0, word) + rest
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
    checksum = internet_checksum(ends + struct.pack("!II", len(bare), 58) + bare) + wrong
    return bare[:2] + struct.pack("!H", checksum & 0xffff) + bare[4:]


def icmp6(source, destination, kind, code=0, word=0, rest=b"", **fields):
    return IPv6(src=source, dst=destination, nh=58, **fields) / Raw(
        message6(source, destination, kind, code, word, rest))


def error6(source, about, kind, code, word=0):
    return icmp6(source, source_of(about), kind, code, word, bytes(about)[:QUOTE6], hlim=64)


def echo6(source, destination, data=b"an odd number", kind=ECHO6, identifier=7, sequence=1, **fields):
    return icmp6(source, destination, kind, 0, identifier << 16 | sequence, data, **fields)
