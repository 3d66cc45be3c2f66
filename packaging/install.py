#!/usr/bin/env python3
"""Puts what a build folder installs below a prefix of the package's."""

import argparse
import json
import os
import shutil
import subprocess
import tempfile


def prefix_of(build):
    said = subprocess.run(['meson', 'introspect', build, '--buildoptions'], check=True, capture_output=True)
    return next(option['value'] for option in json.loads(said.stdout) if option['name'] == 'prefix')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='a meson build folder, compiled')
    parser.add_argument('--into', required=True, help='what is to be /usr; must not exist')
    options = parser.parse_args()
    into = os.path.abspath(options.into)
    os.makedirs(os.path.dirname(into), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(into)) as staged:
        subprocess.run(['meson', 'install', '-C', options.build, '--no-rebuild', '--quiet',
                        '--destdir', staged], check=True)
        # Programs find what is theirs by where they lie, so one build serves every prefix.
        shutil.move(staged + prefix_of(options.build), into)


if __name__ == '__main__':
    main()
