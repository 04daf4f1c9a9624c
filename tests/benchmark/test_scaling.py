import pytest

from openmm_mlff.benchmark.entries import Timing
from openmm_mlff.benchmark.scaling import scaling_with_atoms


class Measured:
    """The part of an entry that scaling looks at."""

    def __init__(self, model, n_atoms, median):
        self.model, self.backend, self.platform = model, "torchforce", "CPU"
        self.n_atoms = n_atoms
        self.openmm_ms_per_step = Timing(median, median, median, (median,))


def test_the_exponent_of_a_power_law():
    (found,) = scaling_with_atoms([Measured("a", n, 2.0 * n**1.5) for n in (3, 6, 24)])
    assert found.exponent == pytest.approx(1.5)


def test_each_model_is_fitted_on_its_own_in_order_of_size():
    found = scaling_with_atoms(
        [Measured("a", 12, 8.0), Measured("b", 12, 1.0), Measured("a", 3, 2.0), Measured("b", 3, 1)]
    )
    assert [one.model for one in found] == ["a", "b"]
    assert found[0].n_atoms == (3, 12)
    assert found[0].ms_per_step == (2.0, 8.0)
    assert [one.exponent for one in found] == pytest.approx([1.0, 0.0])


def test_one_size_is_no_scaling():
    assert scaling_with_atoms([Measured("a", 3, 2.0)]) == []
    assert scaling_with_atoms([Measured("a", 3, 2.0), Measured("a", 3, 4.0)]) == []
