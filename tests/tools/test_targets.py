#!/usr/bin/env python3
"""Prints the build targets that the tests of some suites need: test_targets.py BUILD SUITE..."""

import json
import os
import subprocess
import sys


def introspect(build, what):
    return json.loads(subprocess.run(["meson", "introspect", build, what], check=True, capture_output=True).stdout)


def main():
    build, suites = sys.argv[1], set(sys.argv[2:])
    files = {t["id"]: t["filename"] for t in introspect(build, "--targets")}
    needed = set()
    for test in introspect(build, "--tests"):
        if suites & {suite.split(":")[-1] for suite in test["suite"]}:
            for target in test["depends"]:
                needed.update(files.get(target, []))
    for path in sorted(needed):
        print(os.path.relpath(path, os.path.abspath(build)))


if __name__ == "__main__":
    main()
