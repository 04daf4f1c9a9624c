"""List the messages that users can meet: python scripts/messages.py [--room NAME].

Every text of two words or more that is not a docstring is listed with its line and what it is
passed to: ``raise ConfigError``, ``help=``, ``print``.  Templates are listed by their text lines.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[1] / "openmm_mlff"
WORDS = re.compile(r"[A-Za-z]{2,}[,;:.]? +\S*[A-Za-z]{2,}|[A-Za-z]{2,}[,:.;]? \{")
SPOKEN = {"print", "echo", "warn", "secho"}


class Message(NamedTuple):
    """A text in a source file: its line, what it is passed to, and the text itself."""

    line: int
    use: str
    text: str


def text_of(node: ast.AST) -> str | None:
    """Return the text of a literal, with ``{expression}`` for what is filled in, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    return "".join(
        "{" + ast.unparse(part.value) + "}"
        if isinstance(part, ast.FormattedValue)
        else str(part.value)
        for part in node.values
        if isinstance(part, ast.FormattedValue | ast.Constant)
    )


def messages(node: ast.AST, use: str = "") -> Iterator[Message]:
    """Yield the messages below ``node``, in the order of the source."""
    text = text_of(node)
    if text is not None:
        if WORDS.search(text) or use in SPOKEN or use.startswith("raise "):
            yield Message(node.lineno, use, " ".join(text.split()))
        return
    for child in ast.iter_child_nodes(node):
        documents = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not documents:
            yield from messages(child, use_in(node, child, use))


def use_in(node: ast.AST, child: ast.AST, outer: str) -> str:
    """Return what a text in ``child`` is passed to, seen from its parent ``node``."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return "raise " + ast.unparse(node.exc.func)
    if isinstance(child, ast.keyword):
        return f"{child.arg}="
    if isinstance(node, ast.Call) and child in node.args and not outer.startswith("raise "):
        return ast.unparse(node.func).rpartition(".")[2]
    return "" if isinstance(child, ast.stmt) else outer


def messages_in(path: Path) -> list[Message]:
    """Return the messages of a Python file, or the lines with words of a template."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return list(messages(ast.parse(source)))
    lines = enumerate(source.splitlines(), 1)
    return [Message(number, "", line.strip()) for number, line in lines if WORDS.search(line)]


def main() -> None:
    """Print the messages, grouped by file."""
    parser = argparse.ArgumentParser(description="List the messages that users can meet.")
    parser.add_argument("--room", default=".", help="only this folder or file of the package")
    start = PACKAGE / parser.parse_args().room
    for path in sorted([start] if start.is_file() else start.rglob("*")):
        found = messages_in(path) if path.suffix in {".py", ".j2", ".jinja"} else []
        if found:
            print(f"\n{path.relative_to(PACKAGE.parent)}")
        for line, use, text in found:
            print(f"{line:5} {f'[{use}] ' if use else ''}{text}")


if __name__ == "__main__":
    main()
