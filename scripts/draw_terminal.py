"""Draw what a terminal shows during a validation, as an animated SVG for the README.

Run from a folder that has the model of docs/tutorial.md, as it is before it is corrected::

    python scripts/draw_terminal.py SVG validate my_model.pt --system methanol --protocol quick

The command runs in a pseudo-terminal, and its output is replayed. Colours follow the reader's light
or dark theme; a reader who asked for reduced motion sees the last frame.
"""

import argparse
import codecs
import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate, groupby
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS, ROWS = 80, 60
MOST_FRAMES = 16
FRAME_S, SUMMARY_S, VERDICT_S = 0.35, 4.0, 12.0
CELL_WIDTH, LINE_HEIGHT, FONT_SIZE, MARGIN = 8.4, 19, 14, 16
MOST_LINES = 29
"""Of the picture; the summary is longer, so its first lines are shown, then the verdict."""

VERDICT = "VERDICT"

_CONTROL = re.compile(r"\x1b\[\??(?P<count>\d*)(?P<code>[A-HJKhl])|(?P<char>[\r\n])")
_STYLE = """\
svg { color-scheme: light dark }
.back { fill: #fbfbfd; stroke: #c8ccd4 }
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  fill: #24292f; white-space: pre }
.bold { font-weight: bold } .dim { fill: #6a737d }
.red { fill: #b3261e } .green { fill: #1a7f37 } .yellow { fill: #8a5a00 } .blue { fill: #0550ae }
.magenta { fill: #8250df } .cyan { fill: #0e6f7c }
@media (prefers-color-scheme: dark) {
  .back { fill: #14181f; stroke: #3d444d }
  text { fill: #dfe4ea } .dim { fill: #9aa4b0 }
  .red { fill: #ff8b80 } .green { fill: #5fd07a } .yellow { fill: #e6b450 } .blue { fill: #79b8ff }
  .magenta { fill: #c4a1ff } .cyan { fill: #5cc8d6 }
}
.frame { visibility: hidden; animation-duration: %(total)gs; animation-iteration-count: infinite;
  animation-timing-function: step-end }
@media (prefers-reduced-motion: reduce) {
  .frame { animation: none }
  .last { visibility: visible }
}
"""


def replay(chunks: Sequence[str]) -> Iterator[list[str]]:
    """Yield the lines of the screen after each chunk of output, colours as ANSI codes.

    Knows what rich writes: whole lines, erased before they are written again.
    """
    lines, row = [""], 0
    for chunk in chunks:
        start = 0
        for control in _CONTROL.finditer(chunk):
            lines[row] += chunk[start : control.start()]
            start = control.end()
            if control["code"] == "A":
                row = max(row - int(control["count"] or 1), 0)
            elif control["code"] == "K":
                lines[row] = ""
            elif control["char"] == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
        lines[row] += chunk[start:]
        yield list(lines)


def record(command: Sequence[str]) -> list[str]:
    """Run a command in a pseudo-terminal, and return what it writes, piece by piece."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "COLORTERM": ""}
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    decoder = codecs.getincrementaldecoder("utf-8")()
    chunks = []
    try:
        while read := os.read(ours, 65536):
            chunks.append(decoder.decode(read))
    except OSError:
        pass  # On Linux the end of a pseudo-terminal is an error.
    os.close(ours)
    process.wait()
    return chunks


def choose_frames(screens: Sequence[list[str]]) -> list[list[str]]:
    """Return a few different screens, then the top of the summary, then the verdict."""
    busy = [_stripped(screen) for screen in screens if VERDICT not in "".join(screen)]
    different = [screen for screen, _ in groupby(busy) if len(screen) > 1]
    step = max(len(different) / MOST_FRAMES, 1.0)
    chosen = [different[round(i * step)] for i in range(int((len(different) - 1) // step) + 1)]
    summary = _stripped(screens[-1])
    begin = next(i for i, line in enumerate(summary) if VERDICT in line)
    return [*chosen, summary[:MOST_LINES], summary[begin:][:MOST_LINES]]


def _stripped(screen: Sequence[str]) -> list[str]:
    lines = list(screen)
    while lines and not Text.from_ansi(lines[-1]).plain.strip():
        lines.pop()
    return lines


def draw(frames: Sequence[list[str]], *, prompt: str) -> str:
    """Return the animation of some screens below a prompt, as SVG."""
    durations_s = [FRAME_S] * (len(frames) - 1) + [SUMMARY_S, VERDICT_S]
    starts_s = [0.0, *accumulate(durations_s)]
    total_s = starts_s[-1]
    rows = max(map(len, frames)) + 1
    width = round(COLUMNS * CELL_WIDTH + 2 * MARGIN)
    height = rows * LINE_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">',
        f"<title>{escape(prompt)}, and its verdict</title>",
        f"<style>{_STYLE % {'total': total_s}}",
    ]
    screens = [[prompt], *([prompt, *frame] for frame in frames)]
    for i in range(len(screens)):
        begin, end = (100 * second / total_s for second in starts_s[i : i + 2])
        hidden = "" if i == 0 else "0% { visibility: hidden } "
        parts.append(
            f"@keyframes f{i} {{ {hidden}{begin:.2f}% {{ visibility: visible }} "
            f"{end:.2f}%{', 100%' if end < 100 else ''} {{ visibility: hidden }} }}"
        )
    frame = f'x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"'
    parts.append(f'</style><rect class="back" {frame}/>')
    for i, screen in enumerate(screens):
        last = " last" if i == len(screens) - 1 else ""
        parts.append(f'<g class="frame{last}" style="animation-name: f{i}">')
        for row, line in enumerate(screen):
            parts += _texts(line, y=MARGIN + row * LINE_HEIGHT + FONT_SIZE)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _texts(line: str, *, y: int) -> Iterator[str]:
    """Yield the pieces of a line that have one style, each as long as its cells."""
    console = Console(width=COLUMNS)
    column = 0
    for segment in Text.from_ansi(line).render(console):
        length = segment.cell_length
        bare = segment.text.strip()
        if bare:
            at = column + len(segment.text) - len(segment.text.lstrip())
            x, long = MARGIN + at * CELL_WIDTH, len(bare) * CELL_WIDTH
            styled = " ".join(_classes(segment.style))
            yield (
                f'<text x="{x:.1f}" y="{y}" textLength="{long:.1f}" '
                f'lengthAdjust="spacingAndGlyphs"{f" class={styled!r}" if styled else ""}>'
                f"{escape(bare, quote=False)}</text>"
            )
        column += length


def _classes(style: Style | None) -> Iterator[str]:
    if style is None:
        return
    if style.bold:
        yield "bold"
    if style.dim:
        yield "dim"
    if style.color is not None and style.color.number is not None:
        names = ("dim", "red", "green", "yellow", "blue", "magenta", "cyan")
        if style.color.number % 8 < len(names):
            yield names[style.color.number % 8]


def main() -> None:
    """Run the command and draw it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("svg", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of openmm-mlff")
    asked = parser.parse_args()
    code = "from openmm_mlff.cli import main; main()"
    chunks = record([sys.executable, "-c", code, *asked.arguments])
    frames = choose_frames(list(replay(chunks)))
    prompt = f"$ openmm-mlff {shlex.join(asked.arguments)}"
    asked.svg.write_text(draw(frames, prompt=prompt), encoding="utf-8")
    print(asked.svg)


if __name__ == "__main__":
    main()
