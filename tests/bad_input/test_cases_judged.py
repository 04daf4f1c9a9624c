"""The cases beside the repository that run: judged as they say, by their own commands."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

from openmm_mlff.results import Status, ValidationReport

from ..programs import COMMAND_LINE
from .conftest import CASES, needs_cases

pytestmark = [pytest.mark.slow, needs_cases]

# As `quick`, with runs that are over at once.
SHORT = """
extends = "quick"
name = "short"
[dynamics]
equilibration_ps = 0.02
duration_ps = 0.05
longest_ps = 0.05
[probes]
geometries = 2
parity_steps = 10
rotations = 2
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
scan_step_angstrom = 0.05
"""
ALL = ""
BOX = "openmm_parity translation_invariance periodic_consistency"
LABELS = "force_accuracy energy_accuracy"


def command_of(case, tmp_path, *, checks=ALL):
    """Copy a case; return the arguments of its command, with a short protocol and its output."""
    folder = tmp_path / case
    folder.mkdir()
    for path in (CASES / case).iterdir():
        shutil.copyfile(path, folder / path.name)
    required = f"required = {json.dumps(checks.split())}\nreported = []\n" if checks else ""
    protocol = tmp_path / "short.toml"
    protocol.write_text(SHORT.replace("[dynamics]", f"{required}[dynamics]"), encoding="utf-8")
    words = shlex.split((CASES / case / "cmd").read_text(encoding="utf-8"))
    words = words[words.index("openmm-mlff") + 1 :]
    words[words.index("--output") + 1] = str(tmp_path / "out")
    words[words.index("--protocol") + 1] = str(protocol)
    return words


def report_in(folder):
    return ValidationReport.from_json((folder / "report.json").read_text())


@pytest.mark.parametrize(
    ("case", "checks", "failing"),
    [
        ("ts-frozen", ALL, "determinism"),
        ("ts-noncontig", ALL, "openmm_parity"),
        ("ts-double-only", ALL, ""),
        ("ase-healthy", ALL, ""),
        ("ase-free-energy", ALL, ""),
        ("ase-reused", ALL, ""),
        ("ase-stale", ALL, "determinism"),
        ("ase-capacity", ALL, "every_atom_counts"),
        ("box-right", BOX, ""),
        ("box-diag-ortho", BOX, ""),
        ("box-transposed", BOX, ""),
        ("box-skew-Diag", BOX, "periodic_consistency"),
        ("box-skew-Transposed", BOX, "periodic_consistency"),
        ("box-ignored", BOX, "periodic_consistency"),
        ("box-once", BOX, "periodic_consistency"),
        ("box-fixed", BOX, "periodic_consistency"),
        ("ref-isolated", LABELS, ""),
        ("ref-upright-lattice", LABELS, ""),
    ],
)
def test_a_case_is_judged_as_it_says(case, checks, failing, command, tmp_path, monkeypatch):
    words = command_of(case, tmp_path, checks=checks)
    monkeypatch.syspath_prepend(str(CASES))

    outcome = command(shlex.join(words), folder=tmp_path / case)

    # A short protocol does not approve.
    assert outcome.code == (1 if failing else 3), outcome.out
    report = report_in(tmp_path / "out")
    failed = [result.id for result in report.checks if result.status is Status.FAIL]
    assert failing in failed if failing else not failed
    if checks and not failing:
        assert {result.status for result in report.checks} <= {Status.PASS, Status.NOT_APPLICABLE}
    if checks == BOX:
        shape = "skewed" if "skew" in case else "rectangular"
        assert report.verdict.scope.boxes == (shape,)


@pytest.fixture
def run(programs, tmp_path):
    """Return a function that runs a case's command in a process of its own, in its folder."""

    def call(case, **environment):
        words = command_of(case, tmp_path, checks="openmm_parity determinism")
        path = os.pathsep.join((str(CASES), os.environ.get("PYTHONPATH", "")))
        environment = {**os.environ, "OPENMM_MLFF_SANDBOX": "1", "PYTHONPATH": path, **environment}
        ended = programs.run(COMMAND_LINE, *words, folder=tmp_path / case, environment=environment)
        assert ended.returncode == 3, ended.stderr
        return ended

    return call


@pytest.mark.parametrize("case", ["ase-chatty", "ase-chatty-nosandbox"])
def test_stdout_is_json_whatever_a_calculator_prints(case, run):
    checks = json.loads(run(case, POTS_PRINT="1").stdout)["checks"]

    assert {check["status"] for check in checks} == {"PASS"}


def test_a_calculator_with_files_has_a_folder_for_each_system(run, tmp_path):
    run("ase-file")

    report = report_in(tmp_path / "out")
    assert {(result.system, result.status) for result in report.checks} == {
        ("water", Status.PASS),
        ("h2", Status.PASS),
    }


def test_a_calculator_is_told_the_spin(command, tmp_path, monkeypatch):
    words = command_of("spin-info", tmp_path, checks="openmm_parity")
    monkeypatch.syspath_prepend(str(CASES))

    command(shlex.join(words), folder=tmp_path / "spin-info")

    seen = Path("seen.txt").read_text(encoding="utf-8").splitlines()
    assert set(seen) == {"charge=0 spin=3"}


def test_pytest_takes_relative_paths(programs, tmp_path):
    shutil.copytree(CASES / "pytest-path", tmp_path / "case")
    (tmp_path / "short.toml").write_text(SHORT, encoding="utf-8")
    words = shlex.split((CASES / "pytest-path" / "cmd").read_text(encoding="utf-8"))
    words = words[words.index("pytest") + 1 :]
    words[words.index("quick")] = str(tmp_path / "short.toml")
    code = "import pytest, sys; sys.exit(pytest.main())"

    ended = programs.run(
        code, *words, "-k", "own or determinism", folder=tmp_path / "case" / "tests"
    )

    assert "2 passed" in ended.stdout


def test_openmm_hands_over_the_right_positions_after_wrapping(programs):
    code = (CASES / "pythonforce-wrap" / "probe.py").read_text(encoding="utf-8")

    ended = programs.run(code, "Reference")

    *differences_nm, _ = (line.split()[1] for line in ended.stdout.splitlines())
    assert len(differences_nm) == 8
    assert max(map(float, differences_nm)) < 1e-6
