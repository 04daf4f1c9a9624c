"""What a reader of the documentation has: programs on the PATH, this repository, own files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
figures = sys.modules["openmm_mlff.report.figures"] = ModuleType("openmm_mlff.report.figures")
figures.write_figures = lambda *_, **__: []
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
        protocols, start = folder / "protocols", folder / "start"
        for made in (protocols, start, self._programs):
            made.mkdir()
        for name in ("quick", "standard", "extended"):
            text = SHORT.format(
                protocols=root / "openmm_mlff" / "protocols",
                name=name,
                may_approve=str(name != "quick").lower(),
            )
            (protocols / f"{name}.toml").write_text(text, encoding="utf-8")
        (start / "sitecustomize.py").write_text(START, encoding="utf-8")
        for name, arguments in PROGRAMS.items():
            program = self._programs / name
            program.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
            program.chmod(0o755)
        self.environment = {
            **os.environ,
            "DOCUMENTED_PROTOCOLS": str(protocols),
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

    def _get(self, name: str) -> Path:
        """Make something, where it is not there yet."""
        if name not in self._made:
            folder = self._store / name
            folder.mkdir(parents=True)
            getattr(self, f"_make_{name}")(folder)
            self._made[name] = folder
        return self._made[name]

    def _command(self, folder: Path, *arguments: str) -> None:
        done = self.run(["openmm-mlff", *arguments], folder=folder)
        assert done.returncode == 0, done.stderr

    def _make_model(self, folder: Path) -> None:
        weights = self._root / "openmm_mlff" / "students" / "weights" / "tiny.safetensors"
        shutil.copy(weights, folder / "best_model.pt")

    def _make_torchscript(self, folder: Path) -> None:
        self._command(folder, "export", "student:ultra-tiny", "model.pt", "--system", "water")

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
        self._command(folder, "validate", "student:tiny", "-s", "water", "--output", "runs/tiny")

    def _make_released(self, folder: Path) -> None:
        run = self._get("run") / "runs" / "tiny"
        (folder / "released").mkdir()
        shutil.copy(run / "report.json", folder / "released" / "report.json")

    def _make_limits(self, folder: Path) -> None:
        (folder / "my-limits.toml").write_text('extends = "standard"\nname = "my-limits"\n')

    def _make_campaign(self, folder: Path) -> None:
        (folder / "SPEC.toml").write_text(CAMPAIGN, encoding="utf-8")
