"""ASE calculators as potentials: options, results, identity, and refusals."""

import builtins
import functools
import importlib
import sys
from dataclasses import replace

import numpy as np
import openmm
import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones

from openmm_mlff.errors import MissingDependencyError, PotentialError
from openmm_mlff.potentials.ase import AsePotential, read_options
from openmm_mlff.potentials.calculators import FunctionCalculator
from openmm_mlff.reporters.quantities import masses_amu

LENNARD_JONES = "ase:ase.calculators.lj:LennardJones"
TBLITE = "ase:tblite.ase:TBLite?method=GFN2-xTB"
ZEROS = np.zeros((3, 3))


class Demanding(Calculator):
    """A calculator that refuses every option with an exception of Python."""

    def __init__(self, how: str = "ValueError") -> None:
        raise getattr(builtins, how)("no\nsuch model")


def refusing() -> FunctionCalculator:
    """A calculator whose SCF never converges."""

    def compute(atoms):
        raise RuntimeError("SCF not converged")

    return FunctionCalculator(compute)


class EnergyOnly(Calculator):
    implemented_properties = ["energy"]  # noqa: RUF012


class Strict(LennardJones):
    def __init__(self, sigma: float = 1.0) -> None:
        super().__init__(sigma=sigma)


class Given(Calculator):
    """A calculator that returns the results it was made with."""

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


class Model:
    """A model that gives its calculator on request, as those of TorchANI do."""

    def __init__(self, sigma: float = 1.0) -> None:
        self.sigma = sigma

    def ase(self) -> LennardJones:
        return LennardJones(sigma=self.sigma)


@functools.cache
def make_a_model(sigma: float = 1.0) -> Model:
    return Model(sigma)


make_wide = functools.partial(make_lennard_jones, sigma=2.0)


def of(factory, **options) -> AsePotential:
    return AsePotential(factory, options, spec=f"ase:test:{factory.__name__}")


def test_options_are_read_as_numbers_words_and_flags():
    query = "sigma=2.5&n=3&smooth=true&off=null&path=/a/b+c&name=NaN&text=a%20b"
    expected = {"sigma": 2.5, "n": 3, "smooth": True, "off": None, "path": "/a/b+c"}
    assert read_options(query) == expected | {"name": "NaN", "text": "a b"}


def test_name_hash_system_and_calculator_follow_the_spec(water):
    plain, other = (
        AsePotential.from_spec(LENNARD_JONES + options) for options in ("", "?sigma=2.0")
    )
    assert (plain.name, other.name) == ("lennardjones", "lennardjones-2.0")
    assert plain.sha256 != other.sha256
    assert of(Given).fingerprint.details == {"model_version": "0.3.0"}
    one, two = other.ase_calculator(), other.ase_calculator()
    assert isinstance(one, LennardJones)
    assert one is not two
    assert one.parameters.sigma == 2.0
    system = plain.create_system(water)
    np.testing.assert_array_equal(masses_amu(system), water.masses_amu)
    assert system.getNumForces() == 1
    assert (plain.n_parameters, plain.elements) == (None, None)


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_openmm_runs_the_calculator_with_charge_and_spin(water, in_openmm, platform):
    pytest.importorskip("tblite")
    potential = AsePotential.from_spec(TBLITE)
    assert potential.name == "tblite-GFN2-xTB"
    atoms = water.to_ase()
    # tblite starts each SCF from the previous one.
    atoms.calc = potential.ase_calculator()
    energy, forces = in_openmm(
        potential.create_system(water), water.positions_angstrom, platform=platform
    )
    assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-6)
    np.testing.assert_allclose(forces, atoms.get_forces(), atol=1e-5)
    ion = potential.create_system(replace(water, charge=1, multiplicity=2))
    # Ionising water takes more than ten electronvolts.
    assert in_openmm(ion, water.positions_angstrom)[0] - energy > 8.0


def test_the_energy_is_that_of_which_the_forces_are_the_gradient(water, in_openmm):
    """The forces, 0, are the gradient of the free energy; the energy differs."""
    potential = of(Given, energy=1.0, free_energy=3.0, forces=ZEROS)
    found = potential.evaluate(water, water.positions_angstrom[None])
    energy, _ = in_openmm(potential.create_system(water), water.positions_angstrom)
    assert found.energies_ev.tolist() == [3.0]
    assert energy == pytest.approx(3.0)
    potential = of(Given, energy=np.array([2.0]), forces=ZEROS.astype("f4"))
    assert potential.evaluate(water, water.positions_angstrom[None]).energies_ev.tolist() == [2.0]


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({"energy": np.zeros(3), "forces": ZEROS}, r"energy of shape \(3,\)"),
        ({"energy": 0.0, "forces": np.zeros((2, 3))}, r"forces of shape \(2, 3\)"),
        ({"energy": 0.0}, "no forces"),
        ({"forces": ZEROS}, "no energy"),
    ],
)
def test_results_of_another_shape_are_refused(results, said, water):
    with pytest.raises(PotentialError, match=said):
        of(Given, **results).evaluate(water, water.positions_angstrom[None])


@pytest.mark.parametrize(
    ("factory", "options", "said"),
    [
        (Demanding, {"how": "ValueError"}, "Demanding rejects.*ValueError"),
        (Demanding, {"how": "KeyError"}, "Demanding rejects.*KeyError"),
        (Demanding, {"how": "FileNotFoundError"}, "Demanding rejects.*FileNotFoundError"),
        (Strict, {"sgima": 1.0}, "sgima"),
        (EnergyOnly, {}, "returns no forces"),
    ],
)
def test_refused_options_and_missing_forces_are_one_line(factory, options, said, water):
    with pytest.raises(PotentialError, match=said) as caught:
        of(factory, **options).check_molecule(water)
    assert "\n" not in str(caught.value)


def test_a_calculator_that_refuses_stops_openmm_with_its_reason(water, in_openmm):
    with pytest.raises((openmm.OpenMMException, RuntimeError), match="SCF not converged"):
        in_openmm(of(refusing).create_system(water), water.positions_angstrom)


@pytest.mark.parametrize(
    ("made_by", "sigma"),
    [
        ("make_lennard_jones?sigma=2.0", 2.0),
        ("make_a_model?sigma=3.0", 3.0),
        ("Model", 1.0),
        ("make_wide", 2.0),
    ],
)
def test_what_makes_a_calculator_is_a_potential(made_by, sigma, water):
    potential = AsePotential.from_spec(f"ase:{__name__}:{made_by}")
    assert potential.shared_calculator().parameters.sigma == sigma
    assert f"{__name__.replace('.', '/')}.py" in potential.fingerprint.files
    potential.check_molecule(water)


def test_a_module_in_the_working_folder_is_found_after_all_others(tmp_path, monkeypatch):
    text = "from ase.calculators.lj import LennardJones\ndef mine(): return LennardJones()\n"
    for name in ("own_calculators_here", "json"):
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    potential = AsePotential.from_spec("ase:own_calculators_here:mine")
    assert list(potential.fingerprint.files) == ["own_calculators_here.py"]
    assert sys.path[-1] == str(tmp_path)
    with pytest.raises(PotentialError, match="module json has no mine"):
        AsePotential.from_spec("ase:json:mine")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("mace.calculators", "run: pip install mace-torch"),
        ("somebodys_model", "put the folder that holds it on PYTHONPATH"),
    ],
)
def test_only_known_packages_are_recommended(module, said, monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingDependencyError, match=said) as caught:
        AsePotential.from_spec(f"ase:{module}:Calculator")
    assert "pip install somebodys" not in str(caught.value)
