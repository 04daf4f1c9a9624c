import numpy as np
import pytest

from openmm_mlff.probes.surface.force_consistency import (
    LONGEST_PATH_ANGSTROM,
    probe_force_consistency,
)
from openmm_mlff.selftest.defects.planting import PlantedPotential


def test_differences_of_a_sound_potential_converge_to_its_forces(healthy, probed):
    arrays = probe_force_consistency(probed(healthy)).arrays
    error = arrays["differences"] + arrays["projected_forces"]
    rms = np.sqrt(np.mean(error**2, axis=(1, 2)))
    # The error of a central difference goes as the square of its step.
    ratios = rms[:-2] / rms[1:-1]
    steps = arrays["steps_angstrom"]
    np.testing.assert_allclose(ratios, (steps[:-2] / steps[1:-1]) ** 2, rtol=0.02)
    assert rms.min() < 1e-5


def test_work_along_a_path_is_the_energy_gained(healthy, probed):
    arrays = probe_force_consistency(probed(healthy)).arrays
    gained, done = arrays["work_energy_changes_ev"], arrays["work_integrals_ev"]
    assert np.abs(gained).max() > 1e-2
    np.testing.assert_allclose(gained + done, 0.0, atol=1e-8)
    assert np.abs(done - arrays["work_integrals_coarse_ev"]).max() < 1e-5


def test_scaled_forces_are_off_by_their_scale(healthy, probed):
    def scaled(surface, _numbers, strength):
        def faulty(positions):
            energies, forces = surface(positions)
            return energies, (1.0 + strength) * forces

        return faulty

    arrays = probe_force_consistency(
        probed(PlantedPotential(healthy, 0.1, everywhere=scaled))
    ).arrays
    sound = probe_force_consistency(probed(healthy)).arrays
    error = arrays["differences"][3] + arrays["projected_forces"]
    np.testing.assert_allclose(error, 0.1 * sound["projected_forces"], atol=1e-4)
    missing = arrays["work_energy_changes_ev"] + arrays["work_integrals_ev"]
    np.testing.assert_allclose(missing, 0.1 * sound["work_integrals_ev"], atol=1e-8)


def test_paths_are_short_enough_to_stay_in_the_molecule(healthy, probed):
    far = np.random.default_rng(1).normal(scale=2.0, size=(2, 3, 3))
    seen = []

    class Watching(PlantedPotential):
        def evaluate(self, molecule, positions_angstrom, *, precision="mixed"):
            seen.append(positions_angstrom)
            return super().evaluate(molecule, positions_angstrom, precision=precision)

    subject = probed(Watching(healthy, 1.0), trajectory=far)
    probe_force_consistency(subject)
    paths = seen[1].reshape(3, -1, 3, 3)
    moved = np.linalg.norm(paths - paths[:, :1], axis=-1).max()
    assert moved == pytest.approx(LONGEST_PATH_ANGSTROM)
