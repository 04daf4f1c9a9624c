"""Make an environment that holds published potentials beside the project.

Run from the root of a checkout, by the Python of an environment that holds the project::

    python scripts/make_foreign.py                into .venv-foreign
    python scripts/make_foreign.py --dry-run      only says what would be installed

The new environment reads the project's packages where they are.  pip adds what they lack, by the
versions of constraints.txt: 650 MB, and no second torch.  The project's own environment stays
as it is.
"""

import argparse
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

PACKAGES = (
    "torchani==2.9.0",
    "huggingface_hub<1",
    "chgnet==0.4.2",
    "sevenn==0.13.0",
)
"""ANI, also through openmm-ml; the hub version that torchani 2.9 requires; CHGNet and SevenNet with
their weights."""

SOURCES = ("calorine==4.1",)
"""NEP, built here by the project's Python: in the new environment the project's setuptools, however
old, would hide the one that the build asks for."""


def main() -> int:
    """Create or complete the environment; return pip's exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(".venv-foreign"))
    parser.add_argument("--dry-run", action="store_true", help="install nothing")
    asked = parser.parse_args()
    python = asked.folder / "bin" / "python"
    if not python.exists():
        venv.create(asked.folder, symlinks=True, with_pip=False)
    own = sysconfig.get_path("purelib", vars={"base": str(asked.folder.resolve())})
    # A plain path would ignore the .pth file of an editable install.
    shared = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(own) / "project.pth").write_text(shared)
    print("installing", *PACKAGES, *SOURCES, "into", asked.folder, flush=True)
    pip = ["-m", "pip", "--disable-pip-version-check"]
    chosen = ["--constraint", "constraints.txt", *(["--dry-run"] if asked.dry_run else [])]
    with tempfile.TemporaryDirectory() as wheels:
        build = [sys.executable, *pip, "wheel", "--no-deps", "--wheel-dir", wheels, *SOURCES]
        install = [python, *pip, "install", "--find-links", wheels, *chosen, *PACKAGES, *SOURCES]
        return subprocess.call(build) or subprocess.call(install)


if __name__ == "__main__":
    sys.exit(main())
