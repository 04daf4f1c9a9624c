"""g(r) is 1 in an ideal gas, counts the neighbours in a crystal, and tells two liquids apart."""

import numpy as np
import pytest
from ase.build import bulk

from openmm_mlff.checks.accuracy.radial_distribution import CHECK, Record, first_shell
from openmm_mlff.measuring.bulk import Bulk
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.storage.measurements import Skipped


@pytest.fixture(scope="module")
def argon_gas() -> MolecularSystem:
    """Return 60 atoms at random places of a triclinic box, without bonds."""
    cell = 12.0 * np.array([[1.0, 0.0, 0.0], [0.2, 1.1, 0.0], [-0.1, 0.3, 1.2]])
    places = np.random.default_rng(0).uniform(size=(60, 3)) @ cell
    return MolecularSystem("gas", np.full(60, 18), places, bonds=(), cell_angstrom=cell)


def test_an_ideal_gas_has_no_structure_in_a_triclinic_box(with_frames, argon_gas):
    rng = np.random.default_rng(1)
    frames = rng.uniform(size=(200, 60, 3)) @ argon_gas.cell_angstrom
    record = CHECK.measure(with_frames(argon_gas, frames))
    g = record.g[0].mean(axis=0)
    # 59 · 60 / 2 pairs in 200 frames: bins beyond 3 Å hold thousands.
    far = record.r_angstrom > 3.0
    assert g[far].mean() == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(g[far], 1.0, atol=0.2)
    assert record.r_angstrom[-1] < 6.0


def test_a_perfect_crystal_has_the_shells_of_its_lattice(with_frames):
    atoms = bulk("Cu", a=3.61, cubic=True) * (3, 3, 3)
    crystal = MolecularSystem(
        "copper", atoms.numbers, atoms.positions, cell_angstrom=np.array(atoms.cell)
    )
    record = CHECK.measure(with_frames(crystal, [atoms.positions + 1e-4] * 8))
    shell = first_shell(record, 0)
    assert shell["peak_angstrom"] == pytest.approx(3.61 / np.sqrt(2.0), abs=0.05)
    assert shell["neighbours"] == pytest.approx(12.0, rel=1e-3)
    # 12, 6 and 24 atoms at 1, √2 and √3 of the nearest distance.
    occupied = record.r_angstrom[record.g[0, 0] > 0.0]
    expected = 3.61 / np.sqrt(2.0) * np.sqrt([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(occupied, expected[expected < occupied.max() + 0.05], atol=0.05)


def test_atoms_of_one_molecule_are_left_out(with_frames):
    water = load_system("water_box_64")
    record = CHECK.measure(with_frames(water, [water.positions_angstrom] * 4))
    assert record.pairs == ("H–H", "H–O", "O–O")
    near = record.r_angstrom < 1.3
    assert record.g[1, :, near].max() == 0.0
    # Hydrogen bonds at 1.8 Å, and some four nearest oxygens at 2.8 Å.
    assert first_shell(record, 1)["peak_angstrom"] == pytest.approx(1.8, abs=0.2)
    assert first_shell(record, 2)["peak_angstrom"] == pytest.approx(2.75, abs=0.15)
    assert len(CHECK.plots(record, {})[0].panels) == 3


def test_samples_of_the_reference_are_compared(measured, make_subject, argon_box_27):
    potential = healthy("pair", molecule=argon_box_27, seed=0)
    dynamics = {"duration_ps": 0.2, "longest_ps": 0.2}
    alone = measured(make_subject(potential, argon_box_27, dynamics=dynamics))
    assert alone.status is Status.SKIPPED
    assert alone.evidence["first_shells"][0]["pair"] == "Ar–Ar"
    subject = make_subject(potential, argon_box_27, dynamics=dynamics, reference=potential)
    result = measured(subject)
    assert result.status is Status.INCONCLUSIVE
    assert result.evidence["reference"] == potential.spec
    assert result.evidence["differences"][0] < 0.5


@pytest.fixture(scope="module")
def argon_box_27() -> MolecularSystem:
    grid = 4.0 * np.stack(np.unravel_index(np.arange(27), (3, 3, 3)), axis=1)
    return MolecularSystem("argon_27", np.full(27, 18), grid, cell_angstrom=12.0 * np.eye(3))


def test_too_few_frames_have_none(with_frames, argon_gas):
    subject = with_frames(argon_gas, [argon_gas.positions_angstrom])
    assert isinstance(CHECK.measure(subject), Skipped)


def test_a_network_consists_of_atoms_and_water_of_molecules(with_frames):
    for name, species in (("silicon", [("Si", 64)]), ("water_box_64", [("H2O", 64)])):
        system = load_system(name)
        found = Bulk(with_frames(system, [system.positions_angstrom])).species()
        assert [(formula, len(members)) for formula, members in found] == species


@pytest.mark.parametrize(
    ("shift", "noise", "duration_ps", "status"),
    [
        (0.0, 0.01, 10.0, Status.PASS),
        (1.0, 0.01, 10.0, Status.FAIL),
        (1.0, 0.01, 1.0, Status.INCONCLUSIVE),
        (0.0, 2.0, 10.0, Status.INCONCLUSIVE),
        (1.0, 2.0, 10.0, Status.INCONCLUSIVE),
        (None, 0.01, 10.0, Status.SKIPPED),
    ],
)
def test_a_shifted_peak_fails_unless_noise_hides_it(judge, shift, noise, duration_ps, status):
    rng, r = np.random.default_rng(0), np.arange(0.025, 6.0, 0.05)

    def liquid(peak):
        g = 1.0 + 2.0 * np.exp(-((r - peak) ** 2) / 0.1) - np.exp(-((r - peak - 0.8) ** 2) / 0.1)
        g[r < 2.0] = 0.0
        return g + noise * rng.normal(size=(1, 4, len(r)))

    record = Record(
        pairs=("O–O",),
        frames=100,
        duration_ps=duration_ps,
        r_angstrom=r,
        g=liquid(2.8),
        partners_per_cubic_angstrom=np.array([0.033]),
        reference_g=None if shift is None else liquid(2.8 + shift),
        reference="ideal",
    )
    judgement = judge(record)
    assert judgement.status is status
    if noise < 1.0:
        (shell,) = judgement.evidence["first_shells"]
        assert shell["peak_angstrom"] == pytest.approx(2.8, abs=0.06)
        assert shell["minimum_angstrom"] == pytest.approx(3.6, abs=0.15)
