import hashlib

import numpy as np
import openmm
import pytest
import torch
from ase import Atoms

from openmm_mlff import units
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.torchscript import load_torchscript

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
    ("SecondUnknown", {"parameters": {"extra": 4.0}}, False),
    ("SecondUnknown", {"contract": "positions-box"}, True),
    ("OptionalBox", {"contract": "positions"}, False),
    ("OptionalBox", {"contract": "positions-box"}, True),
    ("Springs", {"energy_unit": "hartree", "length_unit": "bohr"}, False),
    ("WithForces", {"energy_unit": "kcal/mol", "length_unit": "angstrom"}, False),
    ("Numbers", {"energy_unit": "kJ/mol", "length_unit": "nm"}, False),
]


@pytest.mark.parametrize(("name", "options", "periodic"), CONTRACTS)
def test_openmm_ase_and_evaluate_agree(
    name, options, periodic, models, load, water, water_box, in_openmm
):
    molecule = water_box if periodic else water
    potential = load(getattr(models, name)(), **options)

    potential.check_molecule(molecule)
    energy, forces = in_openmm(potential, molecule)
    found = potential.evaluate(molecule, molecule.positions_angstrom[None])
    atoms = molecule.to_ase()
    atoms.calc = potential.ase_calculator()

    assert np.abs(forces).max() > 1e-5
    assert found.energies_ev[0] == pytest.approx(energy, rel=1e-6, abs=1e-6)
    assert found.forces_ev_per_angstrom[0] == pytest.approx(forces, rel=1e-6, abs=1e-6)
    assert atoms.get_potential_energy() == pytest.approx(energy, rel=1e-6, abs=1e-6)
    assert atoms.get_forces() == pytest.approx(forces, rel=1e-6, abs=1e-6)


def test_the_contract_says_the_units(models, load, water):
    apart_nm = torch.pdist(torch.tensor(units.nm_from_angstrom(water.positions_angstrom)))
    in_kj_per_mol = float((5.0e4 * (apart_nm - 0.11) ** 2).sum())
    energy = load(models.Springs()).evaluate(water, water.positions_angstrom[None]).energies_ev[0]
    assert energy == pytest.approx(units.ev_from_kj_per_mol(in_kj_per_mol))

    z = water.atomic_numbers
    apart = water.positions_angstrom[:, None] - water.positions_angstrom
    in_ev = 0.01 * float((z[:, None] * z * (apart**2).sum(axis=-1)).sum())
    energy = load(models.Numbers()).evaluate(water, water.positions_angstrom[None]).energies_ev[0]
    assert energy == pytest.approx(in_ev)


def test_named_units_take_the_place_of_the_contracts(models, load, water):
    scaled = load(models.Numbers(), energy_unit="hartree", length_unit="bohr")
    plain = load(models.Numbers()).evaluate(water, water.positions_angstrom[None])
    found = scaled.evaluate(water, water.positions_angstrom[None])
    # The energy is quadratic in lengths.
    assert found.energies_ev / plain.energies_ev == pytest.approx(27.2113862 / 0.529177211**2)
    assert found.forces_ev_per_angstrom == pytest.approx(
        plain.forces_ev_per_angstrom * 27.2113862 / 0.529177211**2
    )


def test_given_forces_are_those_that_are_used(models, load, water):
    potential = load(models.WithForces())
    forces = potential.evaluate(water, water.positions_angstrom[None]).forces_ev_per_angstrom[0]
    middle = water.positions_angstrom - water.positions_angstrom.mean(axis=0)
    expected = -6.0 * 5.0e4 * units.nm_from_angstrom(middle)
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
def test_it_may_be_some_of_the_particles(name, options, models, load, water, in_openmm):
    potential = load(getattr(models, name)(), **options)
    particles = [4, 0, 2]
    placed = np.full((6, 3), 9.0) + np.arange(6)[:, None]
    placed[particles] = water.positions_angstrom

    energy, forces = in_openmm(potential, water, particles=particles, placed_angstrom=placed)

    alone = potential.evaluate(water, water.positions_angstrom[None])
    assert energy == pytest.approx(alone.energies_ev[0], abs=1e-6)
    assert forces[particles] == pytest.approx(alone.forces_ev_per_angstrom[0], abs=1e-6)
    assert np.abs(forces[[1, 3, 5]]).max() == 0.0


def test_global_parameters_can_be_changed_in_the_context(models, load, water):
    potential = load(models.WithTensors(), parameters={"first": 2.0, "second": 5.0})
    integrator = openmm.VerletIntegrator(0.001)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(potential.create_system(water), integrator, platform)
    context.setPositions(units.nm_from_angstrom(water.positions_angstrom))
    before = context.getState(energy=True).getPotentialEnergy()._value
    context.setParameter("second", 25.0)
    after = context.getState(energy=True).getPotentialEnergy()._value
    assert after - before == pytest.approx(20.0)


def test_a_file_with_numbers_takes_any_molecule(models, load, in_openmm):
    potential = load(models.Numbers())
    assert potential.composition_is_free
    for name in ("methane", "ammonia"):
        molecule = load_system(name)
        energy, _ = in_openmm(potential, molecule)
        found = potential.evaluate(molecule, molecule.positions_angstrom[None])
        assert found.energies_ev[0] == pytest.approx(energy)


def test_it_says_what_it_is(models, load, tmp_path):
    potential = load(models.Single(True))
    digest = hashlib.sha256((tmp_path / "own.pt").read_bytes()).hexdigest()
    assert (potential.name, potential.spec) == ("own", "own.pt")
    assert potential.fingerprint.files == {"own.pt": digest}
    assert (potential.n_parameters, potential.elements) == (4, None)
    assert not potential.composition_is_free


def test_weights_in_float32_run_where_positions_are_cast(models, load, water, in_openmm):
    potential = load(models.Single(True))
    energy, forces = in_openmm(potential, water)
    found = potential.evaluate(water, water.positions_angstrom[None])
    assert found.energies_ev[0] == pytest.approx(energy, abs=1e-7)
    assert found.forces_ev_per_angstrom[0] == pytest.approx(forces, abs=1e-6)


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
def test_an_unusable_file_is_said_in_one_line(name, said, models, load, water):
    module = getattr(models, name)
    potential = load(module(False) if name == "Single" else module())
    with pytest.raises(PotentialError, match=f"^{said}") as raised:
        potential.check_molecule(water)
    assert "\n" not in str(raised.value)
    with pytest.raises(PotentialError):
        potential.create_system(water)


def test_the_box_of_the_moment_is_given_to_the_file(models, load, water_box):
    atoms = water_box.to_ase()
    atoms.calc = load(models.SpringsInABox()).ase_calculator()
    energy = atoms.get_potential_energy()
    atoms.positions[1] += atoms.cell[0]
    assert atoms.get_potential_energy() == pytest.approx(energy)
    atoms.set_cell(np.diag([5.0, 7.0, 8.0]))
    assert atoms.get_potential_energy() != pytest.approx(energy)


def test_another_number_of_atoms_is_said(models, load, water):
    potential = load(models.ThreeAtoms())
    potential.check_molecule(water)
    expected = "own.pt: the file does not accept the 5 atoms of methane: The size of tensor a"
    with pytest.raises(PotentialError, match=f"^{expected}") as raised:
        potential.check_molecule(load_system("methane"))
    assert "\n" not in str(raised.value)
    unnamed = Atoms("H4", positions=np.eye(4, 3) * 2.0, calculator=potential.ase_calculator())
    with pytest.raises(PotentialError, match="4 atoms of H4"):
        unnamed.get_potential_energy()


@pytest.mark.parametrize(
    ("name", "boxed", "said"),
    [("Springs", True, "has no box argument"), ("SpringsInABox", False, "needs box vectors")],
)
def test_either_both_file_and_molecule_have_a_box_or_neither(
    name, boxed, said, models, load, water, water_box
):
    potential, molecule = load(getattr(models, name)()), water_box if boxed else water
    for ask in (
        lambda: potential.check_molecule(molecule),
        lambda: potential.evaluate(molecule, molecule.positions_angstrom[None]),
        lambda: potential.ase_calculator().calculate(molecule.to_ase()),
    ):
        with pytest.raises(PotentialError, match=said):
            ask()


def test_a_system_is_periodic_where_the_file_takes_a_box(models, load, water, water_box):
    assert load(models.SpringsInABox()).create_system(water_box).usesPeriodicBoundaryConditions()
    assert not load(models.Springs()).create_system(water).usesPeriodicBoundaryConditions()


def test_dropout_in_training_mode_is_run_as_openmm_runs_it(models, tmp_path, water, in_openmm):
    path = tmp_path / "dropout.pt"
    module = torch.jit.script(models.Dropout().train())
    module.save(str(path))
    before = path.read_bytes()

    potential = load_torchscript(path)
    assert potential.spec == str(path)

    energies = [in_openmm(potential, water)[0] for _ in range(3)]
    found = potential.evaluate(water, np.repeat(water.positions_angstrom[None], 3, axis=0))
    squares = units.nm_from_angstrom(water.positions_angstrom) ** 2
    whole = units.ev_from_kj_per_mol(5.0e4 * squares.sum())
    assert energies == pytest.approx([whole] * 3)
    assert found.energies_ev == pytest.approx([whole] * 3)
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
def test_impossible_options_are_refused(options, said, models, load):
    with pytest.raises(PotentialError, match=said):
        load(models.Springs(), **options)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["Springs", "Numbers", "NumbersWithForces"])
def test_cuda_agrees_with_the_cpu(name, models, load, water, cuda):
    potential = load(getattr(models, name)())
    context = openmm.Context(
        potential.create_system(water),
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName(cuda),
    )
    context.setPositions(units.nm_from_angstrom(water.positions_angstrom))
    energy = context.getState(energy=True).getPotentialEnergy()._value
    found = potential.evaluate(water, water.positions_angstrom[None])
    assert units.ev_from_kj_per_mol(energy) == pytest.approx(found.energies_ev[0], rel=1e-4)


def test_python_runs_the_same_file(models, load, water, in_openmm):
    by_file, by_python = load(models.Springs()), load(models.Springs(), backend="python")
    assert list(by_file.other_backends()) == ["python"]
    assert list(by_python.other_backends()) == ["torchforce"]
    found = [in_openmm(potential, water)[1] for potential in (by_file, by_python)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-9)


class KeepsTheFirst(torch.nn.Module):
    """Adds the first coordinate that it ever saw."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("first", torch.zeros([], dtype=torch.float64))
        self.called = False

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        if not self.called:
            self.called = True
            self.first = positions.detach()[0, 0].clone()
        return (positions**2).sum() + self.first


def test_a_fresh_file_begins_as_it_was_saved(load, water, in_openmm):
    potential = load(KeepsTheFirst())
    placed = water.positions_angstrom
    nm_per_angstrom, ev = 0.1, units.ev_from_kj_per_mol(1.0)
    potential.evaluate(water, placed[None] + 10.0)
    kept = potential.evaluate(water, placed[None]).energies_ev[0]

    fresh = potential.fresh().evaluate(water, placed[None]).energies_ev[0]

    assert kept - fresh == pytest.approx(10.0 * nm_per_angstrom * ev)
    assert in_openmm(potential, water)[0] == pytest.approx(fresh)
