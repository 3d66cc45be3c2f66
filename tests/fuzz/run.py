#!/usr/bin/env python3
"""Runs fuzzers one after another from the corpus in the tree, and says how to replay what they find.

What a fuzzer finds new is kept in BUILD/fuzz/TARGET and is where it goes on the next time.
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TARGETS = ['fragments', 'frame', 'handshake', 'heartbeat', 'leader', 'packet', 'receiver']
CRASHED = 1
PROGRESS_SECONDS = 5


def parse():
    parser = argparse.ArgumentParser(prog='./dev fuzz', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('targets', nargs='*', metavar='TARGET',
                        help=' '.join(TARGETS) + ' (default: all)')
    parser.add_argument('--seconds', type=int, default=60, metavar='N', help='for each target (60)')
    parser.add_argument('--build', type=pathlib.Path, default='build-fuzz', help=argparse.SUPPRESS)
    parser.add_argument('--list', action='store_true', help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.targets = [target.removeprefix('fuzz_') for target in options.targets] or TARGETS
    for target in options.targets:
        if target not in TARGETS:
            parser.error(f"no target '{target}'; there are: {' '.join(TARGETS)}")
    if options.seconds < 1:
        parser.error('--seconds takes 1 or more')
    return options


def tell(lines):
    """Of what libFuzzer says: how far it is, every few seconds, and whatever is no routine."""
    told_at = 0.0
    for line in lines:
        if re.match(r'#\d+\s', line):
            now = time.monotonic()
            if now - told_at < PROGRESS_SECONDS and 'DONE' not in line:
                continue
            told_at = now
        elif line.startswith(('INFO:', '"', '######')):
            continue
        print(line, end='', flush=True)


def fuzz(options, target):
    """Returns the exit code of the fuzzer, or None where it was interrupted."""
    program = options.build / 'tests' / 'fuzz' / f'fuzz_{target}'
    found = options.build / 'fuzz' / target
    crashes = options.build / 'fuzz' / 'crashes'
    for folder in (found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    # What one input may take is bounded too: a peer must not make a node allocate what no format allows, nor
    # keep it busy.
    command = [program, f'-max_total_time={options.seconds}', '-max_len=2048', '-len_control=20',
               '-timeout=10', '-malloc_limit_mb=64', '-rss_limit_mb=2048',
               f'-artifact_prefix={crashes}/{target}-', found, HERE / 'corpus' / f'fuzz_{target}']
    print(f'== {target}: {options.seconds} s', flush=True)
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True,
                               errors='replace')
    try:
        tell(process.stderr)
        code = process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.communicate()
        return None
    for crash in sorted(set(crashes.iterdir()) - before):
        print(f'\n{target}: {crash}\nreplay: {program} {crash}\n'
              f'smaller: {program} -minimize_crash=1 -max_total_time=60 {crash}', flush=True)
    return code


def main():
    options = parse()
    if options.list:
        print('\n'.join(options.targets))
        return 0
    os.environ.setdefault('ASAN_SYMBOLIZER_PATH', '/usr/lib/llvm-14/bin/llvm-symbolizer')
    for target in options.targets:
        code = fuzz(options, target)
        if code is None:
            print(f'\nstopped; what {target} found new is in {options.build}/fuzz/{target}')
            return 130
        if code != 0:
            return CRASHED
    print('nothing found')
    return 0


if __name__ == '__main__':
    sys.exit(main())
