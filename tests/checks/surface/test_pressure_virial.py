"""The pressure is that of the energy: of an analytic pair sum, of water, and not of faulty ones."""

import ase.build
import numpy as np
import pytest
from ase.calculators.lj import LennardJones

from openmm_mlff.checks.surface.pressure_virial import CHECK, RELAXED, Record
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import box
from openmm_mlff.selftest.faults.plant import in_forces
from openmm_mlff.selftest.oracles.pair import PairOracle
from openmm_mlff.units import EV_PER_BAR_ANGSTROM3


class StaleBox(PairOracle):
    """A pair potential that reads the box once in OpenMM."""

    first = None

    def deployed_surface(self, atomic_numbers, *, cell_angstrom=None):
        self.first = self.first or self.surface(atomic_numbers, cell_angstrom=cell_angstrom)
        return self.first


class WithoutStress(LennardJones):
    """Lennard-Jones that names a stress and has none."""

    def calculate(self, atoms=None, properties=None, system_changes=()):
        super().calculate(atoms, ["energy"], list(system_changes))
        self.results.pop("stress", None)


@pytest.fixture(scope="module")
def hydrogen_box() -> MolecularSystem:
    """Return eight hydrogen molecules, each turned another way."""
    grid = 4.0 * np.stack(np.unravel_index(np.arange(8), (2, 2, 2)), axis=1)
    axes = np.random.default_rng(0).normal(size=(8, 3))
    axes *= 0.5 * 1.6 / np.linalg.norm(axes, axis=1, keepdims=True)
    positions = np.stack([grid - axes, grid + axes], axis=1).reshape(-1, 3)
    return MolecularSystem(
        "hydrogen",
        np.ones(16, dtype=int),
        positions,
        bonds=tuple((2 * k, 2 * k + 1) for k in range(8)),
        cell_angstrom=8.0 * np.eye(3),
    )


def test_slopes_are_the_analytic_virial_of_a_pair_sum(subject_at, argon_box):
    subject = subject_at(PairOracle(seed=0), argon_box)
    record = CHECK.measure(subject)
    placed, cell = subject.geometries()[-1:], np.array(argon_box.cell_angstrom)
    surface = PairOracle(seed=0).surface(argon_box.atomic_numbers, cell_angstrom=cell)
    analytic = surface.virial(placed)[0]
    expected = analytic[[0, 1, 2, 1, 2, 2], [0, 1, 2, 0, 0, 1]]
    np.testing.assert_allclose(record.slopes_ev, expected, atol=1e-6)
    np.testing.assert_allclose(record.openmm_slopes_ev, expected, atol=1e-6)
    # Atoms are molecules of their own.
    assert record.openmm_molecular_slope_ev == pytest.approx(np.trace(analytic), abs=1e-6)


@pytest.mark.parametrize("calculator", [LennardJones, WithoutStress])
def test_a_sound_stress_passes_and_a_missing_one_is_named(
    measured, subject_at, argon_box, lennard_jones, calculator
):
    result = measured(subject_at(lennard_jones(calculator), argon_box))
    assert result.status is Status.PASS
    assert ("no stress" in result.message) is (calculator is WithoutStress)


@pytest.mark.parametrize(
    ("plant", "fixture", "worst"),
    [
        (box.VirialOfAtoms, "argon_box", "the virial"),
        (box.OverflowingList, "argon_box", "after compression"),
        (lambda healthy, _: StaleBox(seed=0), "argon_box", "straining the box in OpenMM"),
        (lambda healthy, _: box.VirialOfAtoms(healthy, 0.0), "argon_box", ""),
        (in_forces(lambda x, f, s: f), "hydrogen_box", ""),
        (in_forces(lambda x, f, s: (1 + s) * f), "hydrogen_box", "the pressure on whole molecules"),
    ],
)
def test_faults_of_boxes_fail_and_are_named(measured, subject_at, request, plant, fixture, worst):
    molecule = request.getfixturevalue(fixture)
    result = measured(subject_at(plant(PairOracle(seed=0), 1.0), molecule))
    assert result.status is (Status.FAIL if worst else Status.PASS)
    failed = [one["what"] for one in result.evidence["measures"] if not one["ok"]]
    assert not worst or any(what.startswith(worst) for what in failed)


def test_water_has_two_virials_and_both_belong_to_the_energy(measured, subject_at):
    water = load_system("water_box_64")
    potential = load_potential("openmm:tip3p.xml?cutoff_angstrom=5.5")
    result = measured(subject_at(potential, water, platform="CPU", precision="mixed"))
    assert result.status is Status.PASS
    # Bonds under tension count for the atoms and not for the molecules.
    pressures = [result.evidence[f"pressure_of_{what}_bar"] for what in ("atoms", "molecules")]
    assert abs(pressures[0] - pressures[1]) > 1000.0


def test_the_modulus_of_copper(measured, subject_at):
    copper = load_system(ase.build.bulk("Cu", cubic=True).repeat(2))
    result = measured(subject_at(load_potential("ase:ase.calculators.emt:EMT"), copper))
    assert result.status is Status.PASS
    # 134 GPa by effective-medium theory (Jacobsen et al., Surf. Sci. 366, 394, 1996).
    unrelaxed_gpa = result.evidence["modulus_bar"] / RELAXED / 1e4
    assert unrelaxed_gpa == pytest.approx(134.0, rel=0.1)


TO_BAR = 1.0 / EV_PER_BAR_ANGSTROM3 / 1000.0


@pytest.mark.parametrize(
    ("case", "status", "value"),
    [
        ({"virial_ev": 9.0}, Status.PASS, 9.0),
        ({"virial_ev": 12.0}, Status.FAIL, 12.0),
        ({"openmm_slopes_ev": 12.0}, Status.FAIL, 12.0),
        ({"openmm_molecular_slope_ev": 36.0}, Status.FAIL, 12.0),
        # A thousandth of 20,000 bar.
        ({"size": 2e4, "virial_ev": 18.0}, Status.PASS, 18.0),
        # A thousandth of the modulus of what relaxes, a fifth of what does not.
        ({"modulus": 2e4, "virial_ev": 18.0}, Status.PASS, 18.0),
        ({"modulus": 2e4, "virial_ev": 22.0}, Status.FAIL, 22.0),
        ({"noise": 100.0, "virial_ev": 12.0}, Status.INCONCLUSIVE, 12.0),
        ({"noise": 100.0, "virial_ev": 1e4}, Status.FAIL, 1e4),
        ({"compression": 2e-4}, Status.FAIL, 0.2),
        ({"virial_ev": np.nan}, Status.FAIL, np.nan),
        ({"refused": True}, Status.INCONCLUSIVE, None),
    ],
)
def test_differences_of_pressure_decide(decides, case, status, value):
    """Differences and the noise of a slope are in bar here."""
    size = np.full(6, case.get("size", 100.0))
    record = Record(
        n_atoms=10,
        volume_cubic_angstrom=1000.0,
        slopes_ev=size / TO_BAR,
        openmm_slopes_ev=(size + case.get("openmm_slopes_ev", 0.0)) / TO_BAR,
        virial_ev=(size + case.get("virial_ev", 0.0)) / TO_BAR,
        openmm_molecular_slope_ev=case.get("openmm_molecular_slope_ev", 0.0) / TO_BAR,
        molecular_virial_ev=0.0,
        molecular_stiffness_ev=45.0 * case.get("modulus", 0.0) / TO_BAR,
        compression_change_ev=case.get("compression", 0.0) * 10,
        refused=case.get("refused", False),
        refusals=("geometry 0: no SCF",),
        energy_noise_ev=case.get("noise", 0.0) / TO_BAR * 24e-3 / np.sqrt(130.0),
        force_noise_ev_per_angstrom=0.0,
    )
    decides(record, status, value)
