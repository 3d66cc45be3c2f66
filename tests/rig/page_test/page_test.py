#!/usr/bin/env python3
"""The report's page in a real browser: stillwater-rig makes pages of made-up reports, headless Chromium
shows them light and dark, wide and narrow. Fails on anything the browser's console has to say, on a missing
section, a plot without a visible mark, text that is cut off or can hardly be read, and on a page wider than
its window.

page_test.py RIG [--keep FOLDER]    --keep: pages and screenshots stay there, to be looked at
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

sys.dont_write_bytecode = True  # the tree stays as it was checked out

import documents

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77  # as meson understands it
WIDTHS = (1280, 400)
# Blink's names for what a reader's system prefers.
SCHEMES = {'dark': 0, 'light': 1}
WITHIN_S = 60


def chromium(profile, scheme, *options):
    return subprocess.run(
        ['chromium', '--headless=old', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
         '--disable-extensions', '--no-first-run', '--hide-scrollbars', '--enable-logging=stderr', '--v=0',
         f'--user-data-dir={profile}', f'--blink-settings=preferredColorScheme={SCHEMES[scheme]}', *options],
        capture_output=True, text=True, errors='replace', timeout=WITHIN_S)


def framed(page, width):
    """The page in a frame of this width: a window of Chromium's own has a least width."""
    style = f'border:0;width:{width}px;height:4000px'
    return f'<iframe src="{page.name}" style="{style}"></iframe>'


def show_all(pages, scheme, folder):
    """By name and width what inspect.js found, and the console's lines. All in one start of the browser."""
    frames = [(name, width) for name in pages for width in WIDTHS]
    outer = folder / f'all-{scheme}.html'
    outer.write_text('<!DOCTYPE html><body>' + ''.join(framed(pages[name], width) for name, width in frames) +
                     """<script>addEventListener('load', () => {
        const found = (frame) => frame.document.querySelector('#inspected')?.dataset.found ?? '';
        document.body.dataset.found = Array.from(frames, found).join(' ');
    })</script>""")
    shown = chromium(folder / 'profile', scheme, '--allow-file-access-from-files', '--window-size=1400,1000',
                     '--dump-dom', outer.as_uri())
    said = [line for line in shown.stderr.splitlines() if 'CONSOLE' in line]
    found = re.search(r'<body[^>]* data-found="([^"]*)"', shown.stdout)
    if not found:
        return {}, said + [f'nothing was shown: {shown.stderr[-500:]}']
    inspected = [json.loads(urllib.parse.unquote(it)) if it else None for it in found[1].split(' ')]
    return dict(zip(frames, inspected)), said


def complaints(found, headings, scheme, width):
    if found['width'] != width:
        yield f'it was shown {found["width"]} wide'
    if found['dark'] != (scheme == 'dark'):
        yield 'the browser did not take the colour scheme'
    if (found['background'] < 0.2) != (scheme == 'dark'):
        yield f'its background has a luminance of {found["background"]:.2f}'
    if found['overflow'] > 0:
        yield f'it is {found["overflow"]} px wider than its window: {found["widest"][:3]}'
    for heading in headings:
        if heading not in found['headings']:
            yield f'it has no section "{heading}"'
    for number, marks in enumerate(found['marks'], 1):
        if marks == 0:
            yield f'plot {number} shows no mark'
    for text in found['cut']:
        yield f'a plot cuts off "{text}"'
    for text in found['faint']:
        yield f'it can hardly be read: {text}'


def make_page(rig, name, document, folder):
    """With the inspection at its end, as a second file."""
    source = folder / f'{name}.json'
    source.write_text(json.dumps(document))
    subprocess.run([rig, 'report', source, '--out', folder / name], check=True, stdout=subprocess.DEVNULL)
    text = (folder / name / 'report.html').read_text()
    page = folder / f'{name}.html'
    page.write_text(text.replace('</body>', f'<script>{(HERE / "inspect.js").read_text()}</script></body>'))
    return page


def screenshot(page, scheme, width, folder):
    frame = page.with_name(f'{page.stem}-shot.html')
    frame.write_text('<!DOCTYPE html><body style="margin:0">' + framed(page, width))
    file = folder / f'{page.stem}-{scheme}-{width}.png'
    chromium(folder / 'profile', scheme, f'--window-size={max(width, 500)},3000', f'--screenshot={file}',
             frame.as_uri())


def check_all(rig, folder, keep):
    made = documents.all_documents()
    pages = {name: make_page(rig, name, document, folder) for name, (document, _) in made.items()}
    wrong = 0
    for scheme in SCHEMES:
        shown, said = show_all(pages, scheme, folder)
        lines = [f'{scheme}: {line}' for line in said]
        for (name, width), found in shown.items():
            trouble = complaints(found, made[name][1], scheme, width) if found else ['it was not shown']
            lines += [f'{name}, {scheme}, {width} px: {line}' for line in trouble]
            if keep:
                screenshot(pages[name], scheme, width, folder)
        for line in lines:
            print(line)
        wrong += len(lines)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('rig', type=pathlib.Path)
    parser.add_argument('--keep', type=pathlib.Path)
    options = parser.parse_args()
    if not shutil.which('chromium'):
        print('skipped: no chromium')
        return SKIPPED
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        return 1 if check_all(options.rig, options.keep.resolve(), True) else 0
    with tempfile.TemporaryDirectory() as folder:
        return 1 if check_all(options.rig, pathlib.Path(folder), False) else 0


if __name__ == '__main__':
    sys.exit(main())
