"""What firewall and router cases share: frames, captures, folders."""
import pathlib
import struct

from scapy.all import ARP, Ether, RawPcapWriter

GOLDEN = pathlib.Path(__file__).parent.parent
BROADCAST = "ff:ff:ff:ff:ff:ff"
NO_MAC = "00:00:00:00:00:00"


def write_capture(path, packets):
    """`packets` are frames, or pairs of seconds and frame. The runner's clock follows the time stamps."""
    writer = RawPcapWriter(str(path), linktype=1)
    writer.write_header(None)
    for packet in packets:
        seconds, frame = packet if isinstance(packet, tuple) else (0, packet)
        micros = round(seconds * 1_000_000)
        writer.write_packet(bytes(frame), sec=micros // 1_000_000, usec=micros % 1_000_000)
    writer.close()


def write_case(name, config, captures, drops):
    """captures: {"send": [...], "expect": [...]}, each name with "PORT." before it if there are several."""
    folder = GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(config)
    for capture, packets in captures.items():
        write_capture(folder / f"{capture}.pcap", packets)
    lines = [f"{reason} {count}\n" for reason, count in sorted(drops.items())]
    (folder / "drops.txt").write_text("".join(lines))


def arp_ask(sender, mac, target, to=BROADCAST, **fields):
    fields = dict(op=1, hwsrc=mac, psrc=sender, hwdst=NO_MAC, pdst=target) | fields
    return Ether(src=mac, dst=to) / ARP(**fields)


def arp_answer(address, mac, asker, asker_mac, **fields):
    fields = dict(op=2, hwsrc=mac, psrc=address, hwdst=asker_mac, pdst=asker) | fields
    return Ether(src=mac, dst=asker_mac) / ARP(**fields)


def internet_checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff
