#!/usr/bin/env python3
"""Writes the golden cases: each folder's config.yaml, its captures, and the drops it expects.

Needs Debian's python3-scapy; only to change the cases. What is expected is built from scratch here, with full
checksums: nothing in it comes from the product's output.
"""
import sys

sys.dont_write_bytecode = True  # the tree stays as it was checked out

# Each module adds its cases to those of the router's network.
from cases import (arp, discovery, discovery_checks, firewall, fragments, icmp6_errors, icmp_errors,
                   ipv4_forward, ipv4_headers, ipv4_local, ipv6_headers, ipv6_local, nat, network,
                   options, policy, reassembly, routes, sessions6, tcp, vlan)

if __name__ == "__main__":
    firewall.make()
    nat.make()
    policy.make()
    sessions6.make()
    tcp.make()
    network.make()
