import numpy as np
import pytest

from openmm_mlff.benchmark.atoms import measure_atoms, repeated
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.platforms import named_platform


def test_copies_of_a_box_have_its_density_and_so_its_energy_an_atom():
    box = load_system("water_box_64")
    larger = repeated(box, (2, 1, 1))
    assert larger.n_atoms == 2 * box.n_atoms
    np.testing.assert_allclose(larger.cell_angstrom, box.cell_angstrom * [[2], [1], [1]])
    potential = load_potential("student:ultra-tiny")
    one = potential.evaluate(box, box.positions_angstrom[None], precision="double")
    two = potential.evaluate(larger, larger.positions_angstrom[None], precision="double")
    assert two.energies_ev[0] == pytest.approx(2.0 * one.energies_ev[0], rel=1e-9)


def test_what_is_no_box_is_refused(water):
    with pytest.raises(ValueError, match="expected a periodic box"):
        repeated(water, (2, 1, 1))


def test_each_box_is_measured():
    box = load_system("water_box_64")
    (row,) = measure_atoms(
        load_potential("student:ultra-tiny"),
        [box],
        platform=named_platform("Reference"),
        rounds=1,
    )
    assert row["n_atoms"] == 192
    assert row["us_per_atom"] == pytest.approx(1e3 * row["ms_per_step"] / 192)
    assert row["resident_mebibytes"] > 100.0
