"""The fenced blocks of README.md and docs/, and the surroundings in which each is run.

An HTML comment before a block says what its test needs to know; readers do not see it:

    <!-- test: needs=model,run exit=1,3 -->

    needs=A,B          files that the block talks about, made by `material.py`
    exit=1,3           exit codes that are right, of every command of the block; without: 0
    file=NAME          what the block says is in this file for the later blocks of its page
    invalid            a TOML block that must be refused
    continues          a Python block that goes on from the one before it
    elsewhere          the reader is not in a checkout of this repository
    slow               takes more than some ten seconds
    parse reason="…"   not run, only parsed: takes hours, or changes the machine

Further lines of the comment are Python that runs before a Python block.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from .material import Material

OPTIONS = {"needs", "exit", "file", "invalid", "continues", "elsewhere", "slow", "parse", "reason"}
ROOT = Path(__file__).resolve().parents[2]
_DIRECTIVE = re.compile(r"<!-- test:(?P<options>[^\n]*?)(?:\n(?P<setup>.*?)\n)?\s*-->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: relative to the root of the repository.
        line: of the opening fence, from 1.
        language: the first word after the fence.
        text: what is in it.
        options: of its directive.
        setup: Python that runs before it.
        earlier: the blocks before it on its page.
    """

    page: str
    line: int
    language: str
    text: str
    options: dict[str, str] = field(default_factory=dict)
    setup: str = ""
    earlier: tuple["Block", ...] = ()

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block, each in one line and without comments."""
        text = self.text.replace("\\\n", " ")
        if self.language == "console":
            text = "\n".join(line[2:] for line in text.splitlines() if line.startswith("$ "))
        lines = (" ".join(line.split()) for line in text.splitlines())
        return [re.sub(r"(^| )# .*", "", line).strip() for line in lines if line]

    @property
    def exit_codes(self) -> set[int]:
        """Exit codes that are right."""
        return {int(code) for code in self.options.get("exit", "0").split(",")}

    @property
    def needs(self) -> list[str]:
        """Names of the files it talks about."""
        return [name for name in self.options.get("needs", "").split(",") if name]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read_blocks(page: str, text: str) -> list[Block]:
    """Take the fenced blocks out of a page, each with the directive right before it."""
    blocks: list[Block] = []
    comment = ""
    for token in MarkdownIt().parse(text):
        if token.type == "html_block":
            comment = token.content
        elif token.type == "fence":
            assert token.map is not None
            options, setup = read_directive(comment, where=f"{page}:{token.map[0] + 1}")
            language = token.info.split()[0] if token.info.split() else ""
            blocks.append(
                Block(
                    page, token.map[0] + 1, language, token.content, options, setup, tuple(blocks)
                )
            )
            comment = ""
        else:
            comment = ""
    return blocks


def read_directive(comment: str, *, where: str) -> tuple[dict[str, str], str]:
    """Read the comment before a block: its options, and Python to run before it."""
    match = _DIRECTIVE.search(comment)
    if match is None:
        return {}, ""
    pairs = (word.partition("=") for word in shlex.split(match["options"]))
    options = {key: value for key, _, value in pairs}
    unknown = set(options) - OPTIONS
    if unknown:
        raise ValueError(f"{where}: unknown options {unknown}; known: {sorted(OPTIONS)}")
    if "parse" in options and not options.get("reason"):
        raise ValueError(f'{where}: parse needs reason="..."')
    return options, match["setup"] or ""


def all_blocks() -> list[Block]:
    """All blocks of README.md and of every page in docs/."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [
        block
        for page in pages
        for block in read_blocks(str(page.relative_to(ROOT)), page.read_text(encoding="utf-8"))
    ]


def pytest_generate_tests(metafunc):
    """One test a block, named by page and line."""
    if "block" in metafunc.fixturenames:
        languages = metafunc.function.languages
        # What stands on two pages runs once.
        once = {block.text: block for block in reversed(all_blocks())}
        chosen = [block for block in reversed(once.values()) if block.language in languages]
        metafunc.parametrize(
            "block",
            [
                pytest.param(
                    block, id=str(block), marks=[pytest.mark.slow] * ("slow" in block.options)
                )
                for block in chosen
            ],
        )


@pytest.fixture(scope="session")
def documented_blocks():
    return all_blocks()


@pytest.fixture(scope="session")
def read():
    return read_blocks


@pytest.fixture(scope="session")
def material(programs, tmp_path_factory):
    """Makes what blocks talk about, each once in a session."""
    return Material(ROOT, tmp_path_factory.mktemp("material"), programs)
