"""Calculators of a session: named by their class where that makes the same, else held."""

import threading

import numpy as np
import pytest
from ase.calculators.lj import LennardJones
from ase.calculators.morse import MorsePotential

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.objects import spec_of_calculator


class Shifted(MorsePotential):
    """Its energy has an offset that is not an option."""

    offset_ev = 0.0

    def calculate(self, *arguments, **options):
        super().calculate(*arguments, **options)
        for name in {"energy", "free_energy"} & set(self.results):
            self.results[name] += self.offset_ev


class Uncopied(LennardJones):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


def shifted(offset_ev):
    calculator = Shifted(epsilon=2.0)
    calculator.offset_ev = offset_ev
    return calculator


@pytest.mark.parametrize(
    ("calculator", "spec"),
    [
        (MorsePotential(), "ase:ase.calculators.morse:MorsePotential"),
        (MorsePotential(epsilon=2.0), "ase:ase.calculators.morse:MorsePotential?epsilon=2.0"),
        (Shifted(rho0=1.5), f"ase:{__name__}:Shifted?rho0=1.5"),
    ],
)
def test_a_calculator_that_its_options_make_is_named_by_them(calculator, spec):
    assert spec_of_calculator(calculator) == spec
    assert vars(load_potential(spec).ase_calculator().parameters) == vars(calculator.parameters)


def test_results_do_not_count_and_remain(water):
    pytest.importorskip("tblite")
    from tblite.ase import TBLite

    atoms = water.to_ase()
    atoms.calc = TBLite(method="GFN1-xTB", verbosity=0)
    energy_ev = atoms.get_potential_energy()
    assert spec_of_calculator(atoms.calc) == "ase:tblite.ase:TBLite?method=GFN1-xTB&verbosity=0"
    assert atoms.calc.results["energy"] == energy_ev


def test_a_calculator_with_other_content_is_held_and_copied(water):
    given = shifted(3.0)
    spec = spec_of_calculator(given)
    assert spec.startswith("object:Shifted-")
    potential = load_potential(spec)
    assert potential.name == spec.removeprefix("object:")
    given.offset_ev = 0.0
    plain = load_potential("ase:ase.calculators.morse:MorsePotential?epsilon=2.0")
    energies = [
        one.evaluate(water, water.positions_angstrom[None]).energies_ev[0]
        for one in (potential, potential.fresh(), plain)
    ]
    np.testing.assert_allclose(energies[:2], energies[2] + 3.0)
    assert potential.ase_calculator() is not potential.ase_calculator()


def test_its_identity_is_that_of_its_content():
    first, same, other = (spec_of_calculator(shifted(offset)) for offset in (1.0, 1.0, 2.0))
    assert first == same != other
    assert load_potential(first).sha256 != load_potential(other).sha256
    assert f"{__name__.replace('.', '/')}.py" in load_potential(first).fingerprint.files


def test_a_class_of_a_function_is_held_and_its_content_is_not_known():
    class Mine(LennardJones):
        pass

    first, second = spec_of_calculator(Mine()), spec_of_calculator(Mine())
    assert first.startswith("object:Mine-")
    assert first != second
    assert isinstance(load_potential(first).ase_calculator(), Mine)


def test_a_calculator_that_cannot_be_copied_is_refused_in_one_line():
    with pytest.raises(PotentialError, match=r"Uncopied cannot be copied \(TypeError") as caught:
        spec_of_calculator(Uncopied())
    assert "\n" not in str(caught.value)


def test_the_spec_of_another_session_is_refused():
    with pytest.raises(PotentialError, match="another Python session; give the calculator again"):
        load_potential("object:Shifted-00000000")
