"""MkDocs hook that makes links from docs/ to other files of the repository work on the site.

Linked files are added under `repository/`: Markdown as a page whose own links are followed, code as
a page that shows it, a folder as the list of its pages, anything else unchanged.
"""

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

DOCS = "docs"
OUTSIDE = "repository"
LANGUAGES = {".py": "python", ".toml": "toml", ".ini": "ini"}

_FENCE = re.compile(r"^(```+|~~~+).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
# [text](target) with an optional anchor, and HTML src and href.
_LINK = re.compile(
    r"(?P<before>\]\(|\b(?:src|href)=\")(?P<target>[^)#\s\"]+)(?P<after>(?:#[^)\s\"]*)?[)\"])"
)


def on_files(files: Files, config: Any) -> Files:
    """Add the files outside of docs/ that pages link to, recursively."""
    root = Path(config.config_file_path).parent
    waiting = [f"{DOCS}/{file.src_uri}" for file in files if file.src_uri.endswith(".md")]
    known = set(waiting)
    while waiting:
        source = waiting.pop()
        for path in _linked(_markdown(root, source), source=source, root=root):
            if path in known:
                continue
            known.add(path)
            if not path.startswith(f"{DOCS}/"):
                files.append(_file(root, path, config))
                waiting.append(path)
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Replace the links of a page by the locations of their targets on the site."""
    source = page.file.src_uri
    root = Path(config.config_file_path).parent
    outside = source.startswith(f"{OUTSIDE}/")
    path = source.removeprefix(f"{OUTSIDE}/") if outside else f"{DOCS}/{source}"

    def turn(match: re.Match[str]) -> str:
        target = _target(match["target"], source=path, root=root)
        if target is None:
            return match[0]
        there = posixpath.relpath(_site_path(root, target), posixpath.dirname(source) or ".")
        return match["before"] + there + match["after"]

    return _outside_fences(markdown, turn)


def _target(link: str, *, source: str, root: Path) -> str | None:
    """Return the path in the repository that a link refers to, or None."""
    if "://" in link or link.startswith(("/", "mailto:")):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    return path if not path.startswith("..") and (root / path).exists() else None


def _site_path(root: Path, path: str) -> str:
    """Return the location of a repository file on the site, as a MkDocs source."""
    if path.startswith(f"{DOCS}/"):
        return path.removeprefix(f"{DOCS}/")
    if (root / path).is_dir():
        return f"{OUTSIDE}/{path}/README.md"
    return (
        f"{OUTSIDE}/{path}.md" if PurePosixPath(path).suffix in LANGUAGES else f"{OUTSIDE}/{path}"
    )


def _file(root: Path, path: str, config: Any) -> File:
    """Return the MkDocs file for a repository file."""
    where = _site_path(root, path)
    if where == f"{OUTSIDE}/{path}":
        return File.generated(config, where, abs_src_path=str(root / path))
    if (root / path).is_dir():
        return File.generated(config, where, content=_markdown(root, path))
    language = LANGUAGES[PurePosixPath(path).suffix]
    code = (root / path).read_text(encoding="utf-8")
    name = PurePosixPath(path).name
    return File.generated(
        config, where, content=f"# `{name}`\n\n`{path}`\n\n````{language}\n{code}````\n"
    )


def _markdown(root: Path, path: str) -> str:
    """Return the Markdown of a page or a folder; empty if there is none."""
    if (root / path).is_dir():
        readme = root / path / "README.md"
        if readme.is_file():
            return readme.read_text(encoding="utf-8")
        pages = sorted(page.name for page in (root / path).glob("*.md"))
        return "\n".join([f"# `{path}`", "", *(f"- [{page}]({page})" for page in pages), ""])
    if path.endswith(".md"):
        return (root / path).read_text(encoding="utf-8")
    return ""


def _linked(markdown: str, *, source: str, root: Path) -> Iterator[str]:
    """Yield the repository paths that a page links to."""
    base = f"{source}/README.md" if (root / source).is_dir() else source
    for match in _LINK.finditer(_FENCE.sub("", markdown)):
        target = _target(match["target"], source=base, root=root)
        if target is not None and os.path.normpath(target) != ".":
            yield target


def _outside_fences(markdown: str, turn: Any) -> str:
    """Replace the links of a text outside of fenced blocks."""
    parts: list[str] = []
    end = 0
    for fence in _FENCE.finditer(markdown):
        parts += [_LINK.sub(turn, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(turn, markdown[end:])])
