#!/usr/bin/env python3
"""For meson: the headers of the libraries that are installed. install_headers.py SOURCE INCLUDEDIR"""

import os
import pathlib
import shutil
import sys

FOLDERS = ['base', 'ckpt_engine', 'standby', 'quiesce']
PRIVATE = ['base/yaml', 'base/command_line', 'ckpt_engine/kvm', 'quiesce/plugin']


def main():
    source = pathlib.Path(sys.argv[1])
    into = pathlib.Path(os.environ['MESON_INSTALL_DESTDIR_PREFIX']) / sys.argv[2]
    for folder in FOLDERS:
        for header in sorted((source / folder).rglob('*.h')):
            relative = header.relative_to(source)
            if any(relative.is_relative_to(private) for private in PRIVATE):
                continue
            to = into / relative
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(header, to)
            to.chmod(0o644)


if __name__ == '__main__':
    main()
