import pytest

from openmm_mlff.molecules.electrons import lowest_multiplicity


@pytest.mark.parametrize(
    ("atomic_numbers", "charge", "expected"),
    [((8, 1, 1), 0, 1), ((8, 1), 0, 2), ((8, 1), -1, 1), ((8, 1, 1), 1, 2), ((1,), 0, 2)],
)
def test_an_odd_electron_is_unpaired(atomic_numbers, charge, expected):
    assert lowest_multiplicity(atomic_numbers, charge=charge) == expected
