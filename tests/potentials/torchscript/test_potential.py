import hashlib

import numpy as np
import pytest
import torch
from ase import Atoms

from openmm_mlff import units
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.torchscript import load_torchscript
from openmm_mlff.reporters.quantities import potential_ev

from ..conftest import context_of, energy_and_forces, evaluated

CONTRACTS = [
    ("Springs", {}, False),
    ("SpringsInABox", {}, True),
    ("WithForces", {}, False),
    ("WithParameters", {"parameters": {"stiffness": 2.0e4, "rest": 0.123456789}}, False),
    ("WithTensors", {"parameters": {"second": 7.0, "first": 3.3}}, False),
    ("BoxAndParameter", {"parameters": {"stiffness": 1.0e3}}, True),
    ("WithDefaults", {"parameters": {"second": 50.0}}, False),
    ("WithDefaults", {}, False),
    ("Numbers", {}, False),
    ("NumbersWithForces", {}, False),
    ("SingleWithCast", {}, False),
    ("SecondUnknown", {"parameters": {"extra": 4.0}}, False),
    ("SecondUnknown", {"contract": "positions-box"}, True),
    ("OptionalBox", {"contract": "positions"}, False),
    ("OptionalBox", {"contract": "positions-box"}, True),
    ("Springs", {"energy_unit": "hartree", "length_unit": "bohr"}, False),
    ("WithForces", {"energy_unit": "kcal/mol", "length_unit": "angstrom"}, False),
    ("Numbers", {"energy_unit": "kJ/mol", "length_unit": "nm"}, False),
]


@pytest.mark.parametrize(("name", "options", "periodic"), CONTRACTS)
def test_openmm_ase_and_evaluate_agree(name, options, periodic, load, water, water_box, in_openmm):
    molecule = water_box if periodic else water
    potential = load(name, **options)
    potential.check_molecule(molecule)
    assert potential.create_system(molecule).usesPeriodicBoundaryConditions() is periodic
    energy, forces = in_openmm(potential, molecule)
    atoms = molecule.to_ase()
    atoms.calc = potential.ase_calculator()
    assert np.abs(forces).max() > 1e-5
    ase = atoms.get_potential_energy(), atoms.get_forces()
    for other_energy, other_forces in (evaluated(potential, molecule), ase):
        assert other_energy == pytest.approx(energy, rel=1e-6, abs=1e-6)
        assert other_forces == pytest.approx(forces, rel=1e-6, abs=1e-6)


def test_energies_and_forces_have_the_units_of_the_contract_or_those_named(load, water):
    placed = water.positions_angstrom
    apart_nm = torch.pdist(torch.tensor(units.nm_from_angstrom(placed)))
    springs = float((5.0e4 * (apart_nm - 0.11) ** 2).sum())
    assert evaluated(load("Springs"), water)[0] == pytest.approx(units.ev_from_kj_per_mol(springs))
    z = water.atomic_numbers
    squares = ((placed[:, None] - placed) ** 2).sum(axis=-1)
    energy, forces = evaluated(load("Numbers"), water)
    assert energy == pytest.approx(0.01 * float((z[:, None] * z * squares).sum()))
    # The energy is quadratic in lengths.
    factor = 27.2113862 / 0.529177211**2
    scaled = evaluated(load("Numbers", energy_unit="hartree", length_unit="bohr"), water)
    assert scaled[0] == pytest.approx(factor * energy)
    assert scaled[1] == pytest.approx(factor * forces)


def test_forces_of_the_file_are_used(load, water):
    middle = water.positions_angstrom - water.positions_angstrom.mean(axis=0)
    expected = -6.0 * 5.0e4 * units.nm_from_angstrom(middle)
    _, forces = evaluated(load("WithForces"), water)
    assert forces == pytest.approx(units.ev_per_angstrom_from_kj_per_mol_nm(expected))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Springs", {}),
        ("WithForces", {}),
        ("Numbers", {}),
        ("NumbersWithForces", {}),
        ("WithTensors", {"parameters": {"first": 2.0, "second": 1.0}}),
    ],
)
def test_it_may_act_on_some_of_the_particles(name, options, load, water, in_openmm):
    potential = load(name, **options)
    particles = [4, 0, 2]
    placed = np.full((6, 3), 9.0) + np.arange(6)[:, None]
    placed[particles] = water.positions_angstrom
    energy, forces = in_openmm(potential, water, particles=particles, placed_angstrom=placed)
    alone, alone_forces = evaluated(potential, water)
    assert energy == pytest.approx(alone, abs=1e-6)
    assert forces[particles] == pytest.approx(alone_forces, abs=1e-6)
    assert np.abs(forces[[1, 3, 5]]).max() == 0.0


def test_global_parameters_can_be_changed_in_the_context(load, water):
    potential = load("WithTensors", parameters={"first": 2.0, "second": 5.0})
    context = context_of(potential.create_system(water), water.positions_angstrom)
    before = potential_ev(context.getState(energy=True))
    context.setParameter("second", 25.0)
    after = potential_ev(context.getState(energy=True))
    assert after - before == pytest.approx(units.ev_from_kj_per_mol(20.0))


def test_a_file_with_numbers_takes_any_molecule(load, in_openmm):
    potential = load("Numbers")
    assert potential.composition_is_free
    for name in ("methane", "ammonia"):
        molecule = load_system(name)
        energy, _ = in_openmm(potential, molecule)
        assert evaluated(potential, molecule)[0] == pytest.approx(energy)


def test_it_has_name_hash_and_number_of_parameters(load, tmp_path):
    potential = load("SingleWithCast")
    digest = hashlib.sha256((tmp_path / "own.pt").read_bytes()).hexdigest()
    assert (potential.name, potential.spec) == ("own", "own.pt")
    assert potential.fingerprint.files == {"own.pt": digest}
    assert (potential.n_parameters, potential.elements) == (4, None)
    assert not potential.composition_is_free


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Single", "own.pt accepts positions in float32 only"),
        ("PerAtom", r"own.pt returns an energy of shape \(3,\) for water"),
        ("WrongForces", r"own.pt returns forces of shape \(3,\) for water; expected \(3, 3\)"),
        ("NotFinite", "own.pt returns an energy of nan for water"),
        ("OnCuda", "own.pt has the device cuda:0 built into"),
        ("Detached", "own.pt: the energy of water has no gradient"),
    ],
)
def test_an_unusable_file_is_refused_in_one_line(name, said, load, water):
    potential = load(name)
    for ask in (potential.check_molecule, potential.create_system):
        with pytest.raises(PotentialError, match=f"^{said}") as raised:
            ask(water)
        assert "\n" not in str(raised.value)


def test_another_number_of_atoms_is_refused_in_one_line(load, water):
    potential = load("ThreeAtoms")
    potential.check_molecule(water)
    with pytest.raises(PotentialError, match=r"^own\.pt.* 5 atoms of methane") as raised:
        potential.check_molecule(load_system("methane"))
    assert "\n" not in str(raised.value)
    unnamed = Atoms("H4", positions=np.eye(4, 3) * 2.0, calculator=potential.ase_calculator())
    with pytest.raises(PotentialError, match="4 atoms of H4"):
        unnamed.get_potential_energy()


def test_the_current_box_is_passed_to_the_file(load, water_box):
    atoms = water_box.to_ase()
    atoms.calc = load("SpringsInABox").ase_calculator()
    energy = atoms.get_potential_energy()
    atoms.positions[1] += atoms.cell[0]
    assert atoms.get_potential_energy() == pytest.approx(energy)
    atoms.set_cell(np.diag([5.0, 7.0, 8.0]))
    assert atoms.get_potential_energy() != pytest.approx(energy)


@pytest.mark.parametrize(
    ("name", "boxed", "said"),
    [("Springs", True, "has no box argument"), ("SpringsInABox", False, "needs box vectors")],
)
def test_either_both_file_and_molecule_have_a_box_or_neither(
    name, boxed, said, load, water, water_box
):
    potential, molecule = load(name), water_box if boxed else water
    for ask in (
        lambda: potential.check_molecule(molecule),
        lambda: evaluated(potential, molecule),
        lambda: potential.ase_calculator().calculate(molecule.to_ase()),
    ):
        with pytest.raises(PotentialError, match=said):
            ask()


def test_dropout_in_training_mode_is_run_as_openmm_runs_it(scripted, tmp_path, water, in_openmm):
    path = tmp_path / "dropout.pt"
    scripted("Dropout").train().save(str(path))
    before = path.read_bytes()
    potential = load_torchscript(path)
    assert potential.spec == str(path)
    squares = units.nm_from_angstrom(water.positions_angstrom) ** 2
    whole = units.ev_from_kj_per_mol(5.0e4 * squares.sum())
    found = potential.evaluate(water, np.repeat(water.positions_angstrom[None], 3, axis=0))
    energies = [*found.energies_ev, *(in_openmm(potential, water)[0] for _ in range(3))]
    assert energies == pytest.approx([whole] * 6)
    assert path.read_bytes() == before
    assert torch.jit.load(str(path)).training


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"energy_unit": "kcal"}, "did you mean 'kcal/mol'"),
        ({"length_unit": "pm"}, "unknown unit of length 'pm'"),
        ({"backend": "python", "compiled": True}, "leave out --compiled"),
    ],
)
def test_impossible_options_are_refused(options, said, load):
    with pytest.raises(PotentialError, match=said):
        load("Springs", **options)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["Springs", "Numbers", "NumbersWithForces"])
def test_cuda_agrees_with_the_cpu(name, load, water, cuda):
    potential = load(name)
    system, placed = potential.create_system(water), water.positions_angstrom
    energy, _ = energy_and_forces(system, placed, platform=cuda)
    assert energy == pytest.approx(evaluated(potential, water)[0], rel=1e-4)


def test_python_runs_the_same_file(load, water, in_openmm):
    by_file, by_python = load("Springs"), load("Springs", backend="python")
    assert list(by_file.other_backends()) == ["python"]
    assert list(by_python.other_backends()) == ["torchforce"]
    found = [in_openmm(potential, water)[1] for potential in (by_file, by_python)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-9)


def test_a_fresh_potential_starts_from_the_saved_file(load, water, in_openmm):
    potential = load("KeepsTheFirst")
    potential.evaluate(water, water.positions_angstrom[None] + 10.0)
    kept, _ = evaluated(potential, water)
    fresh, _ = evaluated(potential.fresh(), water)
    # The first coordinate of the first call was 10 Å, 1 nm, larger.
    assert kept - fresh == pytest.approx(units.ev_from_kj_per_mol(1.0))
    assert in_openmm(potential, water)[0] == pytest.approx(fresh)
