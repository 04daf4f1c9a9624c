"""What each shipped protocol asks, how long it runs, and by which thresholds it judges."""

import pytest

from openmm_mlff.checks.registry import CHECKS, select
from openmm_mlff.config import list_protocols, load_protocol

PARITY = {check.id for check in CHECKS if check.group == "parity"}
# An ignored charge may be the one that was trained on: reported, and no reason to refuse.
STRUCTURE = {"uncertainty", "vibrational_density", "radial_distribution", "diffusion"}
SURFACE = {check.id for check in CHECKS if check.group == "surface"} - {"charge_response"}
# Of periodic boxes only.
IN_BOXES = {"npt_stability", "ensemble", "density", "equation_of_state"}
SURFACE -= IN_BOXES
QUICK = {
    *(*PARITY, *SURFACE, "stability", "energy_drift", "momentum_conservation", "memory_growth"),
    *("temperature", "force_accuracy", "energy_accuracy", "geometry_accuracy", "vibrations"),
    *("softening", "speed"),
}
STANDARD = QUICK | {
    *("timestep_convergence", "time_reversibility", "kinetic_distribution", "torsion_profile"),
    *("conformers", "bond_smoothness", "interaction_energy"),
}
REQUIRED = {"quick": QUICK, "standard": STANDARD, "extended": STANDARD | {"temperature_scan"}}
REPORTED = {
    "quick": {"charge_response", "drift_percent", "memory"},
    "standard": {
        "charge_response",
        "drift_percent",
        "slow_down",
        "hydration",
        "uncertainty",
        "memory",
    },
    "extended": {
        *("charge_response", "drift_percent", "slow_down", "hydration", "memory"),
        *STRUCTURE,
    },
}
STABLE = {
    **{"bond_shortest": 0.6, "bond_longest": 1.5, "contact": 0.6},
    **{"largest_force": 100.0, "temperature_factor": 10.0},
}
DRIFT = {"slope": 0.1, "ratio": 1.0}
PARITY_FORCES = {"forces_float32": 1e-4, "forces_float64": 1e-8, "energy": 0.1}
INVARIANCE = {"energy": 0.1, "forces": 1.0}
THRESHOLDS = {
    "export_parity": PARITY_FORCES,
    "openmm_parity": {**PARITY_FORCES, "forces_single_precision": 1e-3},
    "trajectory_parity": {"positions_float32": 1e-3, "positions_float64": 1e-4},
    "determinism": {
        **{"cpu_relative": 1e-6, "history_forces": 1e-5, "gpu_forces": 1e-3, "gpu_energy": 0.1}
    },
    "precision_noise": {"forces_rms": 5e-3},
    "interpolation_ends": {"energy": 0.1, "forces": 1e-3},
    "unit_scale": {"ratio": 2.0},
    "translation_invariance": INVARIANCE,
    "rotation_invariance": INVARIANCE,
    "reflection_invariance": {**INVARIANCE, "forces": 10.0},
    "permutation_invariance": INVARIANCE,
    "net_force_torque": {"force": 1.0, "torque": 1.0},
    "force_consistency": {"difference": 5.0, "work": 1.0},
    "hessian_symmetry": {"asymmetry": 0.002},
    "cutoff_continuity": {"energy": 1.0, "forces": 50.0},
    "short_range_repulsion": {"wall": 5.0},
    "size_extensivity": {"energy": 1.0, "forces": 1.0},
    "periodic_consistency": {"energy": 0.1, "forces": 1.0, "doubled": 0.1},
    "pressure_virial": {"pressure": 10.0, "relative": 1e-3, "compression": 0.1},
    "every_atom_counts": {"force": 0.1, "energy": 0.01, "exchange": 0.1},
    "charge_response": {"energy": 1.0},
    "equation_of_state": {"residual": 1.0, "volume": 1.0},
    "npt_stability": {
        **{"plateau": 5.0, "acceptance": 0.05, "energy": 0.1, "bonds": 1e-3, "hole": 1.0}
    },
    "ensemble": {"deviation": 3.0},
    "density": {"deviation": 2.0},
    "stability": STABLE,
    "energy_drift": DRIFT,
    "drift_percent": {"drift": 1.0},
    "momentum_conservation": {"change": 1e-3},
    "timestep_convergence": {"exponent_low": 1.6, "exponent_high": 2.4},
    "time_reversibility": {"distance": 1e-3},
    "temperature_scan": {"coldest": 100.0, "hottest": 500.0, **STABLE, **DRIFT},
    "kinetic_distribution": {"deviation": 3.0},
    "temperature": {"deviation": 3.0},
    "memory_growth": {"growth": 1.0},
    "slow_down": {"slowing": 1.1},
    "force_accuracy": {"rmse": 0.2, "mae": 0.15, "r2": 0.9, "median_angle": 15.0},
    "softening": {"deviation": 0.05},
    "energy_accuracy": {"mae": 10.0},
    "geometry_accuracy": {"rmsd": 0.1, "bond": 0.03},
    "vibrations": {"mae": 50.0, "imaginary": 30.0},
    "vibrational_density": {"distance": 0.25},
    "radial_distribution": {"difference": 0.1, "shortest": 2.0},
    "diffusion": {"deviation": 0.2, "expected": 0.0, "viscosity": 0.0, "shortest": 100.0},
    "torsion_profile": {"minimum": 1.0, "rms": 1.0, "barrier": 1.0},
    "conformers": {"mae": 0.5, "lowest": 0.5},
    "bond_smoothness": {"compression": 15.0, "stretch": 15.0},
    "interaction_energy": {"minimum": 1.0, "lowest": 0.5},
    "hydration": {"worst": 1.0},
    "uncertainty": {"spread": 0.2},
    "speed": {"gpu": 10.0, "cpu": 100.0},
}


@pytest.fixture(params=["quick", "standard", "extended"])
def protocol(request):
    return load_protocol(request.param)


def test_protocols_are_shipped_and_the_quick_ones_cannot_approve():
    approving = {name: load_protocol(name).may_approve for name in list_protocols()}
    assert approving == {
        **{"extended": True, "quick": False, "standard": True},
        **{"crystal": True, "crystal-quick": False, "liquid": True, "liquid-quick": False},
    }


@pytest.mark.parametrize("name", ["liquid", "crystal"])
def test_protocols_of_boxes_select_their_checks_and_have_a_quick_form(name):
    whole, quick = load_protocol(name), load_protocol(f"{name}-quick")
    selected = {check.id for check, required in select(whole) if required}
    assert IN_BOXES - selected == ({"equation_of_state"} if name == "liquid" else set())
    assert "torsion_profile" not in selected
    assert whole.box.found_by == {"liquid": "dynamics", "crystal": "energy"}[name]
    assert quick.required == whole.required
    assert quick.box.found_by == whole.box.found_by
    for length in ("production_ps", "ensemble_ps"):
        assert getattr(quick.box, length) <= 0.1 * getattr(whole.box, length)


def test_a_protocol_without_a_box_has_the_hash_it_had_before():
    assert "box" not in load_protocol("standard").model_dump(mode="json")
    assert "box" in load_protocol("liquid").model_dump(mode="json")


def test_each_selects_its_checks_which_have_their_thresholds(protocol):
    selected = select(protocol)
    assert {check.id for check, required in selected if required} == REQUIRED[protocol.name]
    assert {check.id for check, required in selected if not required} == REPORTED[protocol.name]
    for check, _ in selected:
        limits = protocol.limits_for(check.id)
        assert {name: limit.unit for name, limit in limits.items()} == dict(check.limits)
    assert (len(PARITY), len(SURFACE)) == (7, 13)
    if protocol.name == "extended":
        ids = {check.id for check in CHECKS} - {"second_reference"}  # on request only
        assert {check.id for check, _ in selected} == ids - IN_BOXES


def test_the_thresholds_are_the_same_everywhere_and_state_their_source(protocol):
    found = {
        check_id: {name: limit.value for name, limit in limits.items()}
        for check_id, limits in protocol.criteria.items()
    }
    # 2000 steps cannot distinguish a smaller growth from the allocator's own steps.
    growth = {"memory_growth": {"growth": 10.0}} if protocol.name == "quick" else {}
    assert found == THRESHOLDS | growth
    sources = [limit.source for limits in protocol.criteria.values() for limit in limits.values()]
    assert all(source.strip() for source in sources)


def test_durations_temperatures_and_timesteps():
    quick, standard, extended = (
        load_protocol(n).dynamics for n in ("quick", "standard", "extended")
    )
    assert (quick.equilibration_ps, quick.duration_ps, quick.longest_ps) == (0.25, 1.0, 1.0)
    assert (standard.equilibration_ps, standard.duration_ps) == (1.0, 10.0)
    assert standard.longest_ps == 20.0
    assert standard.temperatures_kelvin == quick.temperatures_kelvin == (300.0,)
    assert standard.timesteps_fs == (0.5,)
    assert (extended.duration_ps, extended.replicas) == (50.0, 3)
    assert extended.temperatures_kelvin == (100.0, 300.0, 500.0)
    assert extended.timesteps_fs == (0.5, 1.0, 2.0)


@pytest.mark.parametrize(
    "name",
    [
        *("geometries", "repeats", "parity_steps", "reference_frames", "thermal_frames"),
        *("rotations", "directions", "dimer_directions", "hessian_geometries"),
        *("sampling_ps", "ensemble_ps", "ensemble_runs"),
    ],
)
def test_quick_samples_less(name):
    quick, standard = load_protocol("quick").probes, load_protocol("standard").probes
    assert getattr(quick, name) < getattr(standard, name)
