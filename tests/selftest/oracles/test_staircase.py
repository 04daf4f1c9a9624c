"""Forces are those of the bonded molecule, and the energy is a staircase about its own."""

import numpy as np
import pytest

from openmm_mlff.selftest.oracles.staircase import STAIR_EV, TOTAL_EV


@pytest.mark.parametrize("system", ["water", "methane"])
def test_the_energy_alone_is_rounded(make, molecules, distorted, system):
    molecule = molecules[system]
    positions = distorted(molecule, count=50)

    found = make("staircase", system=system).evaluate(molecule, positions)
    smooth = make("bonded", system=system).evaluate(molecule, positions)

    assert np.array_equal(found.forces_ev_per_angstrom, smooth.forces_ev_per_angstrom)
    assert np.array_equal(found.energies_ev, STAIR_EV * np.round(found.energies_ev / STAIR_EV))
    off = found.energies_ev - TOTAL_EV - smooth.energies_ev
    assert np.abs(off).max() <= 0.5 * STAIR_EV
    assert np.std(off) == pytest.approx(STAIR_EV / np.sqrt(12.0), rel=0.3)
