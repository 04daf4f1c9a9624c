import json
import os
from pathlib import Path

import pytest

from openmm_mlff.cli.selftest import selftest_command
from openmm_mlff.errors import ConfigError
from openmm_mlff.results import Status
from openmm_mlff.selftest import jobs
from openmm_mlff.selftest.faults import FAULTS, get_fault
from openmm_mlff.selftest.jobs import list_jobs, measure_onset, run_selftest, system_of
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.oracles import BOX_KINDS, KINDS
from openmm_mlff.selftest.runner import Finding


@pytest.fixture
def answers(monkeypatch):
    """Replace the work by an answer: gross faults are caught, slight ones missed."""

    def plant(caught=Status.FAIL):
        def answer(job):
            if job.part == "onset":
                return Onset(1.0, 1.1)
            check = "determinism" if job.part == "healthy" else get_fault(job.subject).check
            status = caught if job.part == "gross" else Status.PASS
            return {check: Finding(status, "as asked")}

        monkeypatch.setattr(jobs, "run_job", answer)

    return plant


def test_every_fault_is_tried_gross_slight_and_for_its_onset():
    listed = list_jobs(list(FAULTS), seeds=20)
    graded = [fault for fault in FAULTS if fault.slight is not None]
    assert len(listed) == len(FAULTS) + 2 * len(graded) + len(KINDS) * 20 + 1
    assert len(set(listed)) == len(listed)
    slow = {"network", *BOX_KINDS}
    assert listed[0].subject in slow | {d.name for d in FAULTS if d.parent in slow}
    assert system_of(0, "argon") == "argon_108"
    assert [system_of(seed) for seed in range(3)] == ["water", "methane", "water"]


def test_the_rows_stand_in_order_and_all_are_there(answers):
    answers()
    seen = []
    matrix = run_selftest(
        seeds=2, processes=1, on_progress=lambda name, done, total: seen.append((done, total))
    )
    assert [row.fault.name for row in matrix.faults] == [fault.name for fault in FAULTS]
    assert [(row.kind, row.seed) for row in matrix.healthy] == [
        *((kind, seed) for kind in KINDS for seed in range(2)),
        ("argon", 0),
    ]
    assert matrix.passed
    assert len(matrix.missed_slight) == sum(row.slight is not None for row in matrix.faults)
    assert seen[-1][0] == seen[-1][1] == len(seen)


def test_a_real_onset_is_where_it_is_predicted():
    onset = measure_onset(get_fault("jump at the cutoff"))
    # The energy jumps by exactly the strength, the threshold is 1 meV.
    assert onset.unseen <= 1e-3 <= onset.seen < 2e-3


def test_real_faults_are_run_in_several_processes(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    named = ["raises", "wrong shape"]
    matrix = run_selftest(seeds=20, only=named, processes=2, on_progress=lambda *_: None)
    found = {row.fault.name: row.gross_finding.status for row in matrix.faults}
    assert found == dict.fromkeys(named, Status.ERROR)
    # Nothing healthy is tried beside chosen faults.
    assert matrix.healthy == ()
    assert os.environ["OMP_NUM_THREADS"] == "3"


@pytest.mark.parametrize(("status", "code"), [(Status.FAIL, 0), (Status.PASS, 1)])
def test_the_command_exits_with_the_outcome_and_writes_the_matrix(
    answers, status, code, capsys, tmp_path
):
    answers(status)
    assert selftest_command(only=["curl"], jobs=1, output=tmp_path / "matrix.json") == code
    assert ("SELF-TEST PASSED" in capsys.readouterr().out) is (code == 0)
    table = json.loads((tmp_path / "matrix.json").read_text(encoding="utf-8"))
    assert table["passed"] is (code == 0)
    assert [row["name"] for row in table["defects"]] == ["curl"]
    assert "| curl |" in (tmp_path / "matrix.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"output": Path("matrix.txt")}, r"expected a name ending in \.json"),
        ({"only": ["cruel"]}, "unknown fault 'cruel'; did you mean 'curl'"),
    ],
)
def test_wrong_usage_is_refused(asked, message):
    with pytest.raises(ConfigError, match=message):
        selftest_command(**asked)
