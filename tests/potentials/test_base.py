import dataclasses

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.potentials.base import Potential, bare_system, check_precision


@pytest.fixture
def hydrogen_sulfide():
    return MolecularSystem(
        name="hydrogen sulfide",
        atomic_numbers=np.array([16, 1, 1]),
        positions_angstrom=np.array([[0.0, 0.0, 0.0], [1.34, 0.0, 0.0], [0.0, 1.34, 0.0]]),
    )


def test_only_known_precisions_pass():
    for precision in ("single", "mixed", "double"):
        assert check_precision(precision) == precision
    with pytest.raises(ConfigError, match="unknown precision 'dubble'; did you mean 'double'"):
        check_precision("dubble")


def test_an_unknown_element_is_refused_by_name_on_every_way_in(small_potential, hydrogen_sulfide):
    placed = hydrogen_sulfide.positions_angstrom[None]
    for ask in (
        lambda: small_potential.check_molecule(hydrogen_sulfide),
        lambda: small_potential.create_system(hydrogen_sulfide),
        lambda: small_potential.script(hydrogen_sulfide),
        lambda: small_potential.evaluate(hydrogen_sulfide, placed),
        lambda: Potential.evaluate(small_potential, hydrogen_sulfide, placed),
    ):
        with pytest.raises(PotentialError, match="does not know S") as caught:
            ask()
        assert "\n" not in str(caught.value)
    # A potential that names no elements takes any.
    small_potential.elements = None
    small_potential.check_molecule(hydrogen_sulfide)


def test_a_bare_system_holds_the_masses_and_nothing_else(water):
    system = bare_system(water)

    masses = [system.getParticleMass(index)._value for index in range(3)]
    np.testing.assert_array_equal(masses, water.masses_amu)
    assert (system.getNumForces(), system.getNumConstraints()) == (0, 0)


def test_evaluating_through_ase_is_the_batched_way(small_potential, water):
    noise = np.random.default_rng(0).normal(scale=0.05, size=(3, 3, 3))
    positions = water.positions_angstrom + noise

    one_by_one = Potential.evaluate(small_potential, water, positions, precision="double")
    batched = small_potential.evaluate(water, positions, precision="double")

    np.testing.assert_allclose(one_by_one.energies_ev, batched.energies_ev, atol=1e-10)
    np.testing.assert_allclose(
        one_by_one.forces_ev_per_angstrom, batched.forces_ev_per_angstrom, atol=1e-10
    )


class Counting(Calculator):
    """Springs to the origin, 2 eV/Å²; counts instances and calls, and remembers its first call."""

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
        # Computed only when it is asked for.
        if "forces" in properties:
            self.results["forces"] = -2.0 * placed


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setattr(Counting, "made", 0)
    return AsePotential(Counting, {}, spec="ase:test:Counting")


def test_one_calculator_serves_all_evaluations_with_one_call_for_each(counting, water):
    placed = water.positions_angstrom + np.arange(3.0)[:, None, None]

    counting.evaluate(water, placed)
    found = counting.evaluate(water, placed[::-1])

    assert Counting.made == 1
    assert counting._calculators["mixed"].calls == 6
    np.testing.assert_allclose(found.forces_ev_per_angstrom, -2.0 * placed[::-1])


def test_a_fresh_potential_was_never_evaluated(counting, water):
    placed = water.positions_angstrom
    counting.evaluate(water, placed[None] + 1.0)
    kept = counting.evaluate(water, placed[None]).energies_ev[0]

    new = counting.fresh().evaluate(water, placed[None]).energies_ev[0]

    # The calculator adds the first coordinate that it ever saw to each energy.
    assert kept - new == pytest.approx(1.0)


def test_another_charge_is_not_answered_by_kept_results(counting, water):
    counting.evaluate(water, water.positions_angstrom[None])
    charged = dataclasses.replace(water, charge=2)

    counting.evaluate(charged, charged.positions_angstrom[None])

    assert counting._calculators["mixed"].calls == 2


def test_a_fresh_student_has_the_same_answers_and_identity(small_potential, water):
    placed = water.positions_angstrom[None]
    fresh = small_potential.fresh()

    assert fresh.sha256 == small_potential.sha256
    assert fresh._evaluators is not small_potential._evaluators
    assert (
        fresh.evaluate(water, placed).energies_ev
        == small_potential.evaluate(water, placed).energies_ev
    )
