"""Which probes are run, and what is kept of them."""

import pytest

from openmm_mlff.checks import get_check
from openmm_mlff.pipeline import prepare
from openmm_mlff.pipeline.guard import Broken, Outcome
from openmm_mlff.pipeline.probing import (
    break_all_probes,
    is_done,
    needed_probes,
    run_each,
    write_outcome,
)
from openmm_mlff.pipeline.subject import Subject
from openmm_mlff.probes import (
    DYNAMICS_PROBES,
    PROBES,
    REFERENCE_PROBES,
    SURFACE_PROBES,
    ProbeOutcome,
)
from openmm_mlff.simulation.platforms import named_platform


@pytest.fixture
def plan(random_student, short_protocol, tmp_path):
    return prepare(
        random_student,
        systems=["water"],
        protocol=short_protocol,
        reference="none: its teacher is not here",
        platform="Reference",
        precision="mixed",
        seed=1,
        output=tmp_path / "out",
        resume=False,
    )


@pytest.fixture
def subject(plan):
    return Subject(plan, plan.molecules["water"], named_platform("Reference"), lambda *_: None)


def test_every_probe_is_read_by_a_check_and_every_check_finds_its_probes():
    from openmm_mlff.checks import CHECKS

    run = {name for table in (PROBES, DYNAMICS_PROBES, SURFACE_PROBES) for name, _ in table}
    run |= {name for name, _ in REFERENCE_PROBES} | {"reference", "minimum"}
    assert {name for spec in CHECKS for name in spec.probes} == run


def test_only_what_the_protocol_asks_for_is_needed(plan):
    needed = needed_probes(plan)
    assert set(get_check("force_accuracy").probes) <= needed
    assert "rotation_invariance" in needed
    assert "torsion_profile" not in needed


def test_a_probe_is_run_once_and_again_only_where_it_broke(subject):
    molecule = subject.molecule
    calls = []

    def call():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("planted")
        return ProbeOutcome(data={"n": len(calls)})

    for _ in range(3):
        run_each(subject, molecule, [("determinism", call), ("unknown", call)], stage="probes")
    assert len(calls) == 2
    assert is_done(subject.directory, "water", "determinism")
    assert subject.directory.probe_names("water") == ["determinism"]


def test_a_broken_probe_leaves_its_traceback(subject):
    broken = Outcome(broken=Broken("it fell", "line 7"))
    write_outcome(subject.directory, "water", "determinism", broken)
    record, _ = subject.directory.read_probe("water", "determinism")
    assert (record["status"], record["reason"], record["traceback"]) == (
        "error",
        "it fell",
        "line 7",
    )
    assert not is_done(subject.directory, "water", "determinism")


def test_where_no_platform_runs_every_probe_says_why(plan):
    break_all_probes(plan, "water", Broken("no platform", ""))
    names = set(plan.directory.probe_names("water"))
    assert {"determinism", "rotation_invariance"} <= names
    record, _ = plan.directory.read_probe("water", "rotation_invariance")
    assert record["reason"] == "no platform"


def test_the_reason_for_no_reference_is_kept(plan):
    assert plan.reference is None
    assert plan.no_reference_reason == "no reference was asked for (its teacher is not here)"
