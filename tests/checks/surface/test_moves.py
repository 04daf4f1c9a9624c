"""What must not change when the system is moved: terms of a known size, and edge cases."""

import numpy as np
import pytest

from openmm_mlff.checks.registry import get_check
from openmm_mlff.checks.surface.moves import Changes
from openmm_mlff.checks.surface.translation_invariance import DISTANCES_ANGSTROM
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.plots import Band, Line
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pair import PairOracle
from openmm_mlff.storage.measurements import NotApplicable

INVARIANCES = [
    get_check(f"{name}_invariance")
    for name in ("translation", "reflection", "permutation", "rotation")
]
TRANSLATION, REFLECTION, PERMUTATION, ROTATION = INVARIANCES
ANGLES = np.arange(0.0, 361.0, 5.0)
NITROGEN = MolecularSystem("nitrogen", np.array([7, 7]), np.array([[0, 0, 0], [0, 0, 1.4]]))


def test_a_sound_potential_of_a_linear_molecule_passes_all(measured, subject_at):
    subject = subject_at(healthy("pair", molecule=NITROGEN, seed=0), NITROGEN)
    results = [measured(subject, check=check) for check in INVARIANCES]
    assert [result.status for result in results] == [Status.PASS] * 4
    assert max(result.value for result in results) < 1e-6


def test_a_field_does_work_on_a_molecule_that_is_shifted(with_term, subject_at, water):
    field = np.array([0.0, 0.0, 1e-3])

    def in_field(positions):
        return positions.sum(axis=1) @ field, np.broadcast_to(-field, positions.shape)

    record = TRANSLATION.measure(subject_at(with_term(in_field), water))
    changes = record.energy_changes_ev
    # Three atoms, each shifted by at most the distance along z.
    assert (np.abs(changes) <= 3.001e-3 * np.array(DISTANCES_ANGSTROM)[:, None]).all()
    assert np.ptp(changes, axis=1).max() < 1e-9
    assert np.abs(changes[1]).max() > 1e-3
    assert np.abs(record.force_changes).max() < 1e-8


def test_handedness_changes_sign_in_the_mirror_and_not_under_rotation(with_term, subject_at):
    def handed(positions):
        arms = positions[:, 1:4] - positions[:, :1]
        slopes = np.stack(
            [np.cross(arms[:, (k + 1) % 3], arms[:, (k + 2) % 3]) for k in range(3)], axis=1
        )
        forces = np.zeros_like(positions)
        forces[:, 1:4] = -1e-3 * slopes
        forces[:, 0] = 1e-3 * slopes.sum(axis=1)
        return 1e-3 * np.linalg.det(arms), forces

    subject = subject_at(with_term(handed), load_system("methane"))
    changes = REFLECTION.measure(subject).energy_changes_ev
    arms = subject.geometries()[:, 1:4] - subject.geometries()[:, :1]
    expected = np.broadcast_to(-2e-3 * np.linalg.det(arms), changes.shape)
    np.testing.assert_allclose(changes, expected, atol=1e-9)
    assert np.abs(ROTATION.measure(subject).energy_changes_ev).max() < 1e-9


def test_a_bowl_along_x_shows_about_z_and_not_about_x(with_term, subject_at, water):
    weights = np.array([1e-3, 0.0, 0.0])

    def bowl(positions):
        centred = positions - positions.mean(axis=1, keepdims=True)
        return (weights * centred**2).sum(axis=(1, 2)), -2.0 * weights * centred

    record = ROTATION.measure(subject_at(with_term(bowl), water))
    centred = water.positions_angstrom - water.positions_angstrom.mean(axis=0)
    about_x, _, about_z = record.scan_energy_changes_ev
    # 90 degrees about z put y where x was.
    expected = 1e-3 * (np.sum(centred[:, 1] ** 2) - np.sum(centred[:, 0] ** 2))
    assert about_z[record.scan_angles_degrees == 90.0][0] == pytest.approx(expected, abs=1e-9)
    assert np.abs(about_x).max() < 1e-9
    assert np.abs(record.energy_changes_ev).max() > 1e-5


def test_like_atoms_that_are_told_apart_are_seen(with_term, subject_at, water):
    weights = 1e-3 * np.arange(3)[:, None]

    def told_apart(positions):
        centred = positions - positions.mean(axis=1, keepdims=True)
        forces = -2.0 * weights * centred
        return (weights * centred**2).sum(axis=(1, 2)), forces - forces.mean(axis=1, keepdims=True)

    subject = subject_at(with_term(told_apart), water)
    changes = PERMUTATION.measure(subject).energy_changes_ev
    centred = subject.geometries() - subject.geometries().mean(axis=1, keepdims=True)
    squares = np.sum(centred**2, axis=2)
    # The only other order of water exchanges its hydrogens, 1 and 2.
    expected = np.broadcast_to(1e-3 * (squares[:, 1] - squares[:, 2]), changes.shape)
    np.testing.assert_allclose(changes, expected, atol=1e-9)


def test_without_like_atoms_and_in_force_fields_none_are_exchanged(subject_at, water):
    hydroxide = MolecularSystem("OH-", np.array([8, 1]), np.array([[0, 0, 0], [0, 0, 0.97]]), -1)
    for molecule, has_force_field in ((hydroxide, False), (water, True)):
        potential = healthy("pair", molecule=molecule, seed=0)
        potential.has_force_field = has_force_field
        found = PERMUTATION.measure(subject_at(potential, molecule))
        assert isinstance(found, NotApplicable)


def test_a_box_is_rotated_with_its_atoms_where_that_is_possible(
    measured, subject_at, argon_box, lennard_jones
):
    potential = lennard_jones()
    subject = subject_at(potential, argon_box)
    result = measured(subject, check=ROTATION)
    assert result.status is Status.PASS
    assert result.value < 1e-6
    potential.box_is_free = False
    assert measured(subject, check=REFLECTION).status is Status.NOT_APPLICABLE


class Refusing(PairOracle):
    """Refuses geometries with an atom far from the origin."""

    def evaluate(self, molecule, positions_angstrom, *, precision="mixed"):
        if np.abs(positions_angstrom[:, 0]).max() > 40.0:
            raise EvaluationRefusedError("the SCF does not converge")
        return super().evaluate(molecule, positions_angstrom, precision=precision)


def test_refused_geometries_are_marked_and_the_others_kept(subject_at, water):
    record = TRANSLATION.measure(subject_at(Refusing(seed=0), water))
    assert record.refused.tolist() == [[False] * 3, [True] * 3, [True] * 3]
    assert (np.isfinite(record.energy_changes_ev) == ~record.refused).all()
    assert "SCF" in record.refusals[0]


@pytest.mark.parametrize("check", INVARIANCES, ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("energy_ev", "force", "refused", "status", "value", "unit"),
    [
        (2e-4, 9e-4, 0, Status.PASS, 0.9, "meV/Å"),
        (-4e-4, 0.0, 0, Status.FAIL, 0.4 / 3, "meV/atom"),
        (0.0, 2e-3, 0, Status.FAIL, 2.0, "meV/Å"),
        (np.nan, 0.0, 0, Status.FAIL, np.nan, "meV/atom"),
        (0.0, np.inf, 0, Status.FAIL, np.nan, "meV/Å"),
        (0.0, 0.0, 4, Status.PASS, 0.0, "meV/atom"),
        (0.0, 0.0, 20, Status.INCONCLUSIVE, None, None),
    ],
)
def test_the_largest_change_decides(
    decides, without_noise, check, energy_ev, force, refused, status, value, unit
):
    """Forces are ten times as large for mirror images, and so is their limit."""
    allowed = 10.0 if check.id == "reflection_invariance" else 1.0
    energies, forces = np.zeros((5, 4)), np.zeros((5, 4, 3, 3))
    energies[1, 0], forces[1, 0, 1, 2] = energy_ev, allowed * force
    # A thousand ångström, the third distance, are reported and decide nothing.
    energies[2, 0] = 1.0 if check is TRANSLATION else 0.0
    mask = np.zeros(energies.shape, dtype=bool)
    mask.flat[20 - refused :] = True
    energies[mask], forces[mask] = np.nan, np.nan
    extra = {"scan_angles_degrees": [0.0], "scan_energy_changes_ev": [[0.0]] * 3}
    record = check.record(
        energy_changes_ev=energies,
        force_changes=forces,
        refused=mask,
        **without_noise,
        **({} if check.record is Changes else extra),
    )
    value = value * allowed if unit == "meV/Å" else value
    judgement = decides(record, status, value, check=check)
    assert judgement.unit == unit
    if status is not Status.INCONCLUSIVE:
        limit = judgement.evidence["detection_limit"]
        assert limit["energy_mev_per_atom"] == pytest.approx(3 * 2**0.5 * 1e-4 / 3)
        assert limit["forces_mev_per_angstrom"] == pytest.approx(3 * 2**0.5 * 1e-4)


def test_rotation_is_drawn_per_atom_with_the_allowed_band(drawn, marks_of, without_noise):
    def panels_of(changes_ev):
        record = ROTATION.record(
            energy_changes_ev=np.zeros((1, 1)),
            force_changes=np.zeros((1, 1, 3, 3)),
            refused=np.zeros((1, 1), dtype=bool),
            scan_angles_degrees=ANGLES,
            scan_energy_changes_ev=changes_ev,
            **without_noise,
        )
        return drawn(record, check=ROTATION)

    wave = 1.0 - np.cos(np.radians(ANGLES))
    (panel,) = panels_of(np.outer([0.0, 0.015, 0.03], wave))
    # 2 × 0.015 eV over three atoms are 10 meV an atom.
    assert [line.y.max() for line in marks_of(panel, Line)] == pytest.approx([0.0, 10.0, 20.0])
    (band,) = marks_of(panel, Band)
    assert (band.low, band.high) == (-0.1, 0.1)
    # The noise of an invariant potential looks small.
    (panel,) = panels_of(np.outer([1e-9] * 3, wave))
    assert panel.y.range[0] < -0.1 < 0.1 < panel.y.range[1]
    assert len(panels_of(np.outer([0.1] * 3, np.where(ANGLES == 35.0, np.nan, wave)))) == 1
    assert not panels_of(np.full((3, len(ANGLES)), np.nan))
