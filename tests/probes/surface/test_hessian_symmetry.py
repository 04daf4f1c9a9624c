import numpy as np

from openmm_mlff.probes.surface.hessian_symmetry import probe_hessian_symmetry


def test_the_jacobian_is_that_of_the_forces_and_symmetric(healthy, probed):
    subject = probed(healthy)
    outcome = probe_hessian_symmetry(subject)
    jacobians = outcome.arrays["jacobians"]
    assert jacobians.shape == (2, 9, 9)
    # What is left is the difference's own error, h² F‴/6.
    np.testing.assert_allclose(jacobians, jacobians.swapaxes(1, 2), atol=1e-3)
    # A step along one coordinate changes the forces by that column.
    displaced = subject.molecule.positions_angstrom.copy()
    displaced[1, 2] += 1e-4
    pair = np.stack([subject.molecule.positions_angstrom, displaced])
    forces = healthy.evaluate(subject.molecule, pair).forces_ev_per_angstrom
    column = (forces[1] - forces[0]).ravel() / 1e-4
    np.testing.assert_allclose(jacobians[0][:, 5], column, atol=0.05)


def test_a_curl_is_the_antisymmetric_part(with_term, healthy, probed):
    def swirl(positions):
        forces = np.zeros_like(positions)
        forces[..., 0], forces[..., 1] = -0.01 * positions[..., 1], 0.01 * positions[..., 0]
        return np.zeros(len(positions)), forces

    swirled = probe_hessian_symmetry(probed(with_term(swirl))).arrays["jacobians"]
    sound = probe_hessian_symmetry(probed(healthy)).arrays["jacobians"]
    block = np.array([[0.0, -0.01, 0.0], [0.01, 0.0, 0.0], [0.0, 0.0, 0.0]])
    expected = np.kron(np.eye(3), block)
    np.testing.assert_allclose(swirled - sound, np.stack([expected] * 2), atol=1e-6)
