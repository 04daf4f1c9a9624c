"""Walls pass, in a cell, too, where the system has one; holes and missing walls are found."""

from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes
from scipy.spatial.distance import pdist

from openmm_mlff.checks.surface.scans import collision_scan, way_in
from openmm_mlff.checks.surface.short_range_repulsion import (
    CHECK,
    LOWEST_DRAWN_EV,
    Record,
    pushed_together,
)
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.molecules import load_system
from openmm_mlff.plots import Level, Line, Points
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pair import switched, wells_of
from openmm_mlff.storage.measurements import NotApplicable


@pytest.mark.parametrize("name", ["smiles:[Ar]", "smiles:N#N"])
def test_a_wall_passes(measured, subject_at, name):
    molecule = load_system(name)
    result = measured(subject_at(healthy("pair", molecule=molecule, seed=0), molecule))
    assert result.status is Status.PASS
    assert result.value > result.threshold


def test_a_hole_behind_a_high_barrier_passes_and_is_reported(measured, subject_at, water):
    result = measured(subject_at(healthy("walled hole", molecule=water, seed=0), water))
    assert result.status is Status.PASS
    wall = next(pair for pair in result.evidence["pairs"] if pair["pair"] == "O–H")
    assert wall["hole_ev"] > 100.0
    assert wall["height_ev"] > 5.0
    assert "O–H in the molecule at 0.30 Å" in result.message


class Barrier(Calculator):
    """Springs in each molecule of water, and a barrier between any two atoms of one element."""

    implemented_properties = ("energy", "forces")

    def __init__(self, *, element, place, width, height_ev):
        super().__init__()
        self.element, self.place, self.width, self.height_ev = element, place, width, height_ev

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        i, j = np.triu_indices(len(self.atoms), 1)
        numbers, vectors = self.atoms.numbers, self.atoms.positions[j] - self.atoms.positions[i]
        lengths = np.linalg.norm(vectors, axis=1)
        alike = (numbers[i] == self.element) & (numbers[j] == self.element)
        stiffness = 20.0 * ((i // 3 == j // 3) & ~alike)
        stretch = lengths - np.where(numbers[i] == numbers[j], 1.5, 0.96)
        x = (lengths - self.place) / self.width
        barrier = alike * self.height_ev * np.exp(-(x**2))
        slopes = 2.0 * stiffness * stretch - 2.0 * x / self.width * barrier
        forces = np.zeros((len(self.atoms), 3))
        pulls = (slopes / lengths)[:, None] * vectors
        np.add.at(forces, i, pulls)
        np.add.at(forces, j, -pulls)
        self.results = {"energy": (stiffness * stretch**2 + barrier).sum(), "forces": forces}


def with_barrier(element, place, width, height_ev):
    options = {"element": element, "place": place, "width": width, "height_ev": height_ev}
    return AsePotential(Barrier, options, spec="ase:barriers:Barrier")


def test_the_barrier_is_met_on_the_way_from_the_place_in_the_molecule(measured, subject_at, water):
    # 8 eV between two H at 0.8 Å, farther out than 1.5 covalent sums allow.
    heights_ev = []
    for height_ev in (0.0, 8.0):
        result = measured(subject_at(with_barrier(1, 0.8, 0.25, height_ev), water))
        wall = next(w for w in result.evidence["pairs"] if w["pair"] == "H–H in the molecule")
        heights_ev.append(wall["height_ev"])
    assert heights_ev[0] < 6.0 < 8.0 < heights_ev[1]


def test_where_the_system_has_a_cell_the_pair_has_a_large_one(measured, subject_at, copper):
    cells = []
    potential = load_potential("ase:ase.calculators.emt:EMT")
    evaluate = potential.evaluate

    def watched(molecule, positions_angstrom, **options):
        if molecule.n_atoms == 2:
            cells.append(molecule.cell_angstrom)
        return evaluate(molecule, positions_angstrom, **options)

    potential.evaluate = watched
    result = measured(subject_at(potential, copper))
    assert result.status is Status.PASS
    names = [pair["pair"] for pair in result.evidence["pairs"]]
    assert names == ["Cu–Cu", "Cu–Cu in the molecule"]
    assert np.diag(cells[0]) == pytest.approx(np.full(3, 30.0))


def test_two_atoms_alone_follow_their_well(subject_at, water):
    record = CHECK.measure(subject_at(healthy("pair", molecule=water, seed=0), water))
    assert record.pairs[:3] == ("H–H", "O–H", "O–O")
    here = record.pair == 1
    wells = wells_of(np.array([8, 1]), np.array([[0, 1]]), seed=0)
    expected, _ = switched(record.distances_angstrom[here][:, None], wells)
    np.testing.assert_allclose(record.energies_ev[here], expected[:, 0], atol=1e-9)
    assert record.distances_angstrom[here][[0, -1]] == pytest.approx([0.3, 1.5 * 0.97], abs=0.051)


def test_fixed_atoms_are_pushed_together_in_the_molecule_unless_a_force_field_has_them(
    fixed_composition, subject_at, water, argon
):
    potential = fixed_composition(water)
    record = CHECK.measure(subject_at(potential, water))
    assert record.pairs == ("H–H in the molecule", "O–H in the molecule")
    potential.has_force_field = True
    for subject in (subject_at(potential, water), subject_at(fixed_composition(argon), argon)):
        assert isinstance(CHECK.measure(subject), NotApplicable)


def test_both_atoms_move_towards_each_other_through_a_face_of_a_box_too(water, copper):
    scan = pushed_together(water, [0, 1], step=0.01)
    oxygen, hydrogen, other = scan.place(np.array([0.3, 0.9])).swapaxes(0, 1)
    assert np.linalg.norm(hydrogen - oxygen, axis=1) == pytest.approx([0.3, 0.9])
    middle = water.positions_angstrom[:2].mean(axis=0)
    assert 0.5 * (oxygen + hydrogen) == pytest.approx(np.stack([middle] * 2))
    assert other == pytest.approx(np.stack([water.positions_angstrom[2]] * 2))
    placed = pushed_together(copper, [0, 25], step=0.05).place(np.array([0.3]))[0]
    apart = placed[25] - placed[0]
    apart -= np.round(apart @ np.linalg.inv(copper.cell_angstrom)) @ copper.cell_angstrom
    assert np.linalg.norm(apart) == pytest.approx(0.3)


@pytest.mark.parametrize("name", ["water", "methane", "smiles:[Ar]"])
def test_molecules_collide_with_the_outermost_atoms_first(name):
    molecule = load_system(name)
    element, count = int(molecule.atomic_numbers.max()), molecule.n_atoms
    scan = collision_scan(molecule, (element, element), step=0.05)
    atom = int(np.argmax(molecule.atomic_numbers))
    near, far = scan.place(scan.coordinates[[0, -1]])
    assert np.linalg.norm(near[atom] - near[count + atom]) == pytest.approx(0.3)
    apart = np.linalg.norm(far[count:, None] - far[:count], axis=2)
    assert 2.0 < apart.min() < 3.5
    for copy in (near[:count], near[count:]):
        np.testing.assert_allclose(pdist(copy), pdist(molecule.positions_angstrom))
    if name == "water":
        # No hydrogen lies between the oxygen atoms.
        assert np.linalg.norm(near[:count, None] - near[count:], axis=2).argmin() == 0


@pytest.mark.parametrize(("height_ev", "status"), [(3.0, Status.FAIL), (9.0, Status.PASS)])
def test_a_pair_that_one_molecule_has_not_is_met_between_two(
    measured, subject_at, water, height_ev, status
):
    result = measured(subject_at(with_barrier(8, 1.0, 0.2, height_ev), water))
    assert result.status is status
    walls = {wall["pair"]: wall["height_ev"] for wall in result.evidence["pairs"]}
    assert walls["O–O of two molecules"] == pytest.approx(height_ev, abs=0.3)
    assert "O–O in the molecule" not in walls


def test_a_strained_bond_is_no_hole(measured, subject_at):
    pytest.importorskip("tblite")
    pyridine = load_system("smiles:c1ccncc1")
    result = measured(subject_at(load_potential(GFN2_XTB), pyridine))
    assert result.status is Status.PASS
    # Two nitrogens bond at 1.34 Å, 1.6 eV above two molecules, behind 2.6 eV; inside is a wall.
    wall = next(w for w in result.evidence["pairs"] if w["pair"] == "N–N of two molecules")
    assert (wall["hole_ev"], wall["height_ev"] > 100.0) == (0.0, True)


COVALENT_SUM = 0.97
DISTANCES = way_in(COVALENT_SUM, step=0.01)


def well(length=0.9, depth=4.8):
    """Return a Morse curve, repulsive inside."""
    return depth * ((1.0 - np.exp(-2.2 * (DISTANCES - length))) ** 2 - 1.0)


def hole_at(place, depth):
    """Return a Gaussian hole."""
    return -depth * np.exp(-(((DISTANCES - place) / 0.05) ** 2))


def record_of(*energies, refused=0, pairs=("O–H",)):
    mask = np.arange(len(DISTANCES)) < refused
    return Record(
        pairs=pairs,
        covalent_sums_angstrom=np.full(len(pairs), COVALENT_SUM),
        pair=np.repeat(np.arange(len(energies)), len(DISTANCES)),
        distances_angstrom=np.tile(DISTANCES, len(energies)),
        energies_ev=np.concatenate([np.where(mask, np.nan, curve) for curve in energies]),
        refused=np.tile(mask, len(energies)),
        energy_noise_ev=1e-7,
        force_noise_ev_per_angstrom=1e-7,
    )


NO_NUMBER = np.full(len(DISTANCES), np.nan)
BOTH = ("O–H", "O–H in the molecule")
BESIDE = ("O–H", "O–H of two molecules")


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (record_of(well()), Status.PASS),
        (record_of(0.1 * well()), Status.FAIL),
        # A hole behind 4.1 eV, one behind 9.9 eV, and one that no barrier guards.
        (record_of(well() + hole_at(0.5, 12.0)), Status.FAIL),
        (record_of(well() + hole_at(0.3, 100.0)), Status.PASS),
        (record_of(well() + hole_at(0.5, 40.0)), Status.FAIL),
        (record_of(well() - 400.0 * np.maximum(0.4 - DISTANCES, 0.0)), Status.PASS),
        # A ripple that holds no atom, and a barrier before the bond.
        (record_of(well() + hole_at(0.6, 0.1)), Status.PASS),
        (record_of(well() + 0.5 * np.exp(-(((DISTANCES - 0.93) / 0.01) ** 2))), Status.FAIL),
        # Behind 4.3 and 4.2 eV, a dip to 1.1 eV above the bond, and one to 0.1 eV.
        (record_of(well() + hole_at(0.5, 8.0)), Status.PASS),
        (record_of(well() + hole_at(0.5, 9.0)), Status.FAIL),
        # A bond as short as that of N₂ is no hole; half the radii is.
        (record_of(well(length=0.75)), Status.PASS),
        (record_of(well(length=0.5, depth=50.0)), Status.FAIL),
        (record_of(DISTANCES), Status.FAIL),
        (record_of(np.where(DISTANCES < 0.38, np.nan, well())), Status.PASS),
        (record_of(np.where(DISTANCES < 0.38, np.inf, well())), Status.PASS),
        (record_of(np.where(DISTANCES < 0.7, np.nan, well())), Status.FAIL),
        (record_of(NO_NUMBER), Status.FAIL),
        (record_of(well(), refused=20), Status.INCONCLUSIVE),
        # Refused behind the wall, and before it.
        (record_of(well(), refused=2), Status.PASS),
        (record_of(0.1 * well(), refused=2), Status.INCONCLUSIVE),
        (record_of(well(), pairs=()), Status.INCONCLUSIVE),
        # A pair inside the molecule decides before the same pair alone.
        (record_of(0.1 * well(), well(), pairs=BOTH), Status.PASS),
        (record_of(well(), 0.1 * well(), pairs=BOTH), Status.FAIL),
        (record_of(0.1 * well(), well(), pairs=BESIDE), Status.PASS),
        (record_of(well(), 0.1 * well(), pairs=BESIDE), Status.FAIL),
    ],
)
def test_what_decides(judge, record, status):
    assert judge(record).status is status


def test_evidence_has_heights_and_holes(judge):
    behind = well() + hole_at(0.3, 100.0)
    (wall,) = judge(record_of(behind)).evidence["pairs"]
    outside = DISTANCES >= COVALENT_SUM
    assert wall["hole_ev"] > 80.0
    assert wall["hole_angstrom"] == pytest.approx(0.3)
    height = behind[DISTANCES > 0.38].max() - well()[outside].min()
    assert wall["height_ev"] == pytest.approx(height)


WALL = 14.4 / DISTANCES


def test_walls_are_drawn_above_their_lowest_point_and_faults_are_marked(drawn, marks_of):
    (panel,) = drawn(record_of(WALL, 2.0 * WALL, pairs=("O–H", "O–O")))
    first = marks_of(panel, Line)[0]
    assert first.y[0] == pytest.approx(WALL[0] - WALL[-1])
    assert first.y.min() == LOWEST_DRAWN_EV
    assert not marks_of(panel, Points)
    assert [level.value for level in marks_of(panel, Level)] == [5.0]
    hole = np.where(DISTANCES < 0.5, 28.8 - 100.0 * (0.5 - DISTANCES), WALL)
    (panel,) = drawn(record_of(hole, 0.01 * WALL, pairs=("O–H", "H–H")))
    too_low, holes = marks_of(panel, Points)
    assert (too_low.name, holes.name) == ("too low", "hole")
    assert too_low.x == pytest.approx([0.3])
    # Its energy is below that at the minimum, and so below the axis.
    assert (holes.x[0], holes.y[0]) == pytest.approx((0.3, LOWEST_DRAWN_EV))


def test_only_walls_with_numbers_are_drawn(drawn):
    assert drawn(record_of(np.where(DISTANCES[3] == DISTANCES, np.nan, WALL)))
    assert not drawn(record_of(NO_NUMBER))
    nothing = {"distances_angstrom": [], "energies_ev": [], "pair": [], "refused": []}
    assert not drawn(replace(record_of(WALL), pairs=(), covalent_sums_angstrom=[], **nothing))
