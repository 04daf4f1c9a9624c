"""What a reader of the documentation has: programs on the PATH, this repository, own files."""

import json
import os
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

# What a validation costs is decided by protocols; here they keep their names and thresholds, and
# run for a moment.
SHORT = """\
extends = "{extends}"
name = "{name}"
may_approve = {may_approve}
required = [{required}]
reported = []
[dynamics]
temperatures_kelvin = [300.0]
timesteps_fs = [0.5]
replicas = 1
equilibration_ps = 0.0
duration_ps = 0.05
longest_ps = 0.05
[probes]
sampling_ps = 0.05
thermostats_ps = 0.05
ensemble_ps = 0.01
ensemble_runs = 2
reference_frames = 4
"""
REQUIRED = {
    "quick": '"openmm_parity"',
    "standard": '"stability", "force_accuracy"',
    "extended": '"stability", "force_accuracy"',
    "selftest": '"force_consistency"',
}
FORKED = """\
import os
import sys
from pathlib import Path

import openmm_mlff.config

openmm_mlff.config.PROTOCOLS_FOLDER = Path(os.environ["DOCUMENTED_PROTOCOLS"])
"""
# Where not everything has been imported. PNG figures take a third of so short a run, and have tests
# of their own.
START = f"""\
{FORKED}
from types import ModuleType

drawing = sys.modules["openmm_mlff.report.drawing"] = ModuleType("openmm_mlff.report.drawing")
drawing.draw_plot = lambda *_, **__: None
drawing.width_inch = lambda plot: 3.4
"""
RUN_PYTEST = (
    FORKED + "import pytest\nsys.exit(pytest.main(['-p', 'no:cacheprovider', *sys.argv[1:]]))"
)
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
    """Makes scratch folders, and what is in them; what is made once is in `folder`."""

    def __init__(self, root: Path, folder: Path, programs: Any) -> None:
        self._root = root
        self._forks = programs
        self._store = folder / "store"
        self._programs = folder / "bin"
        self._made: dict[str, Path] = {}
        self._protocols, start = folder / "protocols", folder / "start"
        for made in (self._protocols, start, self._programs):
            made.mkdir()
        for name, required in REQUIRED.items():
            place = "selftest" if name == "selftest" else "protocols"
            text = SHORT.format(
                extends=root / "openmm_mlff" / place / f"{name}.toml",
                name=name,
                may_approve=str(name not in ("quick", "selftest")).lower(),
                required=required,
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
        """Put into an empty folder what a reader has, who may be outside of a checkout."""
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

        Python programs run in this process or in a copy of one, where an import costs nothing.
        """
        program, *arguments = shlex.split(line)
        if program.endswith("openmm-mlff") and "--install-completion" not in arguments:
            return self._run_command_line(arguments, folder=folder)
        if program == "python":
            self.run_script(folder / arguments[0], *arguments[1:], folder=folder)
            return 0, ""
        if program == "pytest":
            asked = {"folder": folder, "environment": self.environment}
            forked = self._forks.run(RUN_PYTEST, *arguments, **asked)
            return forked.returncode, forked.stderr
        # Not its last command: bash would give its own process away, and some ask for theirs.
        done = self.run(["bash", "-c", f"{line}\nexit $?"], folder=folder)
        return done.returncode, done.stderr

    def start_line(self, line: str, *, folder: Path) -> Any:
        """Start a command of this package in a process of its own, to be interrupted."""
        code = f"{FORKED}from openmm_mlff.cli import main; main()"
        arguments = shlex.split(line)[1:]
        return self._forks.start(code, *arguments, folder=folder, environment=self.environment)

    def run_script(self, path: Path, *arguments: str, folder: Path) -> None:
        """Run a Python script in a folder, in this process."""
        with self._inside(folder), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [str(path), *arguments])
            runpy.run_path(str(path), run_name="__main__")

    def _run_command_line(self, arguments: list[str], *, folder: Path) -> tuple[int, str]:
        from openmm_mlff.cli import main

        printed, said = StringIO(), StringIO()
        *arguments, target = (
            (*arguments[:-2], arguments[-1]) if ">" in arguments else (*arguments, "")
        )
        with self._inside(folder), redirect_stdout(printed), redirect_stderr(said):
            try:
                main(arguments)
            except SystemExit as stopped:
                if target:
                    (folder / target).write_text(printed.getvalue(), encoding="utf-8")
                return int(stopped.code or 0), said.getvalue()
        raise AssertionError("main() always exits")

    def _run_trial(self, *arguments: str) -> Any:
        """Run a trial of `doctor` in a process of its own, which does not start by importing."""
        from openmm_mlff.doctor.trial import MARKER, TrialOutcome

        code = "import sys; from openmm_mlff.doctor.trial import main; main(sys.argv[1:])"
        done = self._forks.run(code, *arguments)
        found = [line for line in done.stdout.splitlines() if line.startswith(MARKER)]
        if not found:
            return TrialOutcome(problem=done.stderr or "no answer")
        return TrialOutcome(json.loads(found[-1].removeprefix(MARKER)))

    @contextmanager
    def _inside(self, folder: Path) -> Iterator[None]:
        """Make this process like one of a reader in a folder."""
        import openmm_mlff.config
        import openmm_mlff.doctor.examination
        import openmm_mlff.selftest.runner

        examine = openmm_mlff.doctor.examination.examine
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.chdir(folder)
            patch.setattr(openmm_mlff.config, "PROTOCOLS_FOLDER", self._protocols)
            selftest = self._protocols / "selftest.toml"
            patch.setattr(openmm_mlff.selftest.runner, "PROTOCOL_FILE", selftest)
            # The self-test then runs in this process.
            patch.setattr(os, "cpu_count", lambda: 1)
            asked = partial(examine, trial=self._run_trial)
            patch.setattr(openmm_mlff.doctor.examination, "examine", asked)
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

    def _make_network(self, folder: Path) -> None:
        self._command(folder, "openmm-mlff export student:tiny network.pt")

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
