import importlib

import numpy as np
import openmm
import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones

from openmm_mlff import units
from openmm_mlff.errors import MissingDependencyError, PotentialError
from openmm_mlff.molecules import MolecularSystem
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

    def __init__(self) -> None:
        super().__init__()
        self.implemented_properties = ["energy", "forces"]

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        raise RuntimeError("SCF not converged")


def context_of(system, molecule, platform="Reference") -> openmm.Context:
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName(platform),
    )
    context.setPositions(units.nm_from_angstrom(molecule.positions_angstrom))
    return context


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


def test_name_and_hash_are_those_of_the_spec():
    one = AsePotential.from_spec(TBLITE) if importlib.util.find_spec("tblite") else None
    plain, other = (
        AsePotential.from_spec(LENNARD_JONES + options) for options in ("", "?sigma=2.0")
    )

    assert plain.name == "lennardjones"
    assert other.name == "lennardjones-2.0"
    assert plain.sha256 != other.sha256
    assert one is None or one.name == "tblite-GFN2-xTB"


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_openmm_runs_the_calculator_itself(water, platform):
    pytest.importorskip("tblite")
    potential = AsePotential.from_spec(TBLITE)
    rng = np.random.default_rng(3)
    moved = water.with_positions(
        water.positions_angstrom + rng.normal(scale=0.05, size=(water.n_atoms, 3))
    )
    atoms = water.to_ase()
    atoms.calc = potential.ase_calculator()
    context = context_of(potential.create_system(water), water, platform)

    # In the same order, for tblite starts each SCF from the last one.
    for placed in (water, moved):
        atoms.positions = placed.positions_angstrom
        energy_there, forces_there = atoms.get_potential_energy(), atoms.get_forces()
        context.setPositions(units.nm_from_angstrom(placed.positions_angstrom))
        state = context.getState(energy=True, forces=True)
        energy = units.ev_from_kj_per_mol(state.getPotentialEnergy()._value)
        forces = units.ev_per_angstrom_from_kj_per_mol_nm(state.getForces(asNumpy=True)._value)
        assert energy == pytest.approx(energy_there, abs=1e-8)
        np.testing.assert_allclose(forces, forces_there, atol=1e-6)


def test_charge_and_spin_reach_the_calculator():
    pytest.importorskip("tblite")
    potential = AsePotential.from_spec(TBLITE)
    energies = []
    for charge, multiplicity in ((0, 1), (1, 2)):
        molecule = MolecularSystem(
            name="water",
            atomic_numbers=np.array([8, 1, 1]),
            positions_angstrom=np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]),
            charge=charge,
            multiplicity=multiplicity,
        )
        context = context_of(potential.create_system(molecule), molecule)
        state = context.getState(energy=True)
        energies.append(units.ev_from_kj_per_mol(state.getPotentialEnergy()._value))

    # To take an electron from water costs more than ten electronvolts.
    assert energies[1] - energies[0] > 8.0


def test_the_system_holds_the_masses(water):
    system = AsePotential.from_spec(LENNARD_JONES).create_system(water)

    masses = [system.getParticleMass(index)._value for index in range(system.getNumParticles())]
    np.testing.assert_array_equal(masses, water.masses_amu)
    assert system.getNumForces() == 1


def test_each_calculator_is_a_new_one():
    potential = AsePotential.from_spec(f"{LENNARD_JONES}?sigma=2.0")

    one, two = potential.ase_calculator(), potential.ase_calculator()

    assert isinstance(one, LennardJones)
    assert one is not two
    assert one.parameters.sigma == 2.0


@pytest.mark.parametrize("how", ["ValueError", "KeyError", "FileNotFoundError"])
def test_refused_options_are_one_line(how):
    potential = AsePotential(Demanding, {"how": how}, spec="ase:test:Demanding")

    with pytest.raises(PotentialError, match=f"Demanding refuses its options.*{how}") as caught:
        potential.ase_calculator()
    assert "\n" not in str(caught.value)


def test_an_unknown_option_is_refused():
    class Strict(LennardJones):
        def __init__(self, sigma: float = 1.0) -> None:
            super().__init__(sigma=sigma)

    with pytest.raises(PotentialError, match="sgima"):
        AsePotential(Strict, {"sgima": 1.0}, spec="ase:test:Strict").ase_calculator()


def test_a_missing_package_names_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(MissingDependencyError, match="pip install mace-torch"):
        AsePotential.from_spec("ase:mace.calculators:MACECalculator")


def test_a_calculator_that_refuses_stops_openmm_with_its_reason(water):
    system = AsePotential(Refusing, {}, spec="ase:test:Refusing").create_system(water)
    context = context_of(system, water)

    with pytest.raises((openmm.OpenMMException, RuntimeError), match="SCF not converged"):
        context.getState(energy=True)


class EnergyOnly(Calculator):
    """A calculator that gives no forces."""

    implemented_properties = ["energy"]  # noqa: RUF012


def test_a_calculator_without_forces_is_refused(water):
    potential = AsePotential(EnergyOnly, {}, spec="ase:test:EnergyOnly")
    with pytest.raises(PotentialError, match=r"returns no forces \(it returns energy\)"):
        potential.check_molecule(water)


class Smeared(Calculator):
    """Its forces, 0, are the slope of the free energy, 3 eV; the energy is another one."""

    implemented_properties = ["energy", "free_energy", "forces"]  # noqa: RUF012
    version = "0.3.0"

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": 1.0, "free_energy": 3.0, "forces": np.zeros((len(atoms), 3))}


class Given(Calculator):
    """Returns what it was made with."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def __init__(self, **results) -> None:
        super().__init__()
        self.given = results

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = dict(self.given)


def test_the_energy_is_the_one_whose_slope_the_forces_are(water):
    potential = AsePotential(Smeared, {}, spec="ase:test:Smeared")

    found = potential.evaluate(water, water.positions_angstrom[None])
    state = context_of(potential.create_system(water), water).getState(energy=True)

    assert found.energies_ev.tolist() == [3.0]
    assert units.ev_from_kj_per_mol(state.getPotentialEnergy()._value) == pytest.approx(3.0)


def test_the_version_of_the_model_is_part_of_the_identity():
    potential = AsePotential(Smeared, {}, spec="ase:test:Smeared")

    assert potential.fingerprint.details == {"model_version": "0.3.0"}


def test_an_energy_of_one_element_is_an_energy(water):
    results = {"energy": np.array([2.0]), "forces": np.zeros((3, 3), dtype="f4")}
    potential = AsePotential(Given, results, spec="ase:test:Given")

    assert potential.evaluate(water, water.positions_angstrom[None]).energies_ev.tolist() == [2.0]


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({"energy": np.zeros(3), "forces": np.zeros((3, 3))}, r"energy of shape \(3,\)"),
        ({"energy": 0.0, "forces": np.zeros((2, 3))}, r"forces of shape \(2, 3\) for 3 atoms"),
        ({"energy": 0.0}, "returns no forces"),
        ({"forces": np.zeros((3, 3))}, "returns no energy"),
    ],
)
def test_results_of_another_shape_are_refused(results, said, water):
    potential = AsePotential(Given, results, spec="ase:test:Given")

    with pytest.raises(PotentialError, match=said):
        potential.evaluate(water, water.positions_angstrom[None])


def make_lennard_jones(sigma: float = 1.0) -> LennardJones:
    return LennardJones(sigma=sigma)


def make_a_number() -> float:
    return 1.0


def test_a_function_that_returns_a_calculator_is_a_potential():
    spec = f"ase:{__name__}:make_lennard_jones?sigma=2.0"
    potential = AsePotential.from_spec(spec)

    assert potential.shared_calculator().parameters.sigma == 2.0
    assert f"{__name__.replace('.', '/')}.py" in potential.fingerprint.files
    with pytest.raises(PotentialError, match="has no option 'sgima'"):
        AsePotential.from_spec(spec.replace("sigma", "sgima"))
    with pytest.raises(PotentialError, match="returned a float"):
        AsePotential.from_spec(f"ase:{__name__}:make_a_number")
