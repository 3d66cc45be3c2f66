#!/usr/bin/env python3
"""The house rules as a test. Prints one line a violation and fails if there is any.

house.py                     the quick rules over the tree (also run by ./dev lint)
house.py --headers BUILD     each header compiles alone, with the flags of BUILD/compile_commands.json
house.py --symbols PATH...   no DPDK or libbpf symbol in these static libraries, or in those below
"""
import argparse
import pathlib
import sys

sys.dont_write_bytecode = True  # the tree stays as it was checked out

import headers
import rules
import symbols

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--root', type=pathlib.Path, default=ROOT, help='the tree to check')
    parser.add_argument('--headers', type=pathlib.Path, metavar='BUILD')
    parser.add_argument('--symbols', type=pathlib.Path, nargs='+', metavar='PATH')
    options = parser.parse_args()

    if options.headers:
        found = headers.check(options.root, options.headers)
    elif options.symbols:
        found = symbols.check(options.symbols)
    else:
        found = rules.check(options.root)
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
