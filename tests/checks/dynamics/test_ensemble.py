"""Distributions of two states have the exact ratio; those of another temperature have not."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.ensemble import CHECK, Record
from openmm_mlff.checks.dynamics.second_opinion import ratio_deviation
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.surface import SurfacePotential
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_BAR_ANGSTROM3

COLD, HOT = 300.0, 330.0
LOW_BAR, HIGH_BAR = 100.0, 120.0
ATOMS = 100


def energies(kelvin, *, rows, seed):
    """Potential energies of 3 N harmonic coordinates: a gamma distribution of shape 3 N/2."""
    rng = np.random.default_rng([rows, seed])
    return BOLTZMANN_EV_PER_KELVIN * kelvin * rng.gamma(1.5 * ATOMS, size=rows)


def volumes(bar, *, rows, seed):
    """Volumes of an ideal gas of N atoms: a gamma distribution of shape N + 1."""
    rng = np.random.default_rng([rows, seed])
    unit = BOLTZMANN_EV_PER_KELVIN * COLD / (bar * EV_PER_BAR_ANGSTROM3)
    return unit * rng.gamma(ATOMS + 1.0, size=rows)


def record(rows=800, **changes):
    found = Record(
        cold_ev=energies(COLD, rows=rows, seed=1),
        hot_ev=energies(HOT, rows=rows, seed=2),
        volumes_angstrom3=volumes(LOW_BAR, rows=rows, seed=3),
        pressed_angstrom3=volumes(HIGH_BAR, rows=rows, seed=4),
        temperatures_kelvin=(COLD, HOT),
        pressures_bar=(LOW_BAR, HIGH_BAR),
    )
    return replace(found, **changes)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (record(), Status.PASS),
        (record(hot_ev=energies(COLD, rows=800, seed=5)), Status.FAIL),
        (record(pressed_angstrom3=volumes(160.0, rows=800, seed=5)), Status.FAIL),
        # As if ten atoms were one molecule.
        (record(pressed_angstrom3=0.1 * volumes(HIGH_BAR, rows=800, seed=5)), Status.FAIL),
        (record(rows=20), Status.INCONCLUSIVE),
        (record(failure="it boiled"), Status.FAIL),
    ],
)
def test_the_slope_of_the_ratio_decides(judge, given, status):
    assert judge(given, protocol="liquid").status is status
    assert len(CHECK.plots(given, {})) == 1


def test_the_deviation_is_of_unit_size():
    """Over 40 pairs of exact distributions, the deviations have a mean square near one."""
    cold, hot = (
        [energies(kelvin, rows=200, seed=seed + first) for seed in range(40)]
        for kelvin, first in ((COLD, 0), (HOT, 100))
    )
    deviation = partial(ratio_deviation, temperatures_kelvin=(COLD, HOT))
    found = list(map(deviation, cold, hot))
    assert 0.5 < np.mean(np.square(found)) < 1.8


class Crystal(SurfacePotential):
    """Atoms on springs to their sites in the box, and an energy that is quadratic in the volume.

    Energies and volumes of both ensembles are then known, and independent within a few moves.
    """

    spring_ev_per_angstrom2, volume_ev = 1.0, 1.3

    def __init__(self, molecule: MolecularSystem, *, factor: float) -> None:
        super().__init__(name="crystal", seed=0)
        cell = np.asarray(molecule.cell_angstrom)
        self.fractions = molecule.positions_angstrom @ np.linalg.inv(cell)
        self.volume = np.linalg.det(cell)
        self.factor = factor  # of the energy alone

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        cell = np.asarray(cell_angstrom)
        change = np.linalg.det(cell) / self.volume - 1.0

        def energies_and_forces(positions):
            apart = positions - self.fractions @ cell
            apart -= np.round(apart @ np.linalg.inv(cell)) @ cell
            springs = 0.5 * self.spring_ev_per_angstrom2 * (apart**2).sum((1, 2))
            energies = springs + self.volume_ev * len(atomic_numbers) * change**2
            return self.factor * energies, -self.spring_ev_per_angstrom2 * apart

        return energies_and_forces


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (4.0, Status.FAIL)])
def test_an_energy_that_the_forces_do_not_belong_to_fails(make_subject, measured, factor, status):
    sites = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    argon = MolecularSystem(
        "argon", np.full(27, 18), 4.0 * sites + 0.5, cell_angstrom=12.0 * np.eye(3)
    )
    dynamics = {"temperatures_kelvin": (94.4,), "equilibration_timestep_fs": 10.0}
    box = {"equilibration_ps": 2.0} | dict.fromkeys(("production_ps", "ensemble_ps"), 30.0)
    box["interval_steps"] = 5
    crystal = Crystal(argon, factor=factor)
    subject = make_subject(crystal, argon, protocol="liquid", dynamics=dynamics, box=box)
    result = measured(subject)
    assert result.status is status, result.message
    assert "energies at two temperatures" in result.message or status is Status.PASS
