"""The rooms of the package, and which of them imports which.

A room imports another if one of its modules does, at the top of the file or in a function.  Imports
for type checkers only are not counted.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from count_lines import lines

from openmm_mlff.storage.files import read_toml

Graph = dict[str, set[str]]
"""Names, each with those that it imports."""

Band = Literal["above", "measuring", "judging", "below"]


@dataclass(frozen=True)
class Room:
    """A box of the picture, with its place; `modules` are those that it holds, with all in them."""

    name: str
    text: str
    x: float
    y: float
    modules: tuple[str, ...] = ()

    def length_of_match(self, module: str) -> int:
        """Return the length of the name by which the room holds a module; 0 if it does not."""
        names = self.modules or (self.name,)
        return max((len(one) for one in names if f"{module}.".startswith(f"{one}.")), default=0)


SETTINGS = ("request", "options", "config", "explanation", "protocols")
FILES = ("storage.files", "storage.text", "storage.locks", "storage.streams")
FOUNDATION = ("units", "errors", "granularity", "intervals")

ROOMS = (
    Room("cli", "command line", 4.7, 0, ("cli", "__main__")),
    Room("selftest", "planted faults", 6.3, 1),
    Room("campaign", "many runs, on Dask", 8.3, 1),
    Room("pytest_plugin", "one test for each check", 10.3, 1),
    Room("pipeline", "plan, stages, judging", 8.3, 2),
    Room("benchmark", "time and memory", 3.1, 3),
    Room("doctor", "is the machine ready?", 5.1, 3),
    Room("certificate", "of an approved model", 7.1, 3),
    Room("measuring", "Subject, shared records", 1.4, 4.4),
    Room("simulation", "platforms, integrators", 3.1, 5.2),
    Room("potentials", "adapters of models", 4.5, 6.9),
    Room("students", "networks, training", 4.5, 7.8),
    Room("reporters", "streams of a run", 2.8, 6.05),
    Room("report", "page, text, figures", 8.6, 4.5),
    Room("verdict", "two claims, next step", 10.3, 5.5, ("verdict", "recommendation")),
    Room("checks", "one file for each check", 7.7, 7.5),
    Room("plots", "figures as data", 10.3, 8.8),
    Room("storage", "run directory, records", 5.7, 8.8),
    Room("molecules", "structures, readers", 4.1, 9.8),
    Room("settings", "request, options, config", 6.1, 9.8, SETTINGS),
    Room("results", "results, claims", 8.1, 9.8, ("results", "claims")),
    Room("isolation", "worker processes", 1.4, 10.8),
    Room("storage.files", "files, text, locks", 6.1, 10.8, FILES),
    Room("foundation", "units, errors, intervals", 3.9, 11.8, FOUNDATION),
)
BY_NAME = {room.name: room for room in ROOMS}
MEASURING = BY_NAME["measuring"]
HALVES = (MEASURING, BY_NAME["report"])


def room_of(module: str) -> Room:
    """Return the room of a module.

    Raises:
        ValueError: no room holds it.
    """
    room = max(ROOMS, key=lambda one: one.length_of_match(module))
    if not room.length_of_match(module):
        raise ValueError(f"the module {module!r} is in no room; expected it in ROOMS of {__file__}")
    return room


def module_files(package: Path) -> dict[str, Path]:
    """Return the files of a package by the name of their module; the package itself is ``""``."""
    files = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def module_imports(package: Path) -> Graph:
    """Return the imports between the modules of a package."""
    files = module_files(package)
    prefix = f"{package.name}."
    graph: Graph = {name: set() for name in files}
    for name, path in files.items():
        for imported in _imported(ast.parse(path.read_text(encoding="utf-8")).body):
            inside = imported.removeprefix(prefix)
            while inside not in files:
                inside = inside.rpartition(".")[0]
            if imported.startswith(prefix) and inside != name:
                graph[name].add(inside)
    return graph


def _imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the full names that code imports, except for type checkers."""
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _imported(node.orelse)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imported(ast.iter_child_nodes(node))


def room_imports(modules: Graph) -> Graph:
    """Return the imports between rooms, without the package's own ``__init__``, which is lazy."""
    graph: Graph = {name: set() for name in BY_NAME}
    for module in filter(None, modules):
        room = room_of(module).name
        graph[room] |= {room_of(name).name for name in modules[module] if name} - {room}
    return graph


def without_chains(graph: Graph) -> Graph:
    """Return a graph without the arrows that follow from a chain of others.

    Raises:
        graphlib.CycleError: the graph has a circle.
    """
    reached: Graph = {}
    direct: Graph = {}
    for name in TopologicalSorter(graph).static_order():
        direct[name] = graph[name] - {far for near in graph[name] for far in reached[near]}
        reached[name] = graph[name].union(*(reached[near] for near in graph[name]))
    return direct


def read_layers(pyproject: Path) -> list[list[set[str]]]:
    """Return the rooms of each layer, the highest first, of each contract that has layers."""
    contracts = read_toml(pyproject)["tool"]["importlinter"]["contracts"]
    return [
        [
            {room_of(module).name for module in re.findall(r"[\w.]+", layer)}
            for layer in one["layers"]
        ]
        for one in contracts
        if one["type"] == "layers"
    ]


def may_import(upper: Room, lower: Room, contracts: Sequence[Sequence[set[str]]]) -> bool:
    """Return whether no contract forbids a room to import another."""
    for layers in contracts:
        above, below = (
            [place for place, rooms in enumerate(layers) if room.name in rooms]
            for room in (upper, lower)
        )
        if above and below and max(above) >= min(below):
            return False
    return True


def band_of(room: Room, contracts: Sequence[Sequence[set[str]]]) -> Band:
    """Return where a room stands to the two halves, of which neither may import the other."""
    if all(may_import(room, half, contracts) for half in HALVES):
        return "above"
    if all(may_import(half, room, contracts) for half in HALVES):
        return "below"
    is_measuring = room == MEASURING or may_import(MEASURING, room, contracts)
    return "measuring" if is_measuring else "judging"


def describe(package: Path, pyproject: Path) -> dict[str, dict[str, Any]]:
    """Return what the picture shows of each room: its band, its lines, and what it imports."""
    contracts = read_layers(pyproject)
    arrows = without_chains(room_imports(module_imports(package)))
    counts = dict.fromkeys(BY_NAME, 0)
    for module, path in module_files(package).items():
        if module:
            counts[room_of(module).name] += lines(path)
    return {
        room.name: {
            "band": band_of(room, contracts),
            "lines": counts[room.name],
            "imports": sorted(arrows[room.name]),
        }
        for room in ROOMS
    }
