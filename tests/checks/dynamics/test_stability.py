from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.config import Threshold
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunFailure
from openmm_mlff.storage.shared import Minimum, ReferenceMinimum

TORN = RunFailure("unstable", "torn", 2.0, (0, 1))


def edited(series, **changes):
    """A copy with single values put elsewhere: name=(row, value)."""
    copies = {name: getattr(series, name).copy() for name in changes}
    for name, (row, value) in changes.items():
        copies[name][row] = value
    return replace(series, **copies)


def test_every_replica_must_survive(judge_runs, water, make_run):
    runs = make_run(water), make_run(water, replica=2)
    judgement = judge_runs(*runs)
    assert judgement.status is Status.PASS
    assert (judgement.value, judgement.threshold) == (10.0, 10.0)
    torn = make_run(water, replica=1, completed_ps=2.0, failure=TORN)
    judgement = judge_runs(runs[0], torn)
    assert judgement.status is Status.FAIL
    assert "replica 1 survived 2 of 10 ps: torn (O1–H2)" in judgement.clause
    found = [(run["survived_ps"], run["atoms"]) for run in judgement.evidence["runs"]]
    assert found == [(10.0, []), (2.0, ["O1", "H2"])]


@pytest.mark.parametrize(
    ("failure", "timestep_fs", "status"),
    [("", 0.5, Status.PASS), ("torn", 0.5, Status.FAIL), ("torn", 1.0, Status.PASS)],
)
def test_a_short_run_that_broke_fails_its_condition(
    judge_runs, water, make_run, make_short_runs, failure, timestep_fs, status
):
    broken = {"failure": failure, "failure_ps": 0.125, "failure_atoms": (0, 1)}
    short = make_short_runs(timestep_fs=timestep_fs, **broken)
    judgement = judge_runs(make_run(water), short_runs=short)
    assert judgement.status is status
    if status is Status.FAIL:
        assert (judgement.value, judgement.threshold) == (0.125, 0.5)
        assert judgement.evidence["short_run"]["atom_indices"] == (0, 1)


@pytest.mark.parametrize(
    ("stream", "name", "row", "value", "status"),
    [
        ("energies", "temperature_kelvin", 200, 3001.0, Status.FAIL),
        ("energies", "temperature_kelvin", 200, np.nan, Status.FAIL),
        ("energies", "total_ev", 200, np.inf, Status.FAIL),
        ("momenta", "largest_force_ev_per_angstrom", 200, 101.0, Status.FAIL),
        ("momenta", "linear", 200, np.nan, Status.FAIL),
        ("trajectory", "positions_angstrom", 200, np.nan, Status.FAIL),
        ("trajectory", "fragments", 20, 2, Status.FAIL),
        ("trajectory", "closest_contact", 9, 0.48, Status.FAIL),
        # Bonds start at 0.96 Å.
        ("trajectory", "bond_lengths_angstrom", 499, 1.45 * 0.96, Status.PASS),
        ("trajectory", "bond_lengths_angstrom", 499, 1.55 * 0.96, Status.FAIL),
        ("trajectory", "bond_lengths_angstrom", 499, 0.55 * 0.96, Status.FAIL),
    ],
)
def test_numbers_beyond_reason_fail(judge_runs, water, make_run, stream, name, row, value, status):
    run = make_run(water)
    spoilt = edited(getattr(run, stream), **{name: (row, value)})
    judgement = judge_runs(replace(run, **{stream: spoilt}))
    assert judgement.status is status
    if status is Status.FAIL:
        assert judgement.value == pytest.approx(getattr(run, stream).time_ps[row])


def test_a_new_contact_names_the_unbonded_pair(judge_runs, water, make_run):
    run = make_run(water)
    placed = water.positions_angstrom[[0, 1, 1]] + np.outer([0, 0, 1], [0.3, 0, 0])
    found = {"closest_contact": (9, 0.48), "positions_angstrom": (9, placed)}
    trajectory = edited(run.trajectory, **found)
    judgement = judge_runs(replace(run, trajectory=trajectory))
    assert "unbonded atoms H2–H3 are at 0.48" in judgement.clause


@pytest.mark.parametrize("completed_ps", [10.0, 9.0])
def test_the_earliest_break_counts_of_any_run(judge_runs, water, make_run, completed_ps):
    run = make_run(water, completed_ps=completed_ps)
    hot = edited(run.energies, temperature_kelvin=(100, 1e4))
    torn = edited(run.trajectory, fragments=(20, 2))
    judgement = judge_runs(replace(run, energies=hot, trajectory=torn))
    assert judgement.status is Status.FAIL
    assert judgement.value == pytest.approx(run.trajectory.time_ps[20])


def test_a_break_in_the_equilibration_survived_nothing(judge_runs, water, make_run):
    failure = RunFailure("unstable", "a force of 200 eV/Å", -0.3)
    judgement = judge_runs(make_run(water, completed_ps=0.0, failure=failure, trajectory=None))
    assert (judgement.status, judgement.value) == (Status.FAIL, 0.0)


@pytest.mark.parametrize("stream", ["energies", "momenta", "trajectory"])
def test_streams_that_stop_early_were_not_watched(judge_runs, water, make_run, stream):
    run = make_run(water)
    series = getattr(run, stream)
    half = {name: getattr(series, name)[:500] for name in series.__dataclass_fields__}
    found = [judge_runs(replace(run, **{stream: replace(series, **half)}))]
    found += [judge_runs(replace(run, trajectory=None))]
    assert [judgement.status for judgement in found] == [Status.INCONCLUSIVE] * 2


def with_stability(subject, **values):
    """Change limits of a subject's ``criteria.stability``."""
    protocol = subject.settings.protocol
    limits = dict(protocol.limits_for("stability"))
    for name, value in values.items():
        limits[name] = Threshold(value=value, unit=limits[name].unit, source="a test")
    criteria = {**protocol.criteria, "stability": limits}
    protocol = protocol.model_copy(update={"criteria": criteria})
    subject.settings = replace(subject.settings, protocol=protocol)
    return subject


@pytest.mark.parametrize(
    ("loosened", "status"),
    [
        ({}, Status.FAIL),
        ({"bond_longest": 50.0, "contact": 0.01, "temperature_factor": 100.0}, Status.PASS),
    ],
)
def test_weak_bonds_break_unless_limits_are_loosened(measured, faulty, loosened, status):
    result = measured(with_stability(faulty("weak bonds"), **loosened))
    assert result.status is status
    assert (result.value < result.threshold) is (status is Status.FAIL)
    (run,) = result.evidence["runs"]
    # Both names count from one.
    assert "–".join(run["atoms"]) in {"O1–H2", "O1–H3", "H2–H3"} | ({""} if loosened else set())
    assert "–".join(run["atoms"]) in result.message


@pytest.mark.parametrize(
    "limit",
    [
        {"bond_longest": 1.001},
        {"bond_shortest": 0.999},
        {"contact": 3.0},
        {"largest_force": 0.01},
        {"temperature_factor": 0.01},
    ],
)
def test_tightened_limits_stop_a_run_early(measured, sound, limit):
    subject = with_stability(sound(), **limit)
    result = measured(subject)
    assert result.status is Status.FAIL
    (run,) = subject.runs.runs
    assert run.failure.kind == "unstable"
    assert run.completed_ps < run.requested_ps
    assert subject.samples.failure


def test_code_that_breaks_is_an_error_with_its_traceback(measured, sound, monkeypatch):
    subject = sound()
    subject.obtain("minimum")

    def broken(*_, **__):
        raise RuntimeError("the device was lost")

    monkeypatch.setattr("openmm_mlff.measuring.trajectories.run_trajectory", broken)
    result = measured(subject)
    assert result.status is Status.ERROR
    assert "the device was lost" in result.evidence["traceback"]


WATER = load_system("water")
OWN = replace(WATER, in_library=False)
KEPT = np.array(WATER.positions_angstrom)
APART = KEPT + np.outer([0, 1, 0], [0, 0, 2.0])
TWO = load_system("smiles:O.O")
# The second water lands with its oxygen on the first: bonds stay and fragments join.
JOINED = np.array(TWO.positions_angstrom)
JOINED[[1, 4, 5]] += JOINED[0] + [0.0, 0.0, 1.4] - JOINED[1]


@pytest.mark.parametrize(
    ("system", "minimum", "reference", "status"),
    [
        # A structure that only the potential tears is its fault, one of the library holds.
        (OWN, APART, None, Status.INCONCLUSIVE),
        (OWN, APART, APART, Status.INCONCLUSIVE),
        (OWN, APART, KEPT, Status.FAIL),
        (WATER, APART, None, Status.FAIL),
        (WATER, APART, APART, Status.FAIL),
        # It relaxes, and then breaks.
        (OWN, None, None, Status.FAIL),
        (OWN, KEPT, None, Status.FAIL),
        (TWO, JOINED, None, Status.INCONCLUSIVE),
    ],
)
def test_a_structure_that_nothing_keeps_may_itself_be_at_fault(
    judge_runs, make_run, system, minimum, reference, status
):
    torn = make_run(system, completed_ps=0.0, failure=replace(TORN, time_ps=0.0))
    largest = {"largest_force_ev_per_angstrom": 0.0, "energy_ev": 0.0}
    records = {}
    if minimum is not None:
        records["minimum"] = Minimum(positions_angstrom=minimum, **largest)
    if reference is not None:
        records["reference_minimum"] = ReferenceMinimum(
            reference="another",
            model_positions_angstrom=minimum,
            model_largest_force=0.0,
            positions_angstrom=reference,
            largest_force=0.0,
        )
    judgement = judge_runs(torn, system=system, **records)
    assert judgement.status is status
    assert ("start from a structure" in judgement.clause) is (status is Status.INCONCLUSIVE)
