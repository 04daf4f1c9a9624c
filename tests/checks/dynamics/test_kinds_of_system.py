"""Every dynamics check on an atom, linear molecules, a crystal and an ML/MM system: no ERROR."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from openmm_mlff.checks.base import conditions_of
from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.molecules import MolecularSystem, load_system, systems_root
from openmm_mlff.pipeline.judge import judge_measurement
from openmm_mlff.pipeline.stages import measure_checks
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.potentials.mixed import MixedPotential, read_topology
from openmm_mlff.potentials.mixed.forcefield import part_of
from openmm_mlff.potentials.mixed.structure import atomic_numbers
from openmm_mlff.results import Status
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.run_directory import RunDirectory

DYNAMICS = [check for check in CHECKS if check.group == "dynamics"]
SHORT = {"reversal_steps": 50, "convergence_ps": 0.03, "sampling_ps": 0.3, "thermostats_ps": 0.2}


@pytest.fixture
def statuses(limits):
    """Measure and judge all dynamics checks, by id."""

    def run(subject):
        measure_checks(subject, DYNAMICS)
        evidence = load_evidence(RunDirectory(subject.folder.parent), subject.asked.name)
        protocol = subject.settings.protocol
        found = {}
        for check in DYNAMICS:
            condition = conditions_of(check, protocol)[0]
            found[check.id] = judge_measurement(check, evidence, protocol, condition=condition)
        # What reads clocks depends on the load; one temperature spans no range.
        assert found.pop("slow_down").status is not Status.ERROR
        assert found.pop("temperature_scan").status is Status.SKIPPED
        return found

    return run


def _passed(found):
    return {name for name, judgement in found.items() if judgement.status is Status.PASS}


SHORT_RUN_UNDECIDED = {"energy_drift", "kinetic_distribution", "memory_growth"}
"""A run of 0.1 ps may leave these open; it may not fail them."""


def _not_failed(found):
    # The zero of the energy decides drift_percent.
    assert found.pop("drift_percent").status is not Status.ERROR
    for name, judgement in found.items():
        allowed = {Status.PASS}
        if name in SHORT_RUN_UNDECIDED:
            allowed.add(Status.INCONCLUSIVE)
        assert judgement.status in allowed, (name, judgement.clause)


def test_an_atom(statuses, springs, make_subject):
    argon = MolecularSystem("argon", np.array([18]), np.zeros((1, 3)))
    found = statuses(
        make_subject(springs({}), argon, probes={"sampling_ps": 4.0, "thermostats_ps": 8.0})
    )
    questions_of_internal_motion = {
        "timestep_convergence",
        "time_reversibility",
        "drift_percent",
        "temperature",
    }
    assert {
        name for name, judgement in found.items() if judgement.status is Status.NOT_APPLICABLE
    } == questions_of_internal_motion
    assert _passed(found) == set(found) - questions_of_internal_motion


@pytest.mark.parametrize(
    ("name", "numbers", "along", "pairs", "freedom"),
    [
        ("nitrogen", [7, 7], [0.0, 1.1], {(0, 1): (140.0, 1.1)}, 1),
        # The oxygens push each other apart: CO2 is straight at its minimum.
        (
            "co2",
            [6, 8, 8],
            [0.0, 1.16, -1.16],
            {(0, 1): (100.0, 1.12), (0, 2): (100.0, 1.12), (1, 2): (10.0, 2.8)},
            4,
        ),
    ],
)
def test_linear_molecules(statuses, springs, make_subject, name, numbers, along, pairs, freedom):
    positions = np.outer(along, [0.0, 0.6, 0.8])
    molecule = MolecularSystem(name, np.array(numbers), positions)
    subject = make_subject(springs(pairs), molecule, probes=SHORT)
    found = statuses(subject)
    _not_failed(found)
    (run,) = subject.runs.runs
    kelvin_per_ev = run.energies.temperature_kelvin / run.energies.kinetic_ev
    boltzmann = 8.617333262e-5
    np.testing.assert_allclose(kelvin_per_ev, 2.0 / (freedom * boltzmann), rtol=1e-6)


def test_a_crystal(statuses, make_subject):
    copper = bulk("Cu", cubic=True)
    copper.rattle(0.01, seed=1)
    molecule = MolecularSystem(
        "copper", copper.numbers, copper.positions, cell_angstrom=copper.cell.array
    )
    potential = AsePotential(EMT, {}, spec="ase:ase.calculators.emt:EMT")
    found = statuses(
        make_subject(
            potential, molecule, probes=SHORT | {"sampling_ps": 0.1, "thermostats_ps": 0.05}
        )
    )
    _not_failed(found)
    (changes,) = found["momentum_conservation"].evidence["changes_by_run"].values()
    assert set(changes) == {"linear"}


def test_rigid_water_around_an_ml_molecule(statuses, springs, make_subject):
    folder = systems_root() / "ethanol_in_water"
    box = load_system("ethanol_in_water")
    oxygens = np.flatnonzero(box.atomic_numbers == 8)[1:]
    away = np.linalg.norm(box.positions_angstrom[oxygens] - box.positions_angstrom[2], axis=1)
    waters = np.sort(oxygens[np.argsort(away)[:2]])
    atoms = np.concatenate([np.arange(9), (waters[:, None] + np.arange(3)).ravel()])
    topology = part_of(read_topology(folder / "structure.pdb"), atoms)
    droplet = MolecularSystem(
        name="droplet",
        atomic_numbers=atomic_numbers(topology),
        positions_angstrom=box.positions_angstrom[atoms],
    )
    placed = box.positions_angstrom[:9]
    pairs = {
        (int(i), int(j)): (20.0, float(np.linalg.norm(placed[i] - placed[j])))
        for i, j in zip(*np.triu_indices(9, 1), strict=True)
    }
    potential = MixedPotential(
        springs(pairs),
        topology,
        ml_atoms=np.arange(9),
        forcefield=(str(folder / "ethanol.xml"), "amber14/tip3p.xml"),
    )
    subject = make_subject(potential, droplet, probes=SHORT)
    found = statuses(subject)
    _not_failed(found)
    assert subject.samples.constrained.tolist() == [False] * 9 + [True] * 6
    assert subject.samples.degrees_of_freedom == 3 * 15 - 6


def test_a_broken_molecule(statuses, faulty):
    found = statuses(faulty("weak bonds", probes=SHORT))
    assert found["stability"].status is Status.FAIL
    assert {judgement.status for judgement in found.values()} <= {
        Status.FAIL,
        Status.INCONCLUSIVE,
        Status.SKIPPED,
    }
