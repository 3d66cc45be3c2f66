#!/usr/bin/env python3
"""Debian's own checker has no complaint of the packages. Overrides in packaging/debian have their reasons."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='a build folder, compiled')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as out:
        made = [sys.executable, str(SOURCE / 'packaging/package.py'), '--build', options.build, '--out', out]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        changes = str(next(pathlib.Path(out).glob('*.changes')))
        said = subprocess.run(['lintian', '--allow-root', '--tag-display-limit', '0', '--show-overrides',
                               '--fail-on', 'error,warning', changes], capture_output=True, text=True)
        print(said.stdout + said.stderr, end='')
        sys.exit(said.returncode)


if __name__ == '__main__':
    main()
