"""Smooth potentials pass with few evaluations; jumps of any size above the limits are found."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.cutoff_continuity import CHECK, Record
from openmm_mlff.checks.surface.jumps import Jump
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.faults.plant import PlantedPotential, in_forces
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pair import PairOracle
from openmm_mlff.selftest.oracles.staircase import in_float32
from openmm_mlff.storage.measurements import NotApplicable

QUARTER_OF_NVE = 5000
IBUPROFEN = load_system("smiles:CC(C)Cc1ccc(cc1)C(C)C(=O)O")


def step(height_ev, *, at):
    """Return a radial function that is lower within a distance."""
    return lambda d: (np.where(d < at, -height_ev, 0.0), np.zeros_like(d))


def kink(slope, *, at):
    """Return a radial function whose slope ends abruptly at a distance; flat again 1 Å within."""

    def radial(distances):
        inside = (distances < at) & (distances > at - 1.0)
        return slope * np.clip(distances - at, -1.0, 0.0), np.where(inside, slope, 0.0)

    return radial


@pytest.mark.parametrize(
    ("molecule", "most"),
    [(load_system("smiles:[Ar]"), 700), (load_system("ethanol"), 700), (IBUPROFEN, 1200)],
    ids=["argon", "ethanol", "ibuprofen"],
)
def test_a_smooth_potential_passes_with_few_evaluations(measured, subject_at, molecule, most):
    subject = subject_at(healthy("pair", molecule=molecule, seed=0), molecule)
    result = measured(subject)
    assert (result.status, result.value) == (Status.PASS, 0.0)
    assert result.evidence["jumps"] == []
    assert subject.evaluations < most + 200  # with those of the noise


@pytest.mark.parametrize(
    ("name", "status"),
    [("NaN beyond a distance", Status.FAIL), ("raises beyond a distance", Status.ERROR)],
)
def test_slight_faults_are_found(measured, subject_at, water, name, status):
    fault = get_fault(name)
    potential = fault.plant(healthy("pair", molecule=water, seed=0), fault.slight)
    assert measured(subject_at(potential, water)).status is status


@pytest.mark.parametrize(("name", "seed"), [("water", 0), ("ethanol", 1), ("ethanol", 2)])
def test_jumps_at_the_limits_are_found_wherever_they_lie(with_pairs, subject_at, name, seed):
    molecule = load_system(name)
    rng = np.random.default_rng(seed)
    elements = rng.choice(np.unique(molecule.atomic_numbers), size=2)
    at = rng.uniform(3.4, 13.0)
    for radial in (step(1e-3, at=at), kink(0.05, at=at)):
        subject = subject_at(with_pairs(molecule, radial, elements=elements), molecule)
        jumps = CHECK.measure(subject).jumps
        judged = [jump for jump in jumps if jump.kind == "dimer"]
        sizes = [jump.energy_mev + jump.force_mev_per_angstrom / 50.0 for jump in judged]
        # The farthest pair to cross is alone there; others may share its force on one atom.
        assert min(sizes) == pytest.approx(1.0, rel=0.02)
        assert subject.evaluations < QUARTER_OF_NVE


@pytest.fixture
def with_stairs(with_pairs):
    """Round the total of a pair potential to float32, above an energy of each atom; add a term."""

    def make(molecule, radial, *, atom_ev):
        spoilt = with_pairs(molecule, radial)

        class Stairs(PairOracle):
            def surface(self, atomic_numbers, *, cell_angstrom=None):
                return in_float32(spoilt.surface(atomic_numbers), atom_ev * len(atomic_numbers))

        return Stairs(seed=0)

    return make


# Two molecules of water have six atoms: one ulp is 0.12, 1.95 and 3.9 meV.
@pytest.mark.parametrize(
    ("atom_ev", "stair_mev"), [(-300.0, 0.122), (-4000.0, 1.953), (-8000.0, 3.906)]
)
def test_stairs_are_no_jumps(measured, with_stairs, subject_at, water, atom_ev, stair_mev):
    subject = subject_at(with_stairs(water, step(0.0, at=5.0), atom_ev=atom_ev), water)
    result = measured(subject)
    assert (result.status, result.evidence["jumps"]) == (Status.PASS, [])
    assert result.evidence["energy_stairs_mev"] == pytest.approx(stair_mev, rel=0.01)
    assert ("rounding" in result.message) is (2.0 * stair_mev > 1.0)
    assert subject.evaluations < QUARTER_OF_NVE


@pytest.mark.parametrize(("atom_ev", "stair_ev"), [(-300.0, 2.0**-13), (-4000.0, 2.0**-9)])
def test_jumps_beyond_the_stairs_are_found_with_their_size(
    measured, with_stairs, subject_at, water, atom_ev, stair_ev
):
    height_ev = 1e-3 + 5.0 * stair_ev
    subject = subject_at(with_stairs(water, step(height_ev, at=4.321), atom_ev=atom_ev), water)
    result = measured(subject)
    assert result.status is Status.FAIL
    # Two bonds are at times crossed at once.
    sizes = np.array([jump["energy_mev"] for jump in result.evidence["jumps"]]) / 1e3
    assert sizes.min() == pytest.approx(height_ev, abs=1.01 * stair_ev)
    subject = subject_at(with_stairs(water, kink(0.2, at=4.9), atom_ev=atom_ev), water)
    result = measured(subject)
    assert (result.status, result.unit) == (Status.FAIL, "meV/Å")
    assert result.value == pytest.approx(200.0, rel=0.02)


def test_a_large_molecule_that_jumps_costs_no_more_than_a_quarter_of_a_run(with_pairs, subject_at):
    subject = subject_at(with_pairs(IBUPROFEN, step(0.002, at=5.0)), IBUPROFEN)
    assert CHECK.measure(subject).jumps[0].distance_angstrom == pytest.approx(5.0, abs=1e-5)
    assert subject.evaluations < QUARTER_OF_NVE


def test_forces_that_are_no_gradient_do_not_jump(subject_at, water):
    swirling = in_forces(lambda positions, forces, s: forces + s * np.roll(positions, 1, axis=2))
    potential = swirling(healthy("pair", molecule=water, seed=0), 0.5)
    assert CHECK.measure(subject_at(potential, water)).jumps == ()


def test_refused_points_are_counted_and_nothing_is_added_to_them(subject_at, water):
    """Two copies nearer than 2.5 Å are refused, and beyond 6 Å the energy is noise."""
    noise = np.random.default_rng(0)
    asked = []

    class Refusing(PlantedPotential):
        def evaluate(self, molecule, positions_angstrom, *, precision="mixed"):
            if molecule.n_atoms == 6:
                apart = positions_angstrom[:, :3, None] - positions_angstrom[:, None, 3:]
                nearest = np.linalg.norm(apart, axis=-1).min(axis=(1, 2))
                if (nearest < 2.5).any():
                    if len(nearest) == 1:
                        asked.append(nearest[0])
                    raise EvaluationRefusedError("the SCF does not converge")
            found = super().evaluate(molecule, positions_angstrom, precision=precision)
            found.energies_ev[:] += noise.normal(scale=1e-3, size=len(positions_angstrom))
            return found

    potential = Refusing(healthy("pair", molecule=water, seed=0), 1.0)
    subject = subject_at(potential, water)
    record = CHECK.measure(subject)
    judged = np.isin(record.scan, [k for k, kind in enumerate(record.kinds) if kind == "dimer"])
    assert record.refused[judged].sum() == len(asked)
    assert np.diff(sorted(asked)).max() < 0.06
    for k in np.unique(record.scan[record.refused]):
        refused = record.coordinate[(record.scan == k) & record.refused]
        assert np.diff(refused).min() > 0.04
    assert subject.evaluations < QUARTER_OF_NVE


def test_fixed_atoms_breathe_and_are_pulled_out(fixed_composition, subject_at, water, argon):
    record = CHECK.measure(subject_at(fixed_composition(water), water))
    assert record.kinds == ("breathing", "atom drawn apart", "atom drawn apart")
    factors = record.coordinate[record.scan == 0]
    assert (factors[0], factors[-1]) == pytest.approx((0.7, 3.0), abs=0.06)
    assert record.jumps == ()
    found = CHECK.measure(subject_at(fixed_composition(argon), argon))
    assert isinstance(found, NotApplicable)


@pytest.mark.parametrize("radial", [step(1.1e-3, at=2.6), kink(0.055, at=4.9)])
def test_fixed_atoms_that_jump_fail(measured, with_pairs, subject_at, radial):
    ethanol = load_system("ethanol")
    potential = with_pairs(ethanol, radial)
    potential.composition_is_free = False
    subject = subject_at(potential, ethanol)
    assert measured(subject).status is Status.FAIL
    assert subject.evaluations < QUARTER_OF_NVE


@pytest.mark.parametrize(("is_smooth", "size"), [("true", 0.0), ("false", 189.0)])
def test_a_force_cut_off_in_a_box_is_found(subject_at, argon_box, is_smooth, size):
    """ASE's Lennard-Jones force ends at its cutoff unless it is asked to be smooth."""
    options = f"sigma=3.4&epsilon=0.5&rc=5.0&smooth={is_smooth}"
    potential = load_potential(f"ase:ase.calculators.lj:LennardJones?{options}")
    jumps = CHECK.measure(subject_at(potential, argon_box, probes={"dimer_directions": 1})).jumps
    largest = max((jump.force_mev_per_angstrom for jump in jumps), default=0.0)
    assert largest == pytest.approx(size, rel=0.02)


def record_of(jumps=(), *, spoil=None, refused=0, kinds=("dimer", "pair"), noise_ev=1e-7):
    """Return two scans of 100 points that decay smoothly."""
    coordinate = np.tile(np.linspace(3.0, 15.0, 100), 2)
    columns = {"energies_ev": np.exp(-coordinate), "force_norm": np.exp(-coordinate)}
    if spoil:
        columns[spoil][40:60] = np.nan
    return Record(
        names=("two copies, direction 1", "O–H"),
        kinds=kinds,
        scan=np.repeat([0, 1], 100),
        coordinate=coordinate,
        refused=np.tile(np.arange(100) < refused, 2),
        jumps=tuple(jumps),
        energy_noise_ev=noise_ev,
        force_noise_ev_per_angstrom=1e-7,
        **columns,
    )


def jump(energy_mev, force, *, kind="dimer", pair=""):
    scan = "O–H" if kind == "pair" else "two copies, direction 1"
    return Jump(scan, kind, 6.5, energy_mev, force, 5.0 if pair else None, pair)


@pytest.mark.parametrize(
    ("record", "status", "value"),
    [
        (record_of([jump(0.9, 40.0, pair="O–H")]), Status.PASS, 0.9),
        (record_of([jump(250.0, 10.0, pair="O–O"), jump(2.0, 0.0)]), Status.FAIL, 250.0),
        (record_of([jump(0.0, 200.0)]), Status.FAIL, 200.0),
        (record_of([jump(180.0, 0.0, kind="pair", pair="O–H")]), Status.PASS, 0.0),
        (record_of(spoil="energies_ev"), Status.FAIL, None),
        (record_of(spoil="force_norm"), Status.FAIL, None),
        (record_of(refused=20), Status.PASS, 0.0),
        (record_of(refused=21), Status.INCONCLUSIVE, None),
        (record_of(kinds=("pair", "pair")), Status.INCONCLUSIVE, None),
        # Noise of 1 meV makes energies of two evaluations differ by 8.5 meV at times.
        (record_of([jump(8.0, 0.0)], noise_ev=1e-3), Status.INCONCLUSIVE, None),
        (record_of([jump(9.0, 0.0)], noise_ev=1e-3), Status.FAIL, 9.0),
        (record_of([jump(8.0, 60.0)], noise_ev=1e-3), Status.FAIL, 60.0),
        (record_of([jump(8.0, 0.0)], noise_ev=np.nan), Status.FAIL, 8.0),
    ],
)
def test_what_decides(decides, record, status, value):
    decides(record, status, value)


def test_evidence_names_the_pairs(judge):
    pair = jump(180.0, 0.0, kind="pair", pair="O–H")
    evidence = judge(record_of([pair, jump(2.0, 0.0)])).evidence
    assert evidence["energy_jump_mev_by_pair_alone"] == {"O–H": 180.0}
    assert [one["energy_mev"] for one in evidence["jumps"]] == [180.0, 2.0]
    assert evidence["detection_limit"]["energy_mev"] < 1e-2
