"""`judge` and `compare` on finished runs: exit codes, output for programs, and what is loaded."""

import json
import shutil
import subprocess
import sys

import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.run_directory import molecule_to_json, read_json, write_json


@pytest.fixture
def reports(repository):
    """The committed reports."""
    return repository / "reports"


@pytest.fixture
def run_folder(reports, tmp_path):
    """A committed run, which has energies and no probes; made a run directory again."""
    folder = tmp_path / "tiny"
    shutil.copytree(reports / "tiny", folder, ignore=shutil.ignore_patterns("*.png"))
    write_json(folder / "water" / "system.json", molecule_to_json(load_system("water")))
    run = read_json(folder / "run.json")
    version = {"schema_version": 2, "request": {}, "fingerprints": {}, "not_asked": {}}
    write_json(folder / "run.json", run | version)
    return folder


HEAVY = "{'torch', 'openmm', 'openmmtorch', 'matplotlib'}"


def in_a_new_process(code):
    """Run code in a new process; its last line on stderr lists what it has loaded."""
    listing = f"print(sorted({HEAVY} & {{name for name in sys.modules if sys.modules[name]}}),"
    code = f"import sys, atexit\natexit.register(lambda: {listing} file=sys.stderr))\n{code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["validate", "nothing"], "unknown potential 'nothing'; expected student:"),
        (["validate", "--system", "watr"], "unknown system 'watr': did you mean water?"),
        (["validate", "--protocol", "quik"], "unknown protocol 'quik'; did you mean 'quick'?"),
        (["benchmark", "--system", "watr"], "unknown system 'watr': did you mean water?"),
        # A worker loads the potential, and torch for it.
        (["validate", "--sandbox", "--system", "chloromethane"], "student:original does not"),
    ],
)
def test_what_cannot_be_validated_is_refused_without_torch(words, refusal):
    done = in_a_new_process(f"from openmm_mlff.cli import main\nmain({words})")
    said, loaded = done.stderr.splitlines()
    assert said.startswith(f"openmm-mlff: {refusal}")
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


def test_only_something_worse_is_exit_code_1_whatever_the_verdicts(command, reports):
    folder = reports / "ultra-tiny"
    same = command("compare", folder, folder / "report.json")
    assert (same.code, same.err) == (0, "")
    worse = command("compare", "--baseline", reports / "original", folder, "--quiet")
    assert worse.code == 1
    assert worse.out.startswith("ultra-tiny against original: ")


def test_strict_counts_values_beyond_their_intervals(command, reports, tmp_path):
    """A value that got worse and still passes."""
    report = read_json(reports / "original" / "report.json")
    result = next(result for result in report["checks"] if result["id"] == "force_accuracy")
    result["value"] = 0.9 * result["threshold"]
    worse = tmp_path / "worse"
    write_json(worse / "report.json", report)
    pair = (reports / "original", worse)
    assert command("compare", *pair, "--quiet").code == 0
    assert command("compare", *pair, "--quiet", "--strict").code == 1


def test_compare_prints_json_and_nothing_else(command, reports):
    outcome = command("compare", reports / "original", reports / "tiny", "--json")
    table = json.loads(outcome.out)
    assert (table["schema_version"], table["baseline"]) == (2, "original")
    assert table["got_worse"] is (outcome.code == 1)
    assert {point["label"] for point in table["pareto"]["points"]} == {"original", "tiny"}


def test_compare_writes_files_that_link_to_the_reports(command, reports, tmp_path):
    outcome = command("compare", reports / "original", reports / "tiny", "--output", tmp_path / "c")
    assert f"Comparison: {tmp_path / 'c' / 'comparison.html'}" in outcome.out
    page = (tmp_path / "c" / "comparison.html").read_text(encoding="utf-8")
    assert "/reports/tiny/report." in page


def test_the_comparison_fits_80_columns(command, reports, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    outcome = command("compare", *(reports / name for name in ("original", "tiny", "ultra-tiny")))
    assert max(len(line) for line in outcome.out.splitlines()) <= 80
    for word in ("geometry_accuracy", "torsion_profile", "Recommendation", "● yes"):
        assert word in outcome.out
