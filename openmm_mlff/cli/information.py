"""`openmm-mlff systems` and `checks`: the available molecules and checks."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from openmm_mlff.cli.completion import complete_check, complete_protocol
from openmm_mlff.cli.output import Plugins
from openmm_mlff.config import load_protocol


def systems_command() -> int:
    """List the molecules of the library, one a line."""
    from openmm_mlff.molecules import list_systems, load_system, systems_root
    from openmm_mlff.molecules.library import read_system_toml

    rows = [("name", "formula", "atoms", "charge", "2S+1", "what it is")]
    for name in list_systems():
        molecule = load_system(name)
        numbers = (molecule.n_atoms, molecule.charge, molecule.multiplicity)
        title = read_system_toml(systems_root() / name)["title"]
        rows.append((name, molecule.formula, *map(str, numbers), title))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    console = Console(highlight=False)
    for *cells, title in rows:
        # Names and formulas to the left, numbers to the right.
        placed = [f"{cell:{'<<>>>'[k]}{widths[k]}}" for k, cell in enumerate(cells)]
        line = f"{' '.join(placed)}  {title}"
        # The last column is cut where the terminal is narrow.
        console.print(Text(line), no_wrap=True, overflow="ellipsis")
    console.print(f"Purpose and source of each: {systems_root()}/NAME/system.toml", soft_wrap=True)
    return 0


def checks_command(
    check: Annotated[
        str | None,
        typer.Argument(
            metavar="[CHECK]",
            help="Describe this check in full, as docs/checks.md does",
            show_default=False,
            autocompletion=complete_check,
        ),
    ] = None,
    *,
    protocol: Annotated[
        str,
        typer.Option(
            help="Protocol whose thresholds are shown: a shipped one, e.g. standard, or FILE.toml",
            autocompletion=complete_protocol,
        ),
    ] = "standard",
    plugin: Plugins = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/checks.md, which covers all protocols")
    ] = False,
) -> int:
    """List all checks: id, group, formula, unit, threshold and its source."""
    from openmm_mlff.checks.plugins import installed_checks, with_plugins
    from openmm_mlff.checks.registry import CHECKS, checks_of, get_check, select
    from openmm_mlff.report.checks_page import checks_markdown, own_check, render_checks

    if markdown:
        print(checks_markdown(), end="")
        return 0
    loaded = with_plugins(load_protocol(protocol), plugin or ())
    select(loaded)
    known = {spec.id: spec for spec in (*installed_checks(loaded), *checks_of(loaded))}
    if check is not None:
        found = get_check(check, list(known.values()))
        ours = found in CHECKS
        text = _section(checks_markdown(), found.id) if ours else own_check(found, loaded)
        Console().print(Markdown(text))
        return 0
    render_checks(loaded, checks=list(known.values()), console=Console())
    return 0


def _section(page: str, check_id: str) -> str:
    """Return the section of one check from the page of all."""
    start = page.index(f"### {check_id}\n")
    ends = [page.find(mark, start + 1) for mark in ("\n### ", "\n## ")]
    end = min((found for found in ends if found >= 0), default=len(page))
    return page[start:end].strip("\n") + "\n"
