"""What a reader of the documentation has: programs on the PATH, this repository, own files."""

import os
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

# What a validation costs is decided by protocols; here they keep their names and thresholds, and
# run for a moment.
SHORT = """\
extends = "{protocols}/{name}.toml"
name = "{name}"
may_approve = {may_approve}
required = ["determinism", "stability", "force_accuracy"]
reported = ["memory"]
[dynamics]
temperatures_kelvin = [300.0]
timesteps_fs = [0.5]
replicas = 1
equilibration_ps = 0.0
duration_ps = 0.05
longest_ps = 0.05
[probes]
repeats = 3
rotations = 2
thermal_frames = 2
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
reference_frames = 4
"""
# PNG figures take a third of so short a run, and have tests of their own.
START = """\
import os
import sys
from pathlib import Path
from types import ModuleType

import openmm_mlff.config

openmm_mlff.config.PROTOCOLS_FOLDER = Path(os.environ["DOCUMENTED_PROTOCOLS"])
drawing = sys.modules["openmm_mlff.report.drawing"] = ModuleType("openmm_mlff.report.drawing")
drawing.draw_plot = lambda *_, **__: None
drawing.plot_svg = lambda plot: ""
drawing.width_inch = lambda plot: 3.4
"""
PROGRAMS = {
    "openmm-mlff": "-c 'from openmm_mlff.cli import main; main()'",
    "python": "",
    "pytest": "-m pytest -p no:cacheprovider",
}
CAMPAIGN = """\
name = "NAME"
models = ["student:ultra-tiny"]
systems = ["water"]
protocol = "standard"
[cluster]
workers = 1
"""
CHECKOUT = (
    *("docs", "examples", "openmm_mlff", "reports", "scripts", "systems"),
    *("Makefile", "constraints.txt", "pyproject.toml"),
)


class Material:
    """Makes scratch folders, and what is in them.

    Args:
        root: of the repository.
        folder: for what is made once.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._store = folder / "store"
        self._programs = folder / "bin"
        self._made: dict[str, Path] = {}
        self._protocols, start = folder / "protocols", folder / "start"
        for made in (self._protocols, start, self._programs):
            made.mkdir()
        for name in ("quick", "standard", "extended"):
            text = SHORT.format(
                protocols=root / "openmm_mlff" / "protocols",
                name=name,
                may_approve=str(name != "quick").lower(),
            )
            (self._protocols / f"{name}.toml").write_text(text, encoding="utf-8")
        (start / "sitecustomize.py").write_text(START, encoding="utf-8")
        for name, arguments in PROGRAMS.items():
            program = self._programs / name
            program.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
            program.chmod(0o755)
        self.environment = {
            **os.environ,
            "DOCUMENTED_PROTOCOLS": str(self._protocols),
            "HOME": str(folder),
            "MPLBACKEND": "Agg",
            "OMP_NUM_THREADS": "1",
            "OPENMM_MLFF_SANDBOX": "0",
            "PATH": os.pathsep.join([str(self._programs), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(start), str(root)]),
        }

    def fill(self, folder: Path, *, needs: list[str], elsewhere: bool) -> None:
        """Put into a folder what a reader has.

        Args:
            folder: an empty one.
            needs: names of what is to be in it.
            elsewhere: the reader is not in a checkout of this repository.
        """
        if not elsewhere:
            for name in CHECKOUT:
                (folder / name).symlink_to(self._root / name)
            (folder / ".venv").mkdir()
            (folder / ".venv" / "bin").symlink_to(self._programs)
        for name in needs:
            shutil.copytree(self._get(name), folder, dirs_exist_ok=True)

    def run(self, command: list[str], *, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a command as a reader does, and wait for it."""
        return subprocess.run(
            command,
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )

    def run_line(self, line: str, *, folder: Path) -> tuple[int, str]:
        """Run a line of a shell block; give its exit code and what it said on stderr.

        What needs no shell runs in this process, where an import costs nothing.
        """
        program, *arguments = shlex.split(line)
        if not program.endswith("openmm-mlff") or {">", "--install-completion"} & set(arguments):
            # Not its last command: bash would give its own process away, and some ask for theirs.
            done = self.run(["bash", "-c", f"{line}\nexit $?"], folder=folder)
            return done.returncode, done.stderr
        from openmm_mlff.cli import main

        said = StringIO()
        with self._inside(folder), redirect_stdout(StringIO()), redirect_stderr(said):
            try:
                main(arguments)
            except SystemExit as stopped:
                return int(stopped.code or 0), said.getvalue()
        raise AssertionError("main() always exits")

    def run_script(self, path: Path) -> None:
        """Run a Python script in its folder, in this process."""
        with self._inside(path.parent):
            runpy.run_path(str(path), run_name="__main__")

    @contextmanager
    def _inside(self, folder: Path) -> Iterator[None]:
        """Make this process like one of a reader in a folder."""
        import openmm_mlff.config

        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.chdir(folder)
            patch.setattr(openmm_mlff.config, "PROTOCOLS_FOLDER", self._protocols)
            yield

    def _get(self, name: str) -> Path:
        """Make something, where it is not there yet."""
        if name not in self._made:
            folder = self._store / name
            folder.mkdir(parents=True)
            getattr(self, f"_make_{name}")(folder)
            self._made[name] = folder
        return self._made[name]

    def _command(self, folder: Path, line: str) -> None:
        code, said = self.run_line(line, folder=folder)
        assert code == 0, said

    def _make_model(self, folder: Path) -> None:
        weights = self._root / "openmm_mlff" / "students" / "weights" / "tiny.safetensors"
        shutil.copy(weights, folder / "best_model.pt")

    def _make_torchscript(self, folder: Path) -> None:
        self._command(folder, "openmm-mlff export student:ultra-tiny model.pt --system water")

    def _make_molecules(self, folder: Path) -> None:
        from ase.io import write
        from rdkit import Chem
        from rdkit.Chem import AllChem

        from openmm_mlff import load_system

        write(folder / "my.pdb", load_system("methane").to_ase())
        ligand = Chem.AddHs(Chem.MolFromSmiles("CO"))
        AllChem.EmbedMolecule(ligand, randomSeed=1)
        Chem.MolToMolFile(ligand, str(folder / "my_ligand.sdf"))

    def _make_run(self, folder: Path) -> None:
        self._command(folder, "openmm-mlff validate student:tiny -s water --output runs/tiny")

    def _make_released(self, folder: Path) -> None:
        run = self._get("run") / "runs" / "tiny"
        (folder / "released").mkdir()
        shutil.copy(run / "report.json", folder / "released" / "report.json")

    def _make_limits(self, folder: Path) -> None:
        (folder / "my-limits.toml").write_text('extends = "standard"\nname = "my-limits"\n')

    def _make_campaign(self, folder: Path) -> None:
        (folder / "SPEC.toml").write_text(CAMPAIGN, encoding="utf-8")
