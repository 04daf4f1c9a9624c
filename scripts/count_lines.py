"""Count the lines and files of each room of the package, and of the tests.

Run from the root of a checkout::

    python scripts/count_lines.py

Lines are those of the Python files, with docstrings and blank lines.
"""

from collections import defaultdict
from pathlib import Path

PACKAGE, TESTS = Path("openmm_mlff"), Path("tests")
ROOT_FILES = "(root files)"


def main() -> None:
    """Print a row for each room, the largest first, and the sums."""
    rows = sorted(rooms(PACKAGE).items(), key=lambda row: -sum(row[1]))
    rows += [(str(folder), lengths_in(folder)) for folder in (PACKAGE, TESTS)]
    print(f"{'':16}{'lines':>8}{'files':>8}{'longest':>9}")
    for name, lengths in rows:
        print(f"{name:16}{sum(lengths):8,}{len(lengths):8,}{max(lengths):9,}")


def rooms(package: Path) -> dict[str, list[int]]:
    """Return the number of lines of each file, by the folder of the package that holds it."""
    found = defaultdict(list)
    for path in package.rglob("*.py"):
        inside = path.relative_to(package).parts
        found[inside[0] if len(inside) > 1 else ROOT_FILES].append(lines(path))
    return dict(found)


def lengths_in(folder: Path) -> list[int]:
    """Return the number of lines of each file of a folder."""
    return [lines(path) for path in folder.rglob("*.py")]


def lines(path: Path) -> int:
    """Return the number of lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    main()
