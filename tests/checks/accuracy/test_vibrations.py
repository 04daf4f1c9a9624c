import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.accuracy.vibrations import harmonic_modes, internal_directions, vibrations
from openmm_mlff.config import Threshold
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.observations import Observations, ProbeObservations
from openmm_mlff.records import Status

LIMITS = {
    "mae": Threshold(value=50.0, unit="cm⁻¹", source="test"),
    "imaginary": Threshold(value=30.0, unit="cm⁻¹", source="test"),
}
PER_CM = 521.4709  # of 1 amu on a spring of 1 eV/Å²: √(k/m)/2πc


def springs(positions, *, constants):
    """Give the force Jacobian of springs at rest: −k n nᵀ for each pair."""
    size = positions.size
    hessian = np.zeros((size, size))
    for (i, j), constant in constants.items():
        direction = positions[i] - positions[j]
        direction = direction / np.linalg.norm(direction)
        row = np.zeros(positions.shape)
        row[i], row[j] = direction, -direction
        hessian += constant * np.outer(row.ravel(), row.ravel())
    return -hessian


def water_jacobian(water, *, scale=1.0, bend=4.0):
    constants = {(0, 1): 50.0 * scale, (0, 2): 50.0 * scale, (1, 2): bend}
    return springs(water.positions_angstrom, constants=constants)


@pytest.fixture
def judge(water):
    def call(model, *, reference=None, system=water, minimum=None, model_refuses=False, **data):
        positions = system.positions_angstrom
        asked = {
            "reference": "ase:xtb",
            "reference_converged": True,
            "reason": "",
            "model_largest_force": 0.001,
            "model_refused": False,
            "largest_force_of_a_minimum": 0.01,
            "reference_largest_force": 0.0003,
            "requested": 18,
            "refused": 0,
            "refusals": [],
        }
        if reference is None:
            reference = water_jacobian(water)
        probes = {
            "hessian_symmetry": ProbeObservations(
                "hessian_symmetry",
                "done",
                data={"step_angstrom": 1e-3},
                arrays={
                    "jacobians": model[None],
                    "positions_angstrom": positions[None],
                    "refused": np.array([model_refuses]),
                },
            ),
            "vibrations": ProbeObservations(
                "vibrations",
                "done",
                data=asked | data,
                arrays={
                    "reference_jacobian": reference,
                    "reference_positions_angstrom": positions,
                    "masses_amu": system.masses_amu,
                },
            ),
        }
        if minimum is not None:
            probes["minimum"] = ProbeObservations("minimum", "done", data=minimum)
        return vibrations(Observations(system=system, probes=probes), LIMITS)

    return call


def test_a_diatomic_swings_at_the_root_of_k_over_mu():
    positions = np.array([[0.3, -0.2, 0.1], [0.9, 0.4, -0.7]])
    masses = np.array([12.011, 15.999])
    modes = harmonic_modes(
        springs(positions, constants={(0, 1): 116.0}),
        masses_amu=masses,
        positions_angstrom=positions,
    )
    reduced = masses.prod() / masses.sum()
    # Carbon monoxide: k = 1860 N/m = 116 eV/Å², 2143 cm⁻¹.
    assert modes.wavenumbers_per_cm == pytest.approx([PER_CM * (116.0 / reduced) ** 0.5], rel=1e-5)
    assert modes.wavenumbers_per_cm[0] == pytest.approx(2143.0, abs=5.0)
    assert modes.errors_per_cm == pytest.approx([0.0], abs=1e-6)


def test_a_linear_triatomic_has_the_stretches_of_the_textbook():
    # CO2 as two springs: ν_s = √(k/m_O), ν_a = √(k/m_O (1 + 2 m_O/m_C)); bends cost nothing.
    positions = np.array([[0.0, 0, -1.16], [0, 0, 0], [0, 0, 1.16]])
    masses = np.array([15.999, 12.011, 15.999])
    jacobian = springs(positions, constants={(0, 1): 100.0, (1, 2): 100.0})
    modes = harmonic_modes(jacobian, masses_amu=masses, positions_angstrom=positions)
    symmetric = PER_CM * (100.0 / masses[0]) ** 0.5
    expected = [0.0, 0.0, symmetric, symmetric * (1 + 2 * masses[0] / masses[1]) ** 0.5]
    np.testing.assert_allclose(modes.wavenumbers_per_cm, expected, rtol=1e-5, atol=1e-3)


def test_a_symmetric_bent_triatomic_has_wilsons_antisymmetric_stretch(water):
    # ν_a = √(k (1/m_H + (1 − cos θ)/m_O)) without coupling (Wilson, Decius & Cross, 1955).
    modes = harmonic_modes(
        water_jacobian(water, bend=0.0),
        masses_amu=water.masses_amu,
        positions_angstrom=water.positions_angstrom,
    )
    oxygen, *hydrogens = water.positions_angstrom
    arms = [h - oxygen for h in hydrogens]
    cosine = arms[0] @ arms[1] / np.linalg.norm(arms[0]) / np.linalg.norm(arms[1])
    m_o, m_h, _ = water.masses_amu
    expected = [PER_CM * (50.0 * (1 / m_h + (1 + sign * cosine) / m_o)) ** 0.5 for sign in (1, -1)]
    np.testing.assert_allclose(modes.wavenumbers_per_cm[1:], sorted(expected), rtol=1e-4)
    assert modes.wavenumbers_per_cm[0] == pytest.approx(0.0, abs=0.1)


def test_neither_place_nor_turn_changes_a_frequency(water):
    turn = Rotation.from_rotvec([0.4, 1.1, -0.3]).as_matrix()
    here = harmonic_modes(
        water_jacobian(water),
        masses_amu=water.masses_amu,
        positions_angstrom=water.positions_angstrom,
    )
    moved = water.positions_angstrom @ turn.T + [3.0, -50.0, 8.0]
    constants = {(0, 1): 50.0, (0, 2): 50.0, (1, 2): 4.0}
    there = harmonic_modes(
        springs(moved, constants=constants), masses_amu=water.masses_amu, positions_angstrom=moved
    )
    np.testing.assert_allclose(there.wavenumbers_per_cm, here.wavenumbers_per_cm, rtol=1e-9)


@pytest.mark.parametrize(("name", "modes"), [("water", 3), ("methane", 9), ("alanine", 33)])
def test_there_are_as_many_internal_directions_as_there_should_be(name, modes):
    system = load_system(name)
    kept = internal_directions(system.masses_amu, positions_angstrom=system.positions_angstrom)
    assert kept.shape == (3 * system.n_atoms, modes)
    root = np.sqrt(system.masses_amu)[:, None]
    for axis in np.eye(3):
        rotation = root * np.cross(axis, system.positions_angstrom)
        translation = root * np.broadcast_to(axis, rotation.shape)
        np.testing.assert_allclose(kept.T @ rotation.ravel(), 0.0, atol=1e-10)
        np.testing.assert_allclose(kept.T @ translation.ravel(), 0.0, atol=1e-10)


def test_the_error_from_noise_is_the_error_there_is(water):
    clean = water_jacobian(water)
    rng = np.random.default_rng(5)
    noise = 0.05
    found = [
        harmonic_modes(
            clean + noise * rng.normal(size=clean.shape),
            masses_amu=water.masses_amu,
            positions_angstrom=water.positions_angstrom,
        )
        for _ in range(400)
    ]
    scatter = np.std([modes.wavenumbers_per_cm for modes in found], axis=0)
    stated = np.mean([modes.errors_per_cm for modes in found], axis=0)
    np.testing.assert_allclose(stated, scatter, rtol=0.15)


def test_equal_springs_pass(judge, water):
    result = judge(water_jacobian(water))
    assert result.status is Status.PASS
    assert result.value == pytest.approx(0.0, abs=1e-6)
    assert len(result.evidence["model_wavenumbers_per_cm"]) == 3


@pytest.mark.parametrize(("scale", "status"), [(1.02, Status.PASS), (1.2, Status.FAIL)])
def test_springs_too_stiff_are_found(judge, water, scale, status):
    result = judge(water_jacobian(water, scale=scale, bend=4.0 * scale))
    assert result.status is status
    # All springs stiffer by one factor: all frequencies higher by its root.
    expected = (scale**0.5 - 1.0) * np.mean(result.evidence["reference_wavenumbers_per_cm"])
    assert result.value == pytest.approx(expected, rel=1e-6)


def test_a_spurious_imaginary_mode_fails_and_is_named(judge, water):
    # The bend turned over, softly: the frequencies alone would still be near enough.
    reference = water_jacobian(water, bend=0.005)
    result = judge(water_jacobian(water, bend=-0.005), reference=reference)
    assert result.status is Status.FAIL
    assert "imaginary mode at its own minimum" in result.message
    assert result.evidence["model_imaginary_modes"] == 1
    lowest = result.evidence["model_wavenumbers_per_cm"][0]
    assert result.value == pytest.approx(-lowest)
    assert lowest < -30.0


def test_a_reference_on_a_saddle_point_decides_nothing(judge, water):
    result = judge(water_jacobian(water), reference=water_jacobian(water, bend=-1.0))
    assert result.status is Status.INCONCLUSIVE
    assert "saddle point" in result.message


def test_noise_that_could_turn_the_answer_decides_nothing(judge, water):
    noisy = water_jacobian(water, scale=1.04, bend=4.16)
    noisy = noisy + np.random.default_rng(1).normal(scale=2.0, size=noisy.shape)
    result = judge(noisy)
    assert result.status is Status.INCONCLUSIVE
    assert "known to ±" in result.message


def test_without_a_minimum_of_the_potential_nothing_is_decided(judge, water):
    found = [
        judge(water_jacobian(water), model_largest_force=0.3),
        judge(
            water_jacobian(water), minimum={"model_converged": False, "model_largest_force": 0.3}
        ),
    ]
    for result in found:
        assert result.status is Status.INCONCLUSIVE
        assert "minimisation of the potential ended at a force of 0.3 eV/Å" in result.message
    assert judge(water_jacobian(water), minimum={"model_converged": True}).status is Status.PASS


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"reference_converged": False, "reason": "SCF not converged"}, "SCF not converged"),
        ({"refused": 2, "refusals": ["coordinate 3: no SCF"]}, "coordinate 3: no SCF"),
        ({"model_refused": True}, "the potential refused"),
    ],
)
def test_what_was_refused_decides_nothing(judge, water, data, words):
    result = judge(water_jacobian(water), **data)
    assert result.status is Status.INCONCLUSIVE
    assert words in result.message


def test_points_that_the_potential_refused_decide_nothing(judge, water):
    jacobian = np.full((9, 9), np.nan)
    assert judge(jacobian, model_refuses=True).status is Status.INCONCLUSIVE


def test_forces_that_are_not_numbers_fail(judge, water):
    jacobian = water_jacobian(water)
    jacobian[2, 3] = np.nan
    assert judge(jacobian).status is Status.FAIL
    assert judge(np.full((9, 9), np.nan), model_largest_force=np.nan).status is Status.FAIL


def test_a_reference_without_numbers_decides_nothing(judge, water):
    result = judge(water_jacobian(water), reference=np.full((9, 9), np.nan))
    assert result.status is Status.INCONCLUSIVE


def test_a_bent_molecule_that_the_reference_has_straight_fails(water):
    positions = np.array([[0.0, 0, -1.16], [0, 0, 0], [0, 0, 1.16]])
    system = MolecularSystem("CO2", np.array([8, 6, 8]), positions)
    bent = positions.copy()
    bent[1, 0] = 0.4
    constants = {(0, 1): 100.0, (1, 2): 100.0, (0, 2): 10.0}
    probes = {
        "hessian_symmetry": ProbeObservations(
            "hessian_symmetry",
            "done",
            arrays={
                "jacobians": springs(bent, constants=constants)[None],
                "positions_angstrom": bent[None],
            },
        ),
        "vibrations": ProbeObservations(
            "vibrations",
            "done",
            data={
                "reference": "ase:xtb",
                "reference_converged": True,
                "model_largest_force": 0.0,
                "model_refused": False,
                "largest_force_of_a_minimum": 0.01,
                "reference_largest_force": 0.0,
                "refused": 0,
            },
            arrays={
                "reference_jacobian": springs(positions, constants=constants),
                "reference_positions_angstrom": positions,
                "masses_amu": system.masses_amu,
            },
        ),
    }
    result = vibrations(Observations(system=system, probes=probes), LIMITS)
    assert result.status is Status.FAIL
    assert "is not linear, and that of ase:xtb is" in result.message


def test_without_its_own_probe_it_never_passes(probe_refusals, water):
    found = probe_refusals(vibrations, system=water, name="hessian_symmetry", limits=LIMITS)
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]


@pytest.mark.parametrize(
    ("status", "expected"), [("skipped", Status.SKIPPED), ("error", Status.ERROR)]
)
def test_without_the_references_probe_it_never_passes(water, status, expected):
    probes = {
        "hessian_symmetry": ProbeObservations(
            "hessian_symmetry",
            "done",
            arrays={
                "jacobians": water_jacobian(water)[None],
                "positions_angstrom": water.positions_angstrom[None],
            },
        )
    }
    assert vibrations(Observations(water, probes=probes), LIMITS).status is Status.SKIPPED
    probes["vibrations"] = ProbeObservations("vibrations", status, reason="no reference")
    result = vibrations(Observations(water, probes=probes), LIMITS)
    assert result.status is expected
    assert "no reference" in result.message
