"""`judge` and `compare` on finished runs: exit codes, output for programs, and what is loaded."""

import json
import shutil
import subprocess
import sys

import pytest

from openmm_mlff.results import ValidationReport


@pytest.fixture
def run_folder(repository, tmp_path):
    """A committed run, which has energies and no probes; made a run directory again."""
    folder = tmp_path / "tiny"
    shutil.copytree(repository / "reports" / "tiny", folder, ignore=shutil.ignore_patterns("*.png"))
    molecule = {
        "name": "water",
        "atomic_numbers": [8, 1, 1],
        "positions_angstrom": [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]],
        "charge": 0,
        "multiplicity": 1,
        "source": "test",
        "cell_angstrom": None,
    }
    (folder / "water" / "system.json").write_text(json.dumps(molecule))
    run = json.loads((folder / "run.json").read_text())
    version = {"schema_version": 2, "request": {}, "fingerprints": {}, "not_asked": {}}
    (folder / "run.json").write_text(json.dumps(run | version))
    return folder


HEAVY = "{'torch', 'openmm', 'openmmtorch', 'matplotlib'}"


def in_a_new_process(code):
    """Run code in a new process; its last line on stderr lists what it has loaded."""
    listing = f"print(sorted({HEAVY} & {{name for name in sys.modules if sys.modules[name]}}),"
    code = f"import sys, atexit\natexit.register(lambda: {listing} file=sys.stderr))\n{code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_an_unknown_potential_is_refused_before_anything_is_loaded():
    done = in_a_new_process("from openmm_mlff.cli import main\nmain(['validate', 'nothing'])")
    refusal, loaded = done.stderr.splitlines()
    assert refusal.startswith("openmm-mlff: unknown potential 'nothing'; expected student:")
    assert (done.returncode, loaded) == (2, "[]")


def test_judge_loads_neither_torch_nor_openmm(run_folder):
    """Even with MDTraj, which is loaded where a run has trajectories."""
    done = in_a_new_process(
        "import openmm_mlff.pipeline.judge as judge\n"
        "before = judge.judge_run\n"
        "def with_mdtraj(*args, **kwargs):\n"
        "    import mdtraj\n"
        "    return before(*args, **kwargs)\n"
        "judge.judge_run = with_mdtraj\n"
        "from openmm_mlff.cli import main\n"
        f"main(['judge', {str(run_folder)!r}, '--no-write', '--json'])"
    )
    assert done.stderr.splitlines()[-1] == "[]", done.stderr
    report = ValidationReport.from_json(done.stdout)
    assert done.returncode == report.exit_code == 3
    assert report.checks


def test_help_loads_nothing_heavy():
    done = in_a_new_process(
        "from openmm_mlff.cli import main\n"
        "for words in ([], ['--help'], ['validate', '--help']):\n"
        "    try:\n"
        "        main(words)\n"
        "    except SystemExit as left:\n"
        "        assert left.code == 0\n"
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "[]"), done.stderr


def test_judge_by_another_protocol_leaves_the_report_with_no_write(run_folder, command, tmp_path):
    before = (run_folder / "report.json").read_bytes()
    outcome = command("judge", run_folder, "--protocol", "quick", "--no-write", "--json")
    assert json.loads(outcome.out)["protocol"]["name"] == "quick"
    assert (run_folder / "report.json").read_bytes() == before


def test_nothing_got_worse_is_exit_code_0_whatever_the_verdicts(command, repository):
    folder = repository / "reports" / "ultra-tiny"
    outcome = command("compare", folder, folder / "report.json")
    assert (outcome.code, outcome.err) == (0, "")
    assert "still REJECTED" in " ".join(outcome.out.split())


def test_something_worse_is_exit_code_1(command, repository):
    reports = repository / "reports"
    pair = (reports / "original", reports / "ultra-tiny")
    outcome = command("compare", "--baseline", *pair, "--quiet")
    assert outcome.code == 1
    assert outcome.out.startswith("ultra-tiny against original: ")
    assert "worse" in outcome.out


def test_strict_counts_values_beyond_their_intervals(command, repository, tmp_path):
    """A value that got worse and still passes."""
    report = json.loads((repository / "reports" / "original" / "report.json").read_text())
    result = next(result for result in report["checks"] if result["id"] == "force_accuracy")
    result["value"] = 0.9 * result["threshold"]
    worse = tmp_path / "worse"
    worse.mkdir()
    (worse / "report.json").write_text(json.dumps(report))
    pair = (repository / "reports" / "original", worse)
    assert command("compare", *pair, "--quiet").code == 0
    assert command("compare", *pair, "--quiet", "--strict").code == 1


def test_compare_prints_json_and_nothing_else(command, repository):
    reports = repository / "reports"
    outcome = command("compare", reports / "original", reports / "tiny", "--json")
    table = json.loads(outcome.out)
    assert (table["schema_version"], table["baseline"]) == (2, "original")
    assert table["got_worse"] is (outcome.code == 1)
    assert {point["label"] for point in table["pareto"]["points"]} == {"original", "tiny"}


def test_compare_writes_files_that_link_to_the_reports(command, repository, tmp_path):
    reports = repository / "reports"
    outcome = command("compare", reports / "original", reports / "tiny", "--output", tmp_path / "c")
    assert f"Comparison: {tmp_path / 'c' / 'comparison.html'}" in outcome.out
    page = (tmp_path / "c" / "comparison.html").read_text(encoding="utf-8")
    assert "/reports/tiny/report." in page


def test_the_comparison_fits_80_columns(command, repository, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    reports = repository / "reports"
    outcome = command("compare", *(reports / name for name in ("original", "tiny", "ultra-tiny")))
    assert max(len(line) for line in outcome.out.splitlines()) <= 80
    for word in ("geometry_accuracy", "torsion_profile", "Recommendation", "● yes"):
        assert word in outcome.out
