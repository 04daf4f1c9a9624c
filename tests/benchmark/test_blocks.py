from dataclasses import replace

import numpy as np
import openmm
import pytest

from openmm_mlff.benchmark.blocks import (
    Setting,
    Start,
    ase_block,
    openmm_block,
    protocol_reporters,
    report_cycle_steps,
    thermal_start,
)
from openmm_mlff.benchmark.replicas import replica_participant
from openmm_mlff.errors import SimulationError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation import named_platform
from openmm_mlff.simulation.replicas import make_copies

from .conftest import SPRING_EV_PER_ANGSTROM2, CountingSprings

SPRING_KJ_PER_MOL_NM2 = SPRING_EV_PER_ANGSTROM2 * 9648.533212331002


def counting_system(molecule, *, copies=1):
    """Return a System with the same springs as a `PythonForce`, and the evaluated positions, Å."""
    seen = []

    def compute(state):
        placed_nm = state.getPositions(asNumpy=True)._value
        seen.append(10.0 * placed_nm)
        return 0.5 * SPRING_KJ_PER_MOL_NM2 * (placed_nm**2).sum(), (
            -SPRING_KJ_PER_MOL_NM2 * placed_nm
        )

    system = openmm.System()
    for mass in np.tile(molecule.masses_amu, copies):
        system.addParticle(float(mass))
    system.addForce(openmm.PythonForce(compute))
    return system, seen


@pytest.mark.parametrize("copies", [1, 3])
def test_openmm_block_restarts_and_evaluates_once_per_step(setting, start, copies):
    system, seen = counting_system(setting.molecule, copies=copies)
    block = openmm_block(system, setting, start, replicas=copies)
    paths = []
    for _ in range(2):
        seen.clear()
        assert block(7) > 0.0
        # One for the half step back, before the clock starts, and one per step.
        assert len(seen) == 1 + 7
        paths.append(np.array(seen))
    np.testing.assert_array_equal(paths[0], paths[1])
    np.testing.assert_allclose(
        paths[0][0], np.tile(start.positions_angstrom, (copies, 1)), atol=1e-12
    )


def test_ase_block_restarts_and_evaluates_once_per_step(setting, start):
    calculator = CountingSprings()
    block = ase_block(calculator, setting, start)
    paths = []
    for _ in range(2):
        calculator.seen.clear()
        assert block(7) > 0.0
        assert len(calculator.seen) == 1 + 7
        paths.append(np.array(calculator.seen))
    np.testing.assert_array_equal(paths[0], paths[1])


def test_openmm_and_ase_run_the_same_dynamics(setting, start):
    system, seen = counting_system(setting.molecule)
    block = openmm_block(system, setting, start)
    seen.clear()
    block(20)
    calculator = CountingSprings()
    ase_block(calculator, setting, start)(19)
    # OpenMM evaluates where a step begins, ASE where it ends.
    np.testing.assert_allclose(np.array(seen)[1:], np.array(calculator.seen), atol=1e-6)


def test_replicas_are_warm_and_an_unstable_batch_is_not_timed(specs, setting, start):
    potential = load_potential(specs[1])
    found = replica_participant(potential, setting, start, count=3)
    assert 2 <= found.steps["replicas"] <= 8
    assert found.blocks["replicas"](2) > 0.0
    lost = replace(start, velocities_angstrom_per_ps=np.full((3, 3), np.nan))
    copies = make_copies(potential, setting.molecule, 2).system
    block = openmm_block(copies, setting, lost, replicas=2)
    with pytest.raises(UnstableError, match="not finite"):
        block(2)


def test_openmm_block_of_an_unstable_model(setting, start):
    force = openmm.CustomExternalForce("-1e12*(x^2+y^2+z^2)")
    for atom in range(setting.molecule.n_atoms):
        force.addParticle(atom)
    system = bare_system(setting.molecule)
    system.addForce(force)
    with pytest.raises(SimulationError, match="not finite"):
        openmm_block(system, setting, start)(200)


def test_reporters_write_at_the_intervals_of_the_protocol(setting, start, tmp_path):
    system = bare_system(setting.molecule)
    system.addForce(openmm.HarmonicBondForce())
    block = openmm_block(system, setting, start, reporters=protocol_reporters(tmp_path))
    assert report_cycle_steps() == 40
    for _ in range(2):
        assert block(40) > 0.0
    rows = (tmp_path / "energies.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == [10, 20, 30, 40, 50, 60, 70, 80]
    frames = int.from_bytes((tmp_path / "trajectory.dcd").read_bytes()[8:12], "little")
    assert frames == 2 * 40 // 8


def test_thermal_velocities_are_repeatable_and_have_no_rigid_motion(setting, start):
    molecule, velocities = setting.molecule, start.velocities_angstrom_per_ps
    again = thermal_start(setting, molecule.positions_angstrom)
    np.testing.assert_array_equal(velocities, again.velocities_angstrom_per_ps)
    hotter = replace(setting, plan=replace(setting.plan, temperature_kelvin=1200.0))
    faster = thermal_start(hotter, molecule.positions_angstrom).velocities_angstrom_per_ps
    np.testing.assert_allclose(faster, 2.0 * velocities)
    masses = molecule.masses_amu
    np.testing.assert_allclose(masses @ velocities, 0.0, atol=1e-10)
    arms = molecule.positions_angstrom - masses @ molecule.positions_angstrom / masses.sum()
    np.testing.assert_allclose(masses @ np.cross(arms, velocities), 0.0, atol=1e-10)


def test_start_of_a_single_atom_stands_still():
    helium = MolecularSystem("helium", np.array([2]), np.zeros((1, 3)))
    start = thermal_start(Setting(helium, named_platform("Reference")), np.zeros((1, 3)))
    assert isinstance(start, Start)
    np.testing.assert_allclose(start.velocities_angstrom_per_ps, 0.0, atol=1e-12)
