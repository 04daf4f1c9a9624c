import pytest

from openmm_mlff.checks.registry import CHECKS, get_check, select
from openmm_mlff.config import list_protocols, load_protocol
from openmm_mlff.errors import ConfigError

PARITY = {check.id for check in CHECKS if check.group == "parity"}
# An ignored charge may be the one that was trained on: reported, and no reason to refuse.
SURFACE = {check.id for check in CHECKS if check.group == "surface"} - {"charge_response"}
REQUIRED_BY_QUICK = {
    *PARITY,
    *SURFACE,
    "stability",
    "energy_drift",
    "momentum_conservation",
    "memory_growth",
    "temperature",
    "force_accuracy",
    "energy_accuracy",
    "geometry_accuracy",
    "vibrations",
    "speed",
}
REQUIRED_BY_STANDARD = REQUIRED_BY_QUICK | {
    "timestep_convergence",
    "time_reversibility",
    "kinetic_distribution",
    "torsion_profile",
}
REQUIRED = {
    "quick": REQUIRED_BY_QUICK,
    "standard": REQUIRED_BY_STANDARD,
    "extended": REQUIRED_BY_STANDARD | {"temperature_scan"},
}
REPORTED = {
    "quick": {"charge_response", "drift_percent", "memory"},
    "standard": {"charge_response", "drift_percent", "slow_down", "memory"},
    "extended": {"charge_response", "drift_percent", "slow_down", "memory", "distribution"},
}


@pytest.fixture(params=["quick", "standard", "extended"])
def protocol(request):
    return load_protocol(request.param)


def test_the_package_brings_three():
    assert list_protocols() == ["extended", "quick", "standard"]


def test_every_check_is_known_and_has_its_thresholds(protocol):
    selected = select(protocol)
    assert {check.id for check, required in selected if required} == REQUIRED[protocol.name]
    assert {check.id for check, required in selected if not required} == REPORTED[protocol.name]
    for check, _ in selected:
        limits = protocol.limits_for(check.id)
        assert {name: limit.unit for name, limit in limits.items()} == dict(check.limits)


def test_every_protocol_asks_everything_about_parity_and_the_surface():
    assert len(PARITY) == 7
    assert len(SURFACE) == 12


def test_extended_leaves_no_check_out():
    selected = {check.id for check, _ in select(load_protocol("extended"))}
    assert selected == {check.id for check in CHECKS}


def test_every_threshold_has_a_value_above_zero_and_a_source(protocol):
    for check_id, criteria in protocol.criteria.items():
        assert get_check(check_id)
        for limit in criteria.values():
            assert limit.value > 0.0
            assert limit.source.strip()


def test_only_quick_may_not_approve(protocol):
    assert protocol.may_approve is (protocol.name != "quick")
    assert protocol.description


def test_thresholds_are_the_same_everywhere(protocol):
    # A protocol may look for longer; what is acceptable does not change with it.
    standard = dict(load_protocol("standard").criteria)
    if protocol.name == "quick":
        # 2000 steps cannot tell a smaller growth from the allocator's own steps.
        assert protocol.limits_for("memory_growth")["growth"].value == 10.0
        standard["memory_growth"] = protocol.limits_for("memory_growth")
    assert protocol.criteria == standard


@pytest.mark.parametrize(
    ("check_id", "name", "value"),
    [
        ("export_parity", "forces_float32", 1e-4),
        ("export_parity", "forces_float64", 1e-8),
        ("export_parity", "energy", 0.1),
        ("openmm_parity", "forces_single_precision", 1e-3),
        ("trajectory_parity", "positions_float64", 1e-4),
        ("trajectory_parity", "positions_float32", 1e-3),
        ("determinism", "cpu_relative", 1e-6),
        ("determinism", "gpu_forces", 1e-3),
        ("precision_noise", "forces_rms", 5e-3),
        ("unit_scale", "ratio", 2.0),
        ("translation_invariance", "energy", 0.1),
        ("translation_invariance", "forces", 1.0),
        ("rotation_invariance", "energy", 0.1),
        ("rotation_invariance", "forces", 1.0),
        ("reflection_invariance", "energy", 0.1),
        ("reflection_invariance", "forces", 1.0),
        ("permutation_invariance", "energy", 0.1),
        ("permutation_invariance", "forces", 1.0),
        ("net_force_torque", "force", 1.0),
        ("net_force_torque", "torque", 1.0),
        ("force_consistency", "difference", 5.0),
        ("force_consistency", "work", 1.0),
        ("hessian_symmetry", "asymmetry", 0.002),
        ("cutoff_continuity", "energy", 1.0),
        ("cutoff_continuity", "forces", 50.0),
        ("short_range_repulsion", "wall", 5.0),
        ("size_extensivity", "energy", 1.0),
        ("size_extensivity", "forces", 1.0),
        ("periodic_consistency", "energy", 0.1),
        ("periodic_consistency", "forces", 1.0),
        ("periodic_consistency", "doubled", 0.1),
        ("every_atom_counts", "force", 0.1),
        ("every_atom_counts", "energy", 0.01),
        ("every_atom_counts", "exchange", 0.1),
        ("stability", "bond_shortest", 0.6),
        ("stability", "bond_longest", 1.5),
        ("stability", "contact", 0.6),
        ("stability", "largest_force", 100.0),
        ("stability", "temperature_factor", 10.0),
        ("energy_drift", "slope", 0.1),
        ("energy_drift", "ratio", 1.0),
        ("determinism", "history_forces", 1e-5),
        ("determinism", "gpu_energy", 0.1),
        ("drift_percent", "drift", 1.0),
        ("momentum_conservation", "change", 1e-3),
        ("timestep_convergence", "exponent_low", 1.6),
        ("timestep_convergence", "exponent_high", 2.4),
        ("time_reversibility", "distance", 1e-3),
        ("temperature_scan", "coldest", 100.0),
        ("temperature_scan", "hottest", 500.0),
        ("kinetic_distribution", "deviation", 3.0),
        ("temperature", "deviation", 3.0),
        ("memory_growth", "growth", 1.0),
        ("slow_down", "slowing", 1.1),
        ("force_accuracy", "rmse", 0.2),
        ("force_accuracy", "mae", 0.15),
        ("force_accuracy", "r2", 0.9),
        ("force_accuracy", "median_angle", 15.0),
        ("energy_accuracy", "mae", 10.0),
        ("geometry_accuracy", "rmsd", 0.1),
        ("geometry_accuracy", "bond", 0.03),
        ("vibrations", "mae", 50.0),
        ("vibrations", "imaginary", 30.0),
        ("torsion_profile", "minimum", 1.0),
        ("torsion_profile", "barrier", 1.0),
        ("torsion_profile", "rms", 1.0),
        ("speed", "gpu", 10.0),
        ("speed", "cpu", 100.0),
    ],
)
def test_the_standard_thresholds(check_id, name, value):
    assert load_protocol("standard").criteria[check_id][name].value == value


def test_how_long_and_how_hot_each_runs():
    quick, standard, extended = (
        load_protocol(n).dynamics for n in ("quick", "standard", "extended")
    )
    assert (quick.equilibration_ps, quick.duration_ps, quick.longest_ps) == (0.25, 1.0, 1.0)
    assert (standard.equilibration_ps, standard.duration_ps) == (1.0, 10.0)
    assert standard.longest_ps == 20.0
    assert standard.temperatures_kelvin == quick.temperatures_kelvin == (300.0,)
    assert standard.timesteps_fs == (0.5,)
    assert extended.duration_ps == 50.0
    assert extended.temperatures_kelvin == (100.0, 300.0, 500.0)
    assert extended.timesteps_fs == (0.5, 1.0, 2.0)
    assert extended.replicas == 3


def test_quick_samples_less():
    quick, standard = load_protocol("quick").probes, load_protocol("standard").probes
    names = (
        "geometries",
        "repeats",
        "parity_steps",
        "reference_frames",
        "thermal_frames",
        "rotations",
        "directions",
        "dimer_directions",
        "hessian_geometries",
        "sampling_ps",
        "ensemble_ps",
        "ensemble_runs",
    )
    for name in names:
        assert getattr(quick, name) < getattr(standard, name)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("[dynamics]\nreplica = 3", "did you mean 'replicas'"),
        ("[probes]\ngeometrie = 3", "did you mean 'geometries'"),
        ("may_aprove = true", "did you mean 'may_approve'"),
        ('[criteria.speed]\ngpu = { valu = 1.0, unit = "ms/step", source = "me" }', "'value'"),
    ],
)
def test_unknown_keys_of_ones_own_protocol_are_refused(tmp_path, text, nearest):
    path = tmp_path / "mine.toml"
    path.write_text(
        f'extends = "standard"\nname = "mine"\n{text}\n'
        if text[0] == "["
        else f'{text}\nextends = "standard"\nname = "mine"\n'
    )
    with pytest.raises(ConfigError, match=nearest):
        load_protocol(str(path))


def test_ones_own_threshold_replaces_one(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "standard"\nname = "mine"\n[criteria.energy_drift]\n'
        'slope = { value = 0.02, unit = "meV/atom/ps", source = "my own runs" }\n',
        encoding="utf-8",
    )
    mine = load_protocol(str(path))
    assert mine.criteria["energy_drift"]["slope"].value == 0.02
    assert mine.criteria["speed"] == load_protocol("standard").criteria["speed"]
    assert select(mine)
