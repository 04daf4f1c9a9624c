import numpy as np
import pytest
import torch
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.benchmark import model_blocks
from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.model_blocks import calculator_block, distorted, model_block
from openmm_mlff.benchmark.plan import DEFAULT_BACKENDS
from openmm_mlff.benchmark.variants import NATIVE, Variant, load_variants
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential


class Counting(Calculator):
    """No forces; counts its evaluations."""

    implemented_properties = ("energy", "forces")

    def __init__(self):
        super().__init__()
        self.seen = []

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.seen.append(self.atoms.positions.copy())
        self.results = {"energy": 0.0, "forces": np.zeros_like(self.atoms.positions)}


def start_of(molecule):
    return thermal_start(
        molecule, positions_angstrom=molecule.positions_angstrom, temperature_kelvin=300.0, seed=2
    )


@pytest.fixture
def watched(monkeypatch):
    """What the calls of a student's block give: energies and forces, whatever the backend."""
    given = []
    real = model_blocks._tensor_block

    def watch(call, placed_nm):
        def kept(placed):
            given.append((placed.clone(), call(placed)))

        return real(kept, placed_nm)

    monkeypatch.setattr(model_blocks, "_tensor_block", watch)
    return given


def forces_of(given):
    """Find the one tensor of the shape of the positions, up to its sign."""
    (forces,) = (one for one in given if one.ndim == 2)
    return forces.detach().abs().numpy()


@pytest.mark.parametrize("backend", DEFAULT_BACKENDS)
def test_student_alone_gives_the_forces_of_the_student(specs, water, watched, backend):
    (variant,) = load_variants(specs[1], backends=(backend,))
    block, name = model_block(
        variant, water, start=start_of(water), precision="double", device="cpu", seed=4
    )
    assert name == ("PyTorch module" if backend == "python" else "TorchScript module")
    assert block(10) > 0.0
    assert len(watched) == 10
    placed, given = watched[3]
    expected = load_potential(specs[1]).evaluate(
        water, 10.0 * placed.numpy()[None], precision="double"
    )
    kj_per_mol_nm = 964.8533212331002
    np.testing.assert_allclose(
        forces_of(given),
        np.abs(expected.forces_ev_per_angstrom[0]) * kj_per_mol_nm,
        rtol=1e-6,
        atol=1e-6,
    )
    assert not torch.equal(watched[0][0], watched[1][0])


@pytest.mark.parametrize("backend", ["torchforce", "python"])
def test_a_periodic_box_is_handed_over(specs, watched, backend):
    box = load_system("water_box_64")
    (variant,) = load_variants(specs[1], backends=(backend,))
    block, _ = model_block(
        variant, box, start=start_of(box), precision="mixed", device="cpu", seed=4
    )
    assert block(1) > 0.0
    assert forces_of(watched[0][1]).max() > 0.0


def test_calculator_alone_is_asked_anew_each_time(water, monkeypatch):
    potential = load_potential("ase:ase.calculators.emt:EMT")
    calculator = Counting()
    monkeypatch.setattr(potential, "ase_calculator", lambda **_: calculator)
    block, name = model_block(
        Variant(potential, NATIVE),
        water,
        start=start_of(water),
        precision="mixed",
        device="cpu",
        seed=4,
    )
    assert name == "ASE calculator"
    block(12)
    assert len(calculator.seen) == 12


def test_calculator_block_goes_round_its_geometries(water):
    calculator = Counting()
    geometries = distorted(start_of(water), seed=3)
    calculator_block(calculator, water, geometries)(len(geometries) + 1)
    np.testing.assert_array_equal(calculator.seen[:-1], geometries)
    np.testing.assert_array_equal(calculator.seen[-1], geometries[0])


def test_distortions_are_small_and_repeatable(water):
    found = distorted(start_of(water), seed=3)
    np.testing.assert_array_equal(found, distorted(start_of(water), seed=3))
    assert 0.0 < np.abs(found - water.positions_angstrom).max() < 0.1
