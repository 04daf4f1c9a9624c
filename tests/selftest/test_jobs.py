import os

import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.results import Status
from openmm_mlff.selftest import jobs
from openmm_mlff.selftest.faults import FAULTS, get_fault
from openmm_mlff.selftest.jobs import Job, list_jobs, run_selftest, system_of
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.oracles import KINDS
from openmm_mlff.selftest.runner import Finding


@pytest.fixture
def answers(monkeypatch):
    """Replace the work by an answer: gross faults are caught, slight ones missed."""

    def answer(job):
        if job.part == "onset":
            return Onset(1.0, 1.1)
        fault = None if job.part == "healthy" else get_fault(job.subject)
        caught = job.part == "gross"
        status = Status.FAIL if caught else Status.PASS
        return {fault.check if fault else "determinism": Finding(status, "as asked")}

    monkeypatch.setattr(jobs, "run_job", answer)


def test_every_fault_is_tried_gross_slight_and_for_its_onset():
    listed = list_jobs(list(FAULTS), seeds=20)
    graded = [fault for fault in FAULTS if fault.slight is not None]
    assert len(listed) == len(FAULTS) + 2 * len(graded) + len(KINDS) * 20
    assert len(set(listed)) == len(listed)
    assert listed[0].subject in {"network"} | {d.name for d in FAULTS if d.parent == "network"}


def test_healthy_potentials_take_turns_on_two_molecules():
    assert [system_of(seed) for seed in range(3)] == ["water", "methane", "water"]


def test_the_rows_stand_in_order_and_all_are_there(answers):
    seen = []
    matrix = run_selftest(
        seeds=2, processes=1, on_progress=lambda name, done, total: seen.append((done, total))
    )
    assert [row.fault.name for row in matrix.faults] == [fault.name for fault in FAULTS]
    assert [(row.kind, row.seed) for row in matrix.healthy] == [
        (kind, seed) for kind in KINDS for seed in range(2)
    ]
    assert matrix.passed
    assert len(matrix.missed_slight) == sum(row.slight is not None for row in matrix.faults)
    assert seen[-1][0] == seen[-1][1] == len(seen)


def test_only_one_fault_and_nothing_healthy(answers):
    matrix = run_selftest(seeds=20, only=["curl"], processes=1, on_progress=lambda *_: None)
    assert [row.fault.name for row in matrix.faults] == ["curl"]
    assert matrix.healthy == ()


def test_an_unknown_fault_is_refused():
    with pytest.raises(ConfigError, match="unknown fault 'cruel'; did you mean 'curl'"):
        run_selftest(seeds=0, only=["cruel"], processes=1, on_progress=lambda *_: None)


def test_a_real_fault_from_its_strengths_to_its_onset(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    matrix = run_selftest(
        seeds=0, only=["jump at the cutoff"], processes=2, on_progress=lambda *_: None
    )
    (row,) = matrix.faults
    assert row.gross_finding.is_alarm
    assert row.slight_finding.is_alarm
    # The energy jumps by exactly the strength, the threshold is 1 meV.
    assert row.onset.unseen <= 1e-3 <= row.onset.seen
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_a_job_runs_what_its_name_says():
    found = jobs.run_job(Job("gross", "raises"))
    assert found["openmm_parity"].status is Status.ERROR
