#!/usr/bin/env python3
"""Makes mixed.pcap: a second of UDP of all sizes on several flows and some pings, from the rig's client to
its server. One way only, and every packet stands for itself, so a firewall that allows it lets each one
through.

mixed_pcap.py FILE           writes it
mixed_pcap.py --check FILE   fails unless FILE is what it would write
"""
import pathlib
import socket
import struct
import sys

CLIENT, SERVER = '10.80.1.2', '10.80.2.2'
FRAMES = 200
BETWEEN_US = 5000
FLOWS = 16
DISCARD_PORT = 9
UDP, ICMP = 17, 1
# Payload bytes: the least, the usual, and as much as fits an MTU of 1500.
SIZES = (0, 18, 64, 160, 512, 1024, 1400, 1472)


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def payload(number, size):
    return bytes((number * 31 + place * 7) & 0xff for place in range(size))


def udp(number, source, target):
    data = payload(number, SIZES[number % len(SIZES)])
    length = 8 + len(data)
    header = struct.pack('!HHHH', 20000 + number % FLOWS, DISCARD_PORT, length, 0)
    pseudo = source + target + struct.pack('!BBH', 0, UDP, length)
    right = checksum(pseudo + header + data) or 0xffff
    return header[:6] + struct.pack('!H', right) + data


def ping(number):
    data = payload(number, 56)
    header = struct.pack('!BBHHH', 8, 0, 0, 77, number)
    return struct.pack('!BBHHH', 8, 0, checksum(header + data), 77, number) + data


def frame(number):
    source, target = socket.inet_aton(CLIENT), socket.inet_aton(SERVER)
    protocol = ICMP if number % 10 == 9 else UDP
    body = ping(number) if protocol == ICMP else udp(number, source, target)
    header = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(body), number + 1, 0, 64, protocol, 0)
    header += source + target
    header = header[:10] + struct.pack('!H', checksum(header)) + header[12:]
    ethernet = bytes.fromhex('020000000002' '020000000001' '0800')
    return (ethernet + header + body).ljust(60, b'\0')


def capture():
    parts = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
    for number in range(FRAMES):
        data = frame(number)
        at_us = number * BETWEEN_US
        parts.append(struct.pack('<IIII', at_us // 1000000, at_us % 1000000, len(data), len(data)) + data)
    return b''.join(parts)


def main():
    path = pathlib.Path(sys.argv[-1])
    if sys.argv[1] != '--check':
        path.write_bytes(capture())
    elif path.read_bytes() != capture():
        sys.exit(f'{path} is not what {sys.argv[0]} writes')


if __name__ == '__main__':
    main()
