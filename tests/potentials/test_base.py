import dataclasses

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.potentials.base import Potential, check_precision


def test_only_known_precisions_are_accepted():
    for precision in ("single", "mixed", "double"):
        assert check_precision(precision) == precision
    with pytest.raises(ConfigError, match="unknown precision 'dubble'; did you mean 'double'"):
        check_precision("dubble")


def test_an_unknown_element_is_refused_by_name_by_every_method(small_potential):
    placed = np.array([[0.0, 0.0, 0.0], [1.34, 0.0, 0.0], [0.0, 1.34, 0.0]])
    sulfide = MolecularSystem("hydrogen sulfide", np.array([16, 1, 1]), placed)
    for ask in (
        lambda: small_potential.check_molecule(sulfide),
        lambda: small_potential.create_system(sulfide),
        lambda: small_potential.script(sulfide),
        lambda: small_potential.evaluate(sulfide, placed[None]),
        lambda: Potential.evaluate(small_potential, sulfide, placed[None]),
    ):
        with pytest.raises(PotentialError, match="does not support S") as caught:
            ask()
        assert "\n" not in str(caught.value)
    # A potential without a list of elements takes any.
    small_potential.elements = None
    small_potential.check_molecule(sulfide)


class Counting(Calculator):
    """Springs to the origin, 2 eV/Å²; adds the first coordinate of its first call."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012
    made = 0

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        type(self).made += 1
        self.calls, self.first = 0, None

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        placed = self.atoms.positions
        if self.first is None:
            self.first = placed[0, 0]
        self.results = {"energy": (placed**2).sum() + self.first}
        # Computed only if requested.
        if "forces" in properties:
            self.results["forces"] = -2.0 * placed


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setattr(Counting, "made", 0)
    return AsePotential(Counting, {}, spec="ase:test:Counting")


def test_one_calculator_evaluates_everything_and_a_fresh_potential_has_its_own(counting, water):
    placed = water.positions_angstrom + 1.0 + np.arange(3.0)[:, None, None]
    counting.evaluate(water, placed)
    found = counting.evaluate(water, placed[::-1])
    assert Counting.made == 1
    assert counting._calculators["mixed"].calls == 6
    np.testing.assert_allclose(found.forces_ev_per_angstrom, -2.0 * placed[::-1])
    kept, new = (
        one.evaluate(water, water.positions_angstrom[None]).energies_ev[0]
        for one in (counting, counting.fresh())
    )
    assert kept - new == pytest.approx(1.0)


def test_results_are_not_reused_for_another_charge(counting, water):
    for charge in (0, 2):
        molecule = dataclasses.replace(water, charge=charge)
        counting.evaluate(molecule, molecule.positions_angstrom[None])
    assert counting._calculators["mixed"].calls == 2
