"""The protocol half's libraries hold nothing of DPDK or libbpf, so the simulator links the very same ones."""
import re
import subprocess

FOREIGN = re.compile(r'\b(?:rte|bpf)_\w+')


def libraries_below(path):
    return sorted(path.rglob('*.a')) if path.is_dir() else [path]


def check(paths):
    found = []
    for path in paths:
        if not path.exists():
            found.append(f'{path}: does not exist')
            continue
        for library in libraries_below(path):
            result = subprocess.run(['nm', '-C', str(library)], capture_output=True, text=True, check=False)
            if result.returncode != 0:
                found.append(f'{library}: nm says {result.stderr.strip()}')
            for name in sorted(set(FOREIGN.findall(result.stdout))):
                found.append(f'{library}: holds {name}')
    return found
