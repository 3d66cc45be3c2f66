"""Neighbour discovery messages (RFC 4861 section 4) from scratch."""
import socket
import struct

from scapy.all import Ether

from cases.icmp import icmp6

SOLICITATION, ADVERTISEMENT = 135, 136
SOURCE_LINK_LAYER, TARGET_LINK_LAYER = 1, 2
ROUTER, SOLICITED, OVERRIDE = 1 << 31, 1 << 30, 1 << 29
ALL_NODES, ALL_ROUTERS = "ff02::1", "ff02::2"


def packed(address):
    return socket.inet_pton(socket.AF_INET6, address)


def link_layer_option(kind, mac):
    return struct.pack("!BB", kind, 1) + bytes.fromhex(mac.replace(":", ""))


def solicited_node(address):
    """RFC 4291 section 2.7.1."""
    return socket.inet_ntop(socket.AF_INET6, packed("ff02::1:ff00:0")[:13] + packed(address)[13:])


def multicast_mac(group):
    """RFC 2464 section 7."""
    return "33:33:" + packed(group)[12:].hex(":")


def solicitation(source, target, mac=None, destination=None, options=b"", **fields):
    """`mac`: with a source link-layer address option."""
    if mac:
        options = link_layer_option(SOURCE_LINK_LAYER, mac) + options
    fields = dict(kind=SOLICITATION, rest=packed(target) + options, hlim=255) | fields
    return icmp6(source, destination or solicited_node(target), **fields)


def advertisement(target, flags, mac=None, destination=ALL_NODES, source=None, options=b"", **fields):
    if mac:
        options = link_layer_option(TARGET_LINK_LAYER, mac) + options
    fields = dict(kind=ADVERTISEMENT, word=flags, rest=packed(target) + options, hlim=255) | fields
    return icmp6(source or target, destination, **fields)


def neighbour_question(source, mac, target, to=None, destination=None):
    """To the solicited-node group, or to the one station `to`."""
    packet = solicitation(source, target, mac, destination)
    return Ether(src=mac, dst=to or multicast_mac(packet.dst), type=0x86dd) / packet


def neighbour_answer(address, mac, asker, asker_mac, flags=ROUTER | SOLICITED | OVERRIDE):
    packet = advertisement(address, flags, mac, destination=asker)
    return Ether(src=mac, dst=asker_mac, type=0x86dd) / packet


def announcement(address, mac, flags=ROUTER | OVERRIDE):
    """Of an address of its own, to everybody."""
    packet = advertisement(address, flags, mac)
    return Ether(src=mac, dst=multicast_mac(ALL_NODES), type=0x86dd) / packet
