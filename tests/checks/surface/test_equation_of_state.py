"""Copper has its known equation of state; a step in the energy or a strained box is found."""

from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.emt import EMT

from openmm_mlff.checks.surface.equation_of_state import CHECK, SCALES, Record, fit
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.units import EV_PER_BAR_ANGSTROM3

CUBIC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


def copper(side):
    return MolecularSystem("copper", np.full(4, 29), side * CUBIC, cell_angstrom=side * np.eye(3))


def test_the_fit_is_exact_for_its_own_curve():
    """E = (9/16) V₀ B [(x − 1)³ B' + (x − 1)² (6 − 4 x)], x = (V₀/V)^(2/3)."""
    volume, modulus_gpa, slope = 47.0, 140.0, 5.2
    modulus = modulus_gpa * 1e4 * EV_PER_BAR_ANGSTROM3
    volumes = 46.0 * SCALES**3
    x = (volume / volumes) ** (2 / 3)
    energies = 9 / 16 * volume * modulus * ((x - 1) ** 3 * slope + (x - 1) ** 2 * (6 - 4 * x))
    found = fit(volumes, energies)
    assert found.volume_angstrom3 == pytest.approx(volume, rel=1e-6)
    assert found.bulk_modulus_gpa == pytest.approx(modulus_gpa, rel=1e-4)
    assert found.residual_ev < 1e-9
    assert fit(volumes, volumes) is None


@pytest.mark.parametrize(
    ("side", "status"), [(3.589, Status.PASS), (3.66, Status.FAIL), (4.2, Status.INCONCLUSIVE)]
)
def test_copper_by_effective_medium_theory(measured, subject_at, side, status, protocols):
    emt = AsePotential(EMT, {}, spec="ase:ase.calculators.emt:EMT")
    limits = protocols["crystal"].limits_for(CHECK.id)
    result = measured(subject_at(emt, copper(side)), limits=limits)
    assert result.status is status
    if status is not Status.INCONCLUSIVE:
        # ASE's documentation of EMT: 3.59 Å and 134 GPa.
        assert result.evidence["bulk_modulus_gpa"] == pytest.approx(134.0, rel=0.03)


def test_a_step_in_the_energy_fails(judge):
    volumes = 47.0 * SCALES**3
    energies = 0.05 * (volumes / 47.0 - 1.0) ** 2 * 47.0
    sound = Record(
        volume_angstrom3=volumes,
        energy_ev=energies,
        refused=np.zeros(len(SCALES), dtype=bool),
        refusals=(),
        n_atoms=4,
    )
    assert judge(sound, protocol="crystal").status is Status.PASS
    stepped = replace(sound, energy_ev=energies + 0.02 * (np.arange(len(SCALES)) % 2))
    assert judge(stepped, protocol="crystal").status is Status.FAIL
    assert len(CHECK.plots(sound, {})) == 1


def test_molecules_are_not_asked(subject_at):
    water, box = load_system("water"), load_system("water_box_64")
    for molecule in (water, box):
        subject = subject_at(healthy("pair", molecule=molecule, seed=0), molecule)
        assert isinstance(CHECK.measure(subject), NotApplicable)
