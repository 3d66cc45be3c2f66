#!/usr/bin/env python3
"""Closes a test run with one line, "N passed, N failed", read from Meson's log: summary.py BUILD"""

import json
import sys


def main():
    passed = failed = skipped = 0
    with open(f"{sys.argv[1]}/meson-logs/testlog.json", encoding="utf-8") as log:
        for line in log:
            result = json.loads(line)["result"]
            passed += result == "OK"
            skipped += result == "SKIP"
            failed += result not in ("OK", "SKIP")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
