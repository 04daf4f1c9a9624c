"""Count the lines and files of each room of the package, and of the tests.

Run from the root of a checkout::

    python scripts/count_lines.py

Lines are those of the Python files, with docstrings and blank lines.  The last column has the
number of lines that a room, or several together, should not exceed.
"""

from collections import defaultdict
from pathlib import Path

PACKAGE, TESTS = Path("openmm_mlff"), Path("tests")
ROOT_FILES = "(root files)"

AT_MOST: dict[tuple[str, ...], int] = {
    ("checks", "measuring"): 7_500,
    ("report",): 5_000,
    ("potentials",): 3_400,
    ("simulation", "reporters"): 3_400,
    ("students",): 2_600,
    ("pipeline", "isolation"): 2_500,
    ("selftest",): 2_000,
    (ROOT_FILES, "storage", "doctor"): 2_000,
    ("benchmark",): 1_600,
    ("molecules",): 1_400,
    ("cli", "pytest_plugin"): 1_400,
    ("campaign",): 1_300,
}
"""Lines of rooms."""

AT_MOST_IN_ALL = {PACKAGE: "32,000 in 230 files", TESTS: "26,000"}


def main() -> None:
    """Print a row for each room and each group of rooms with a common limit, and the sums."""
    found = rooms(PACKAGE)
    print(f"{'':32}{'lines':>8}{'files':>8}{'longest':>9}{'at most':>21}")
    for group, most in AT_MOST.items():
        print_row(" + ".join(group), [n for room in group for n in found[room]], f"{most:,}")
        for room in group if len(group) > 1 else ():
            print_row(f"  {room}", found[room])
    for room in sorted(set(found).difference(*AT_MOST)):
        print_row(room, found[room])
    for folder, most in AT_MOST_IN_ALL.items():
        print_row(str(folder), lengths_in(folder), most)


def print_row(name: str, lengths: list[int], most: str = "") -> None:
    """Print the lines, the files, the longest file and the limit of a room."""
    longest = max(lengths, default=0)
    print(f"{name:32}{sum(lengths):8,}{len(lengths):8,}{longest:9,}{most:>21}".rstrip())


def rooms(package: Path) -> dict[str, list[int]]:
    """Return the number of lines of each file, by the folder of the package that holds it."""
    found: dict[str, list[int]] = defaultdict(list)
    for path in package.rglob("*.py"):
        inside = path.relative_to(package).parts
        found[inside[0] if len(inside) > 1 else ROOT_FILES].append(lines(path))
    return found


def lengths_in(folder: Path) -> list[int]:
    """Return the number of lines of each file of a folder."""
    return [lines(path) for path in folder.rglob("*.py")]


def lines(path: Path) -> int:
    """Return the number of lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    main()
