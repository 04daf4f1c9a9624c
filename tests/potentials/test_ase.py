"""ASE calculators as potentials: options, results, identity, and what is refused."""

import importlib
from dataclasses import replace

import numpy as np
import openmm
import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones

from openmm_mlff.errors import MissingDependencyError, PotentialError
from openmm_mlff.potentials.ase import AsePotential, read_options

LENNARD_JONES = "ase:ase.calculators.lj:LennardJones"
TBLITE = "ase:tblite.ase:TBLite?method=GFN2-xTB"


class Demanding(Calculator):
    """A calculator that refuses every option, each in its own way."""

    def __init__(self, how: str = "ValueError", **kwargs) -> None:
        super().__init__(**kwargs)
        raise {"KeyError": KeyError, "FileNotFoundError": FileNotFoundError}.get(how, ValueError)(
            "no\nsuch model"
        )


class Refusing(Calculator):
    """A calculator whose SCF never converges."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        raise RuntimeError("SCF not converged")


class EnergyOnly(Calculator):
    implemented_properties = ["energy"]  # noqa: RUF012


class Given(Calculator):
    """Returns what it was made with."""

    implemented_properties = ["energy", "free_energy", "forces"]  # noqa: RUF012
    version = "0.3.0"

    def __init__(self, **results) -> None:
        super().__init__()
        self.given = results

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = dict(self.given)


def make_lennard_jones(sigma: float = 1.0) -> LennardJones:
    return LennardJones(sigma=sigma)


def make_a_number() -> float:
    return 1.0


def of(factory, **options) -> AsePotential:
    return AsePotential(factory, options, spec=f"ase:test:{factory.__name__}")


def test_options_are_read_as_numbers_words_and_flags():
    query = "sigma=2.5&n=3&smooth=true&off=null&path=/a/b+c&name=NaN&text=a%20b"
    assert read_options(query) == {
        "sigma": 2.5,
        "n": 3,
        "smooth": True,
        "off": None,
        "path": "/a/b+c",
        "name": "NaN",
        "text": "a b",
    }


def test_name_hash_and_calculator_are_those_of_the_spec():
    plain, other = (
        AsePotential.from_spec(LENNARD_JONES + options) for options in ("", "?sigma=2.0")
    )
    assert (plain.name, other.name) == ("lennardjones", "lennardjones-2.0")
    assert plain.sha256 != other.sha256
    one, two = other.ase_calculator(), other.ase_calculator()
    assert isinstance(one, LennardJones)
    assert one is not two
    assert one.parameters.sigma == 2.0


def test_the_version_of_the_model_is_part_of_the_identity():
    assert of(Given).fingerprint.details == {"model_version": "0.3.0"}


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_openmm_runs_the_calculator_itself(water, in_openmm, platform):
    pytest.importorskip("tblite")
    potential = AsePotential.from_spec(TBLITE)
    assert potential.name == "tblite-GFN2-xTB"
    noise = np.random.default_rng(3).normal(scale=0.05, size=(3, 3))
    atoms = water.to_ase()
    for positions in (water.positions_angstrom, water.positions_angstrom + noise):
        # tblite starts each SCF from the last one.
        atoms.calc = potential.ase_calculator()
        atoms.positions = positions
        energy, forces = in_openmm(potential.create_system(water), positions, platform=platform)
        assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-6)
        np.testing.assert_allclose(forces, atoms.get_forces(), atol=1e-5)


def test_charge_and_spin_reach_the_calculator(water, in_openmm):
    pytest.importorskip("tblite")
    potential = AsePotential.from_spec(TBLITE)
    neutral, ion = (
        in_openmm(potential.create_system(molecule), water.positions_angstrom)[0]
        for molecule in (water, replace(water, charge=1, multiplicity=2))
    )
    # To take an electron from water costs more than ten electronvolts.
    assert ion - neutral > 8.0


def test_the_system_holds_the_masses(water):
    system = AsePotential.from_spec(LENNARD_JONES).create_system(water)
    masses = [system.getParticleMass(index)._value for index in range(system.getNumParticles())]
    np.testing.assert_array_equal(masses, water.masses_amu)
    assert system.getNumForces() == 1


def test_the_energy_is_the_one_whose_slope_the_forces_are(water, in_openmm):
    """The forces, 0, are the slope of the free energy; the energy is another one."""
    potential = of(Given, energy=1.0, free_energy=3.0, forces=np.zeros((3, 3)))
    found = potential.evaluate(water, water.positions_angstrom[None])
    energy, _ = in_openmm(potential.create_system(water), water.positions_angstrom)
    assert found.energies_ev.tolist() == [3.0]
    assert energy == pytest.approx(3.0)


def test_an_energy_of_one_element_is_an_energy(water):
    potential = of(Given, energy=np.array([2.0]), forces=np.zeros((3, 3), dtype="f4"))
    assert potential.evaluate(water, water.positions_angstrom[None]).energies_ev.tolist() == [2.0]


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({"energy": np.zeros(3), "forces": np.zeros((3, 3))}, r"energy of shape \(3,\)"),
        ({"energy": 0.0, "forces": np.zeros((2, 3))}, r"forces of shape \(2, 3\)"),
        ({"energy": 0.0}, "no forces"),
        ({"forces": np.zeros((3, 3))}, "no energy"),
    ],
)
def test_results_of_another_shape_are_refused(results, said, water):
    with pytest.raises(PotentialError, match=said):
        of(Given, **results).evaluate(water, water.positions_angstrom[None])


@pytest.mark.parametrize("how", ["ValueError", "KeyError", "FileNotFoundError"])
def test_refused_options_are_one_line(how):
    with pytest.raises(PotentialError, match=f"Demanding refuses.*{how}") as caught:
        of(Demanding, how=how).ase_calculator()
    assert "\n" not in str(caught.value)


def test_an_option_that_the_constructor_does_not_take_is_refused():
    class Strict(LennardJones):
        def __init__(self, sigma: float = 1.0) -> None:
            super().__init__(sigma=sigma)

    with pytest.raises(PotentialError, match="sgima"):
        of(Strict, sgima=1.0).ase_calculator()


def test_a_calculator_without_forces_is_refused(water):
    with pytest.raises(PotentialError, match="returns no forces"):
        of(EnergyOnly).check_molecule(water)


def test_a_missing_package_names_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingDependencyError, match="pip install mace-torch"):
        AsePotential.from_spec("ase:mace.calculators:MACECalculator")


def test_a_calculator_that_refuses_stops_openmm_with_its_reason(water, in_openmm):
    with pytest.raises((openmm.OpenMMException, RuntimeError), match="SCF not converged"):
        in_openmm(of(Refusing).create_system(water), water.positions_angstrom)


def test_a_function_that_returns_a_calculator_is_a_potential():
    spec = f"ase:{__name__}:make_lennard_jones?sigma=2.0"
    potential = AsePotential.from_spec(spec)
    assert potential.shared_calculator().parameters.sigma == 2.0
    assert f"{__name__.replace('.', '/')}.py" in potential.fingerprint.files
    for wrong, said in (
        (spec.replace("sigma", "sgima"), "has no option 'sgima'"),
        (f"ase:{__name__}:make_a_number", "returned a float"),
    ):
        with pytest.raises(PotentialError, match=said):
            AsePotential.from_spec(wrong)
