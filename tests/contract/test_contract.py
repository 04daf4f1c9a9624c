"""Every check, on every kind of system, through its real measurement, the stored record and back.

A healthy potential against itself as reference must never give an ERROR, a FAIL or a SKIPPED, and
what is not applicable is so for a reason.  On the small systems the runs are long enough for a
verdict, which must be APPROVED; ``scripts/validate_itself.py`` asks the same of all, by the
standard protocol itself.
"""

import pytest
from kinds import KINDS

from openmm_mlff.checks.accuracy import conformers, second_reference, torsion_scan
from openmm_mlff.checks.dynamics import timestep_convergence
from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.measuring import experiments, hessian, minimum
from openmm_mlff.results import ClaimStatus, Status, VerdictStatus
from openmm_mlff.selftest.runner import compiled_quickly, validate_with
from openmm_mlff.storage.measurements import MeasurementStore
from openmm_mlff.storage.shared import Samples

CLOCKS = {"speed", "slow_down"}
"""Checks whose outcome depends on how busy the machine is; that they can be asked is tested."""

APPROVED = {
    "dynamics": {"equilibration_ps": 0.2, "duration_ps": 1.0, "longest_ps": 8.0},
    "probes": {"convergence_ps": 0.15, "sampling_ps": 4.0, "thermostats_ps": 4.0},
}
"""Long enough for a verdict on small molecules."""

SLOW = {
    "dynamics": {"equilibration_ps": 0.01, "duration_ps": 0.05, "longest_ps": 0.05},
    "probes": {
        "geometries": 2,
        "repeats": 2,
        "parity_steps": 5,
        "reference_frames": 3,
        "thermal_frames": 1,
        "rotations": 1,
        "directions": 1,
        "scan_step_angstrom": 0.1,
        "convergence_ps": 0.01,
        "reversal_steps": 20,
        "sampling_ps": 0.04,
        "thermostats_ps": 0.1,
        "ensemble_ps": 0.02,
        "ensemble_runs": 2,
    },
}
"""A step of some hundred atoms takes a hundred times as long as one of water."""

SETTINGS = dict.fromkeys(("argon", "nitrogen", "water", "ammonium", "acetate"), APPROVED)
EVERY = {kind.name for kind in KINDS}
BOXES = {"copper", "argon-108", "water-box-64", "ethanol-in-water"}
ATOM, MIXED = {"argon"}, {"ethanol-in-water"}
IN_OWN_BOX = ("npt_stability", "ensemble", "density", "equation_of_state")
"""Not asked of boxes here: these potentials have other densities, for which a run is too short."""

NOT_APPLICABLE = {
    **dict.fromkeys(IN_OWN_BOX, EVERY - BOXES),
    "charge_response": EVERY,
    "export_parity": EVERY,
    "interpolation_ends": EVERY - MIXED,
    **dict.fromkeys(
        ("periodic_consistency", "pressure_virial", "radial_distribution", "diffusion"),
        EVERY - BOXES,
    ),
    # All but two healthy potentials are force fields, which have their atoms built in.
    "permutation_invariance": EVERY - {"copper", "argon-108"},
    "short_range_repulsion": EVERY - {"copper", "argon-108"},
    "torsion_profile": EVERY - {"acetate", "alanine-dipeptide", "ibuprofen", "chain"},
    "bond_smoothness": BOXES | ATOM,
    "conformers": EVERY - {"alanine-dipeptide", "ibuprofen", "chain"},
    "interaction_energy": EVERY,
    "hydration": EVERY - {"water"},
    "uncertainty": EVERY,
    "unit_scale": ATOM | {"copper", "argon-108"},
    "size_extensivity": BOXES,
    "softening": ATOM,
    "geometry_accuracy": BOXES | ATOM,
    "vibrations": BOXES | ATOM,
    "reflection_invariance": ATOM | MIXED,
    "rotation_invariance": ATOM | MIXED,
    "trajectory_parity": MIXED,
    "vibrational_density": BOXES | ATOM,
    "drift_percent": ATOM,
    "every_atom_counts": ATOM,
    "temperature": ATOM,
    "time_reversibility": ATOM,
    "timestep_convergence": ATOM,
}


@pytest.fixture
def quick_for(monkeypatch):
    """Shorten what no protocol sets, for a kind of some hundred atoms."""

    def shorten(kind):
        if kind.is_slow:
            monkeypatch.setattr(experiments, "SAMPLING_EQUILIBRATION_PS", 0.02)
            monkeypatch.setattr(timestep_convergence, "MOST_STARTS", 3)
            monkeypatch.setattr(timestep_convergence, "NOISE_STEPS", 50)
            monkeypatch.setattr(torsion_scan, "RELAXATION_STEPS", 5)
            monkeypatch.setattr(conformers, "RELAXATION_STEPS", 5)
        if kind.name in BOXES:
            monkeypatch.setattr(hessian, "MOST_ATOMS", 30)
            monkeypatch.setattr(hessian, "SAMPLED_ATOMS", 3)
            for name in ("SOUGHT_FORCE_EV_PER_ANGSTROM", "LIQUID_FORCE_EV_PER_ANGSTROM"):
                monkeypatch.setattr(minimum, name, 0.3)

    return shorten


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, id=kind.name, marks=[pytest.mark.slow] if kind.is_slow else [])
        for kind in KINDS
    ],
)
def test_a_healthy_potential_is_never_at_fault(kind, quick_for, make_protocol, tmp_path):
    quick_for(kind)
    molecule = kind.molecule()
    potential = kind.potential(molecule)
    potential.second_reference = potential
    settings = SETTINGS.get(kind.name, SLOW if kind.is_slow else {})
    protocol = make_protocol(**settings)
    asked = {check.id for check in CHECKS if not (molecule.is_periodic and check.id in IN_OWN_BOX)}
    others = {
        "reported": tuple(sorted(asked - set(protocol.required))),
        "criteria": {**protocol.criteria, second_reference.CHECK.id: second_reference.LIMITS},
    }
    with compiled_quickly():
        report = validate_with(
            potential,
            molecule,
            protocol=protocol.model_copy(update=others),
            root=tmp_path / "run",
            reference=potential,
            platform="CPU" if kind.is_slow else "Reference",
            # The precision that is the default, where it takes half the time.
            precision="mixed" if kind.name in MIXED else "double",
        )

    found = {result.id: result for result in report.checks}
    assert set(found) == asked
    # One temperature leaves one check SKIPPED; no protocol of one temperature asks it.
    assert found.pop("temperature_scan").status is Status.SKIPPED
    clocks = [found.pop(name) for name in CLOCKS]
    assert all(
        result.status in {Status.PASS, Status.FAIL, Status.INCONCLUSIVE} for result in clocks
    )
    fine = {Status.PASS, Status.INCONCLUSIVE, Status.NOT_APPLICABLE}
    assert {one.message for one in found.values() if one.status not in fine} == set()
    not_asked = {name for name, one in found.items() if one.status is Status.NOT_APPLICABLE}
    assert not_asked == {name for name, kinds in NOT_APPLICABLE.items() if kind.name in kinds}
    assert not [name for name, one in found.items() if "plots_failed" in one.evidence]
    samples = MeasurementStore(tmp_path / "run" / molecule.name).read("samples").record(Samples)
    system = potential.create_system(molecule)
    assert samples.degrees_of_freedom == 3 * molecule.n_atoms - system.getNumConstraints()
    if settings is APPROVED:
        answers = [claim.status for claim in report.verdict.claims.both]
        assert answers == [ClaimStatus.YES, ClaimStatus.YES], report.verdict.claims
        assert report.verdict.status is VerdictStatus.APPROVED
