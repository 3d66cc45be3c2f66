#!/usr/bin/env python3
"""Prints the build targets that are installed: installed_targets.py BUILD"""

import json
import os
import subprocess
import sys


def main():
    build = os.path.abspath(sys.argv[1])
    said = subprocess.run(['meson', 'introspect', build, '--targets'], check=True, capture_output=True)
    for target in json.loads(said.stdout):
        if target['installed']:
            print(*(os.path.relpath(path, build) for path in target['filename']), sep='\n')


if __name__ == '__main__':
    main()
