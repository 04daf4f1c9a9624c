"""Every code block of README.md and docs/ does what it says, or the page is wrong."""

import json
import re
import shlex
import signal

import pytest
import typer

from openmm_mlff import options
from openmm_mlff.campaign.spec import parse_spec
from openmm_mlff.checks import plugins
from openmm_mlff.cli.app import app
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import ConfigError
from openmm_mlff.storage.files import read_toml

SHELL = ("bash", "sh", "console")
NOT_RUN = ("text",)
KNOWN = (*SHELL, *NOT_RUN, "python", "toml", "json")
INTERRUPTED = 130


def of(*languages):
    """Mark a test as that of the blocks of some languages."""

    def mark(function):
        function.languages = languages
        return function

    return mark


@pytest.fixture
def folder(material, tmp_path, block):
    """A scratch folder with what a reader has when he comes to the block."""
    material.fill(tmp_path, needs=block.needs, elsewhere="elsewhere" in block.options)
    for earlier in block.earlier:
        if "file" in earlier.options:
            (tmp_path / earlier.options["file"]).write_text(earlier.text, encoding="utf-8")
    return tmp_path


def test_every_block_names_a_language_that_is_tested(documented_blocks):
    unknown = [
        f"{block} {block.language!r}" for block in documented_blocks if block.language not in KNOWN
    ]
    assert not unknown, f"expected one of {KNOWN}"


@of(*SHELL)
def test_shell(material, folder, block):
    if "parse" in block.options:
        for command in block.commands:
            parse(command, folder=folder, material=material)
        return
    assert block.commands
    interrupted = re.findall(r"^\$ (.*)\n\^C$", block.text, re.MULTILINE)
    for command in block.commands:
        if block.language == "console" and command in interrupted:
            said = interrupt(command, folder=folder, material=material)
            assert f"\n^C\n{said}" in block.text
            continue
        code, said = material.run_line(command, folder=folder)
        assert code in block.exit_codes, f"{command}\n{said}"
        assert "Traceback" not in said


def interrupt(command, *, folder, material):
    """Press Ctrl-C while a validation runs, and give what it says."""
    output = folder / re.search(r"--output (\S+)", command)[1]
    running = material.start_line(command, folder=folder)
    running.wait_for(lambda: any(output.glob("*/")))
    running.send_signal(signal.SIGINT)
    ended = running.wait()
    assert ended.returncode == INTERRUPTED, ended.stderr
    return ended.stderr


def parse(command, *, folder, material):
    """Let the program that a command names say whether it takes it, without running it."""
    words = shlex.split(command)
    if words[0].endswith("openmm-mlff"):
        group = typer.main.get_command(app)
        context = group.make_context("openmm-mlff", words[1:])
        while hasattr(context.command, "commands"):
            rest = [*context._protected_args, *context.args]
            name, chosen, rest = context.command.resolve_command(context, rest)
            context = chosen.make_context(name, rest, parent=context)
    elif words[0] == "make":
        done = material.run(["make", "--dry-run", *words[1:]], folder=folder)
        assert done.returncode == 0, done.stderr
    elif words[0] == "python":
        assert (folder / words[1]).is_file()
    else:
        assert words[0] == "source", f"{command}: nothing is known by which to parse it"


@of("python")
def test_python(material, folder, block):
    parts = [block.setup, block.text]
    for earlier in reversed(block.earlier if "continues" in block.options else ()):
        if earlier.language == "python":
            parts = [earlier.setup, earlier.text, *parts]
            if "continues" not in earlier.options:
                break
    (folder / "block.py").write_text("\n".join(parts), encoding="utf-8")
    material.run_script(folder / "block.py", folder=folder)


@of("toml")
def test_toml(folder, block, monkeypatch):
    monkeypatch.chdir(folder)
    path = folder / block.options.get("file", "block.toml")
    path.write_text(block.text, encoding="utf-8")
    if "invalid" in block.options:
        with pytest.raises(ConfigError):
            load_protocol(path.name)
        return
    table = read_toml(path)
    if set(table) == {"project"}:
        points = {plugins.ENTRY_POINTS, options.ENTRY_POINTS}
        assert set(table["project"]["entry-points"]) == points
    elif {"extends", "criteria"} & set(table):
        assert load_protocol(path.name).name == table["name"]
    elif set(table) == {"cluster"}:
        few = {"name": "few", "models": ["student:tiny"], "systems": ["water"], "protocol": "quick"}
        spec = parse_spec(few | table, origin=str(block))
        assert spec.cluster.kind == table["cluster"]["kind"]
    else:
        assert len(parse_spec(table, origin=str(block)).labels) == len(table["models"])


@of("json")
def test_json(block):
    json.loads(block.text)


def test_every_command_is_run_in_an_example(documented_blocks):
    run = {
        tuple(words[1:3])
        for block in documented_blocks
        if block.language in SHELL and "parse" not in block.options
        for words in map(shlex.split, block.commands)
        if words and words[0].endswith("openmm-mlff")
    }
    root = typer.main.get_command(app)
    missing = set(root.commands) - {words[0] for words in run if words}
    assert not missing
    named = set(root.commands["campaign"].commands) - {"run"}
    assert {("campaign", name) for name in named} <= run
    assert any(words[0] == "campaign" and words[1].endswith(".toml") for words in run)
    assert ("--install-completion",) in run


def test_few_blocks_are_only_parsed(documented_blocks):
    parsed = [str(block) for block in documented_blocks if "parse" in block.options]
    assert len(parsed) <= 7, parsed


def test_a_block_is_found_with_its_directive(read):
    page = (
        "Text\n\n<!-- test: needs=a,b exit=1,3\nx = 1\n-->\n```python\ny = x\n```\n\n"
        "```bash\nls \\\n  -l  # all\n```\n"
    )
    first, second = read("page.md", page)
    assert (first.line, first.language) == (6, "python")
    assert (first.text, first.setup) == ("y = x\n", "x = 1")
    assert (first.needs, first.exit_codes) == (["a", "b"], {1, 3})
    assert (second.commands, second.options, second.earlier) == (["ls -l"], {}, (first,))


@pytest.mark.parametrize("directive", ["parse", "exits=3"])
def test_a_mistaken_directive_is_refused(read, directive):
    with pytest.raises(ValueError, match=r"page\.md:2: "):
        read("page.md", f"<!-- test: {directive} -->\n```bash\nls\n```\n")
