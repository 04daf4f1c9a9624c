from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.stability import CHECK
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import Measurement, MeasurementStore
from openmm_mlff.storage.runs import Evidence, RunFailure
from openmm_mlff.storage.shared import Ensemble, Minimum, ReferenceMinimum
from openmm_mlff.storage.typed import to_tables


@pytest.fixture
def judge(judge_runs):
    return judge_runs(CHECK)


def edited(series, **changes):
    """A copy with single values put elsewhere: name=(row, value)."""
    copies = {name: getattr(series, name).copy() for name in changes}
    for name, (row, value) in changes.items():
        copies[name][row] = value
    return replace(series, **copies)


def test_an_intact_molecule_survives(judge, water, make_run):
    result = judge(water, make_run(water))
    assert result.status is Status.PASS
    assert (result.value, result.threshold, result.unit) == (10.0, 10.0, "ps")
    assert result.condition["temperature_kelvin"] == 300.0


def test_every_replica_must_survive(judge, water, make_run):
    failure = RunFailure("unstable", "torn", 2.0, (0, 1))
    torn = make_run(water, replica=1, completed_ps=2.0, failure=failure)
    assert judge(water, make_run(water), make_run(water, replica=2)).status is Status.PASS
    result = judge(water, make_run(water), torn)
    assert result.status is Status.FAIL
    assert "replica 1 survived 2 of 10 ps: torn (O1–H2)" in result.message
    assert [run["survived_ps"] for run in result.evidence["runs"]] == [10.0, 2.0]


@pytest.mark.parametrize(
    ("failure", "timestep_fs", "status"),
    [("", 0.5, Status.PASS), ("torn", 0.5, Status.FAIL), ("torn", 1.0, Status.PASS)],
)
def test_a_short_run_that_broke_fails_its_condition(
    water, make_run, limits, failure, timestep_fs, status
):
    ensemble = Ensemble(
        temperatures_kelvin=np.empty(0),
        positions_angstrom=np.empty((0, 1, 3, 3)),
        frame_time_ps=np.array([0.5]),
        degrees_of_freedom=3,
        temperature_kelvin=300.0,
        timestep_fs=timestep_fs,
        duration_ps=0.5,
        failure=failure,
        failure_ps=0.125,
        failure_atoms=(0, 1),
    )
    data, arrays = to_tables(ensemble)
    stored = {"ensemble": Measurement("ensemble", "done", data=data, arrays=arrays)}
    run = make_run(water)
    record = Evidence(system=water, runs=(run,), measurements=stored).at(run.condition)
    judgement = CHECK.judge(record, limits(CHECK.id))
    assert judgement.status is status
    if status is Status.FAIL:
        assert (judgement.value, judgement.threshold) == (0.125, 0.5)
        assert judgement.evidence["short_run"]["atom_indices"] == (0, 1)
        assert "torn (O1–H2)" in judgement.clause


def test_a_failure_names_time_and_atoms(judge, water, make_run):
    failure = RunFailure("unstable", "bond O1–H2 is 1.52 of its start", 3.25, (0, 1))
    result = judge(water, make_run(water, completed_ps=3.25, failure=failure))
    assert result.status is Status.FAIL
    assert result.value == 3.25
    assert "3.25 of 10 ps: bond O1–H2 is 1.52 of its start." in result.message
    assert result.evidence["runs"][0]["atoms"] == ["O1", "H2"]


def test_a_break_in_the_equilibration_survived_nothing(judge, water, make_run):
    failure = RunFailure("unstable", "a force of 200 eV/Å", -0.3)
    result = judge(water, make_run(water, completed_ps=0.0, failure=failure, trajectory=None))
    assert result.status is Status.FAIL
    assert result.value == 0.0
    assert "equilibration" in result.message


@pytest.mark.parametrize(
    ("factor", "status"), [(1.45, Status.PASS), (1.55, Status.FAIL), (0.55, Status.FAIL)]
)
def test_a_bond_beyond_its_bounds_fails(judge, water, make_run, make_trajectory, factor, status):
    run = make_run(water)
    positions = run.trajectory.positions_angstrom.copy()
    positions[499, 1] = positions[499, 0] + factor * (positions[499, 1] - positions[499, 0])
    trajectory = make_trajectory(water, time_ps=run.trajectory.time_ps, positions=positions)
    result = judge(water, replace(run, trajectory=trajectory))
    assert result.status is status
    if status is Status.FAIL:
        assert result.value == pytest.approx(5.0)
        assert f"the bond O1–H2 has {factor:.2f} of its starting length" in result.message


def test_a_new_contact_fails_and_names_the_unbonded_pair(judge, water, make_run):
    run = make_run(water)
    positions = run.trajectory.positions_angstrom.copy()
    positions[9, 2] = positions[9, 1] + [0.3, 0.0, 0.0]
    trajectory = edited(run.trajectory, closest_contact=(9, 0.48))
    trajectory = replace(trajectory, positions_angstrom=positions)
    result = judge(water, replace(run, trajectory=trajectory))
    assert result.status is Status.FAIL
    assert "unbonded atoms H2–H3 are at 0.48" in result.message
    assert result.value == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("stream", "name", "value", "words"),
    [
        ("energies", "temperature_kelvin", 3001.0, "the temperature is 3e+03 K"),
        ("energies", "temperature_kelvin", np.nan, "the temperature is nan K"),
        ("energies", "total_ev", np.inf, "the energy is inf eV"),
        ("momenta", "largest_force_ev_per_angstrom", 101.0, "the largest force is 101 eV/Å"),
        ("momenta", "linear", np.nan, "the momentum is nan"),
        ("trajectory", "positions_angstrom", np.nan, "a position is not finite"),
    ],
)
def test_numbers_beyond_reason_fail(judge, water, make_run, stream, name, value, words):
    run = make_run(water)
    spoilt = edited(getattr(run, stream), **{name: (200, value)})
    result = judge(water, replace(run, **{stream: spoilt}))
    assert result.status is Status.FAIL
    assert words in result.message
    assert result.value == pytest.approx(getattr(run, stream).time_ps[200])


@pytest.mark.parametrize("completed_ps", [10.0, 9.0])
def test_the_earliest_break_is_reported_also_of_an_interrupted_run(
    judge, water, make_run, completed_ps
):
    run = make_run(water, completed_ps=completed_ps)
    hot = edited(run.energies, temperature_kelvin=(100, 1e4))
    torn = edited(run.trajectory, fragments=(20, 2))
    result = judge(water, replace(run, energies=hot, trajectory=torn))
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(run.trajectory.time_ps[20])
    assert "1 fragments have become 2" in result.message


@pytest.mark.parametrize("stream", ["energies", "momenta", "trajectory"])
def test_streams_that_stop_early_were_not_watched(judge, water, make_run, stream):
    run = make_run(water)
    series = getattr(run, stream)
    half = {name: getattr(series, name)[:500] for name in series.__dataclass_fields__}
    result = judge(water, replace(run, **{stream: replace(series, **half)}))
    assert result.status is Status.INCONCLUSIVE
    assert judge(water, replace(run, trajectory=None)).status is Status.INCONCLUSIVE


def test_a_sound_potential_survives(measured, sound):
    result = measured(CHECK, sound())
    assert result.status is Status.PASS
    assert result.value == pytest.approx(0.1)


def test_weak_bonds_break_and_both_names_count_from_one(measured, faulty):
    result = measured(CHECK, faulty("weak bonds"))
    assert result.status is Status.FAIL
    assert result.value < result.threshold
    (run,) = result.evidence["runs"]
    named = "–".join(run["atoms"])
    assert named in {"O1–H2", "O1–H3", "H2–H3"}
    assert named in result.message


def test_what_is_not_a_number_fails(measured, faulty):
    assert measured(CHECK, faulty("not a number")).status is Status.FAIL


def test_code_that_breaks_is_an_error_with_its_traceback(measured, sound, monkeypatch):
    subject = sound()

    def broken(*_, **__):
        raise RuntimeError("the device was lost")

    subject.obtain("minimum")
    monkeypatch.setattr("openmm_mlff.measuring.trajectories.run_trajectory", broken)
    result = measured(CHECK, subject)
    assert result.status is Status.ERROR
    assert "the device was lost" in result.evidence["traceback"]


def test_loosened_limits_let_a_run_go_on(measured, faulty, with_stability):
    # By the default limits it breaks: see above.
    subject = with_stability(
        faulty("weak bonds"), bond_longest=50.0, contact=0.01, temperature_factor=100.0
    )
    loosened = measured(CHECK, subject)
    assert loosened.status is Status.PASS
    assert loosened.value == loosened.threshold


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
def test_tightened_limits_stop_a_run_early(measured, sound, with_stability, limit):
    subject = with_stability(sound(), **limit)
    result = measured(CHECK, subject)
    assert result.status is Status.FAIL
    (run,) = subject.runs.runs
    assert run.failure.kind == "unstable"
    assert run.completed_ps < run.requested_ps
    assert subject.samples.failure


@pytest.fixture
def judge_relaxed(limits, water, make_run, tmp_path):
    """Judge a run of water that broke at its start, with where relaxations of it ended."""

    def judge(*, system=water, minimum=None, reference=None):
        torn = make_run(
            system, completed_ps=0.0, failure=RunFailure("unstable", "torn", 0.0, (0, 1))
        )
        store = MeasurementStore(tmp_path)
        largest = {"largest_force_ev_per_angstrom": 0.0, "energy_ev": 0.0}
        if minimum is not None:
            store.write("minimum", Minimum(positions_angstrom=minimum, **largest))
        if reference is not None:
            found = ReferenceMinimum(
                reference="another",
                model_positions_angstrom=minimum,
                model_largest_force=0.0,
                positions_angstrom=reference,
                largest_force=0.0,
            )
            store.write("reference_minimum", found)
        measurements = {name: store.read(name) for name in store.names()}
        record = Evidence(system=system, runs=(torn,), measurements=measurements)
        return CHECK.judge(record, limits("stability"))

    return judge


@pytest.mark.parametrize("reference", ["", "torn", "kept"])
def test_a_structure_that_only_the_potential_tears_is_its_fault(judge_relaxed, water, reference):
    kept = np.array(water.positions_angstrom)
    torn = kept + np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    found = {"": None, "torn": torn, "kept": kept}[reference]
    own = replace(water, in_library=False)
    judged = judge_relaxed(system=own, minimum=torn, reference=found)
    expected = Status.FAIL if reference == "kept" else Status.INCONCLUSIVE
    assert judged.status is expected
    if expected is Status.INCONCLUSIVE:
        assert "start from a structure that is stable" in judged.clause
    # One of the library is known to hold.
    assert judge_relaxed(minimum=torn, reference=found).status is Status.FAIL


def test_a_structure_that_relaxes_and_then_breaks_fails(judge_relaxed, water):
    own = replace(water, in_library=False)
    for minimum in (None, water.positions_angstrom):
        assert judge_relaxed(system=own, minimum=minimum).status is Status.FAIL


def test_bonds_may_stay_and_fragments_join(judge_relaxed):
    two = load_system("smiles:O.O")
    positions = np.array(two.positions_angstrom)
    # The second water lands with its oxygen on the first.
    joined = positions.copy()
    joined[[1, 4, 5]] += positions[0] + [0.0, 0.0, 1.4] - positions[1]
    assert judge_relaxed(system=two, minimum=joined).status is Status.INCONCLUSIVE


@pytest.mark.parametrize("in_library", [True, False])
def test_a_potential_that_drives_atoms_apart(measured, make_subject, springs, water, in_library):
    potential = springs({(0, 1): (20.0, 3.0), (0, 2): (20.0, 0.96), (1, 2): (1.0, 3.0)})
    result = measured(CHECK, make_subject(potential, replace(water, in_library=in_library)))
    assert result.status is (Status.FAIL if in_library else Status.INCONCLUSIVE)
