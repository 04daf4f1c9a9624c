"""How the checks of one system are measured: once, each for itself, and what breaks is stored."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.base import Check, Judgement
from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.guard import Broken
from openmm_mlff.measuring.journal import BEGIN, END, Journal
from openmm_mlff.measuring.shared import SHARED
from openmm_mlff.measuring.subject import Settings, Subject
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline import stages
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.pipeline.stages import measure_checks, produce
from openmm_mlff.potentials.frames import Frame, LabelledFrames
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.storage.measurements import DONE, ERROR, NOT_APPLICABLE, SKIPPED, NotApplicable
from openmm_mlff.storage.runs import Runs
from openmm_mlff.storage.shared import Minimum, ReferenceMinimum, Samples
from openmm_mlff.storage.typed import record

WATER = load_system("water")
SHORTEST = {"equilibration_ps": 0.0, "duration_ps": 0.005, "longest_ps": 0.005}
CRASH = Broken("ended by SIGSEGV (segmentation fault) on platform Reference", "Fatal Python error")


@record
class Number:
    value: float


def check_of(check_id, measure, *, needs=(), kind=Number, scope="system"):
    """A check that asks what a test says."""
    return Check(
        id=check_id,
        group="surface",
        question="?",
        formula="",
        unit="",
        limits={},
        source="",
        consequence="",
        remedy="",
        record=kind,
        measure=measure,
        judge=lambda *_: Judgement(Status.PASS, ""),
        scope=scope,
        needs=needs,
    )


class Counted:
    """Returns, or raises, one outcome after the other, the last one again and again."""

    def __init__(self, *outcomes):
        self.outcomes = outcomes
        self.calls = 0

    def __call__(self, _subject):
        outcome = self.outcomes[min(self.calls, len(self.outcomes) - 1)]
        self.calls += 1
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


@pytest.fixture
def make_subject(tmp_path):
    """A subject on water, new each time, in one folder, as a resumed run has it."""

    def make(*, journal=None, reference=None, **dynamics):
        protocol = load_protocol("standard")
        dynamics = protocol.dynamics.model_copy(update=SHORTEST | dynamics)
        return Subject(
            healthy("bonded", molecule=WATER, seed=0),
            WATER,
            platform=named_platform("Reference"),
            settings=Settings(protocol.model_copy(update={"dynamics": dynamics}), "double", 1),
            folder=tmp_path / "water",
            reference=reference,
            journal=journal or Journal(),
        )

    return make


def stored(subject, name):
    found = subject.store.read(name)
    return found.status, found.reason


def test_a_shared_measurement_that_raises_is_an_error_of_every_check_that_needs_it(
    make_subject, monkeypatch
):
    shared = Counted(RuntimeError("planted"))
    monkeypatch.setitem(SHARED, "minimum", replace(SHARED["minimum"], measure=shared))
    own = Counted(Number(value=1.0))
    subject = make_subject()
    needing = [check_of("a", own, needs=("minimum",)), check_of("b", own, needs=("hessian",))]

    measure_checks(subject, [*needing, check_of("c", own)])

    assert shared.calls == own.calls == 1
    for name in ("minimum", "a", "b"):
        found = subject.store.read(name)
        assert found.status == ERROR
        assert "RuntimeError: planted" in found.reason
        assert "raise outcome" in found.traceback
    assert "'minimum'" in subject.store.read("b").reason
    assert stored(subject, "c") == (DONE, "")


@pytest.mark.parametrize("known", ["broken", "rest"])
def test_a_shared_measurement_that_ended_a_process_is_not_made_again(
    make_subject, monkeypatch, known
):
    shared, own = Counted(None), Counted(Number(value=1.0))
    monkeypatch.setitem(SHARED, "minimum", replace(SHARED["minimum"], measure=shared))
    journal = Journal(rest=CRASH) if known == "rest" else Journal(broken={"water: minimum": CRASH})
    subject = make_subject(journal=journal)

    measure_checks(subject, [check_of("a", own, needs=("minimum", "noise")), check_of("b", own)])

    assert shared.calls == 0
    found = subject.store.read("a")
    assert (found.status, found.traceback) == (ERROR, CRASH.traceback)
    assert CRASH.reason in found.reason
    assert stored(subject, "b")[0] == (ERROR if known == "rest" else DONE)
    # The next worker knows only the keys; what was stored says why.
    settled = Journal(settled=frozenset({"water: minimum", "water: b"}))
    subject = make_subject(journal=settled)
    measure_checks(subject, [check_of("d", own, needs=("minimum",))])
    assert shared.calls == 0
    assert CRASH.reason in subject.store.read("d").reason


def test_what_a_resumed_run_measures_again(make_subject):
    outcomes: Mapping[str, Counted] = {
        "sound": Counted(Number(value=1.0)),
        "meaningless": Counted(NotApplicable("one atom has no orientation")),
        "mended": Counted(RuntimeError("planted"), Number(value=2.0)),
        "without": Counted(Number(value=3.0)),
    }
    checks = [
        check_of(name, outcome, needs=("reference",) if name == "without" else ())
        for name, outcome in outcomes.items()
    ]

    subject = make_subject()
    measure_checks(subject, checks, no_reference_reason="no reference was requested")

    assert stored(subject, "sound") == (DONE, "")
    assert stored(subject, "meaningless") == (NOT_APPLICABLE, "one atom has no orientation")
    assert stored(subject, "mended") == (ERROR, "RuntimeError: planted")
    assert "raise outcome" in subject.store.read("mended").traceback
    assert stored(subject, "without") == (SKIPPED, "no reference was requested")
    assert subject.store.read("sound").cost["evaluations"] == 0

    subject = make_subject(reference=healthy("bonded", molecule=WATER, seed=1))
    measure_checks(subject, checks)

    assert {name: outcome.calls for name, outcome in outcomes.items()} == {
        "sound": 1,
        "meaningless": 1,
        "mended": 2,
        "without": 1,
    }
    assert subject.store.read("mended").record(Number).value == 2.0
    assert subject.store.read("without").record(Number).value == 3.0


def test_steps_of_a_simulation_count_as_evaluations(make_subject):
    subject = make_subject()
    check = check_of("drawn", lambda one: one.samples, needs=("samples",), kind=Samples)
    measure_checks(subject, [check])
    # Timesteps of 1 fs, after an equilibration of 0.5 ps.
    steps = 1000.0 * (0.5 + subject.spec.sampling_ps)
    assert subject.store.read("samples").cost["evaluations"] == pytest.approx(steps)


def test_shared_measurements_are_made_once_and_linked(make_subject, monkeypatch):
    made = []
    measure = SHARED["minimum"].measure

    def counted(subject):
        made.append(subject)
        return measure(subject)

    monkeypatch.setitem(SHARED, "minimum", replace(SHARED["minimum"], measure=counted))
    whole = check_of("whole", lambda one: one.minimum, needs=("minimum",), kind=Minimum)
    part = check_of("part", lambda one: Number(value=one.minimum.energy_ev), needs=("minimum",))
    for checks in ([whole], [whole, part]):
        subject = make_subject()
        measure_checks(subject, checks)

    assert len(made) == 1
    minimum = subject.store.read("minimum")
    assert minimum.cost["seconds"] > 0.0
    linked = subject.store.read("whole")
    assert not (subject.folder / "measurements" / "whole.npz").exists()
    np.testing.assert_array_equal(
        linked.record(Minimum).positions_angstrom, minimum.arrays["positions_angstrom"]
    )
    assert subject.store.read("part").record(Number).value == minimum.data["energy_ev"]


def test_what_is_not_applicable_is_stored_for_every_check_and_not_asked_again(
    make_subject, monkeypatch
):
    shared = Counted(NotApplicable("a crystal has many minima"))
    entry = replace(SHARED["reference_minimum"], measure=shared)
    monkeypatch.setitem(SHARED, "reference_minimum", entry)

    def measure(subject):
        return subject.reference_minimum

    for name in ("a", "b"):
        subject = make_subject(reference=healthy("bonded", molecule=WATER, seed=1))
        check = check_of(name, measure, needs=("reference_minimum",), kind=ReferenceMinimum)
        measure_checks(subject, [check])
        assert stored(subject, name) == (NOT_APPLICABLE, "a crystal has many minima")
    assert shared.calls == 1


@pytest.mark.parametrize(
    ("needs", "status"),
    [
        (("reference",), SKIPPED),
        (("minimum", "reference_minimum"), SKIPPED),
        (("reference_labels", "reference"), SKIPPED),
        (("reference_labels",), DONE),
        ((), DONE),
    ],
)
def test_labelled_frames_are_compared_and_not_evaluated(make_subject, needs, status):
    frame = Frame(0, WATER.atomic_numbers, WATER.positions_angstrom, -1.0, np.zeros((3, 3)))
    labels = LabelledFrames("labels.extxyz", "labels", "0" * 64, (frame,))
    own = Counted(Number(value=1.0))
    subject = make_subject(reference=labels)

    measure_checks(subject, [check_of("a", own, needs=needs)])

    found = stored(subject, "a")
    assert found == (status, stages.NOT_EVALUATED if status == SKIPPED else "")
    assert own.calls == (status == DONE)


def test_simulations_are_measured_once_and_judged_by_link(make_subject):
    told = []
    journal = Journal(tell=lambda event, key: told.append((event, key)))
    subject = make_subject(journal=journal, temperatures_kelvin=(200.0, 300.0))
    judged = check_of(
        "judged", lambda one: one.runs, needs=("trajectories",), kind=Runs, scope="condition"
    )
    counted = check_of(
        "counted",
        lambda one: Number(value=float(len(one.runs.runs))),
        needs=("trajectories",),
        scope="condition",
    )
    whole = check_of("whole", lambda one: Number(value=float(len(one.runs.runs))))

    measure_checks(subject, [judged, counted, whole])

    begun = [key for event, key in told if event == BEGIN]
    assert begun == [key for event, key in told if event == END]
    assert len(begun) == len(set(begun))
    simulations = [key for key in begun if "nve_" in key]
    assert len(simulations) == 2
    assert begun.index("water: minimum") < begun.index(simulations[0])
    for kelvin in (200, 300):
        found = subject.store.read(f"counted@{kelvin}K_0.5fs").record(Number)
        assert found.value == 1.0
    assert subject.store.read("whole").record(Number).value == 2.0
    names = {path.stem for path in (subject.folder / "measurements").glob("judged@*.json")}
    assert names == {"judged@200K_0.5fs", "judged@300K_0.5fs"}


@pytest.mark.parametrize("value", [None, 1.0, {"value": 1.0}])
def test_a_check_that_returns_no_record_is_an_error(make_subject, value):
    subject = make_subject()
    measure_checks(
        subject, [check_of("a", Counted(value)), check_of("b", Counted(Number(value=1)))]
    )
    status, reason = stored(subject, "a")
    assert status == ERROR
    assert f"measure returned {type(value).__name__}, expected Number" in reason
    assert stored(subject, "b") == (DONE, "")


def test_what_another_worker_measured_is_left_alone(make_subject):
    own = Counted(RuntimeError("again"))
    subject = make_subject(journal=Journal(settled=frozenset({"water: a"})))
    measure_checks(subject, [check_of("a", own)])
    assert own.calls == 0


@pytest.fixture
def plan(random_student, short_protocol, tmp_path):
    return prepare(
        ValidationRequest(
            potential=random_student,
            systems=("water",),
            protocol=short_protocol,
            reference="none: its teacher is not here",
            platform="Reference",
            output=tmp_path / "out",
        )
    )


def test_where_no_platform_runs_every_check_says_why(plan, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("no platform")

    monkeypatch.setattr(stages, "choose_platform", refuse)
    assert produce(plan, plan.molecules["water"], on_progress=lambda *_: None) == ""
    folder = plan.directory.system("water") / "measurements"
    names = {path.stem.partition("@")[0] for path in folder.glob("*.json")}
    assert names == {check.id for check, _ in plan.checks}
    assert "RuntimeError: no platform" in (folder / "determinism.json").read_text(encoding="utf-8")


def test_the_reason_for_no_reference_is_kept(plan):
    assert plan.reference is None
    reasons = {"water": "no reference was requested (its teacher is not here)"}
    assert plan.no_reference == plan.not_asked == reasons
