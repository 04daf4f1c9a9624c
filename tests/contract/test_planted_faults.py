"""A planted fault is caught by its check on a molecule of 22 atoms, whatever its group.

The self-test catches those of its own table on molecules of three to six atoms.
"""

import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from openmm_mlff.config import Threshold
from openmm_mlff.measuring import experiments
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.faults.plant import everywhere, in_openmm, in_system, with_pair_term
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.pairs import Gaussian
from openmm_mlff.selftest.runner import validate_with

MOLECULE = load_system("alanine_dipeptide")


def scaled(factor):
    """Plant energies and forces that are too large by a factor."""
    return everywhere(
        lambda surface, _, __: lambda placed: tuple(factor * one for one in surface(placed))
    )


def slowed(surface, _, milliseconds):
    """Plant work into every step of OpenMM."""

    def slow(placed):
        # Not asleep: a process that has not got the processor is not slow.
        until_s = time.process_time() + 1e-3 * milliseconds
        while time.process_time() < until_s:
            pass
        return surface(placed)

    return slow


def first_hydrogen(_):
    """Return the first bond of the molecule to a hydrogen."""
    bonds = np.array(MOLECULE.bonds)
    return bonds[(MOLECULE.atomic_numbers[bonds] == 1).any(axis=1)][:1]


def dent(distances, depth_ev):
    """Plant a dent where a bond to hydrogen is compressed by 0.2 Å."""
    return Gaussian(-depth_ev, 0.9, 0.05)(distances)


def shrunk(surface, _, strength):
    """Plant a minimum whose lengths are too long by a ratio."""

    def faulty(placed):
        energies, forces = surface(placed * (1.0 - strength))
        return energies, forces * (1.0 - strength)

    return faulty


def heavier(system, factor):
    """Plant a wrong mass of the first atom into the OpenMM System."""
    system.setParticleMass(0, factor * system.getParticleMass(0))


@dataclass(frozen=True)
class Fault:
    """A fault and the check that must see it.

    Attributes:
        plant: a fault's name, or a function of the healthy potential and the strength.
        strength: None takes the fault's gross one.
        oracle: the kind of healthy potential.
        probes: changed settings.
        limits: changed thresholds.
    """

    check: str
    plant: object
    strength: float | None = None
    oracle: str = "field"
    probes: dict = field(default_factory=dict)
    limits: dict = field(default_factory=dict)


FAULTS = (
    Fault("openmm_parity", "kcal for kJ"),
    Fault("trajectory_parity", in_system(heavier), strength=2.0, oracle="pair"),
    Fault("determinism", "dropout"),
    Fault("precision_noise", "half precision"),
    Fault("unit_scale", scaled(4.184)),
    Fault("translation_invariance", "external field"),
    Fault("rotation_invariance", "anisotropy"),
    Fault("reflection_invariance", "handedness"),
    Fault("permutation_invariance", "unlike treatment", oracle="pair"),
    Fault("net_force_torque", "torque"),
    Fault("force_consistency", "scaled forces"),
    Fault("hessian_symmetry", "curl"),
    Fault("cutoff_continuity", "jump at the cutoff", oracle="pair"),
    Fault("short_range_repulsion", "reachable hole", oracle="pair"),
    Fault("size_extensivity", "global term"),
    Fault("every_atom_counts", "ghost atom", oracle="pair"),
    Fault("stability", "not a number"),
    Fault("energy_drift", "drag"),
    Fault("momentum_conservation", "constant pull"),
    Fault("timestep_convergence", "scaled energy"),
    Fault("time_reversibility", "thermostat left on"),
    Fault(
        "kinetic_distribution", "hot thermostat", probes={"sampling_ps": 2.0, "thermostats_ps": 4.0}
    ),
    Fault("force_accuracy", scaled(0.2)),
    Fault(
        "energy_accuracy",
        "scaled energy",
        strength=100.0,
        probes={"reference_frames": 40, "sampling_ps": 0.4, "ensemble_runs": 16},
    ),
    Fault("softening", "softened"),
    Fault("geometry_accuracy", everywhere(shrunk), strength=0.1),
    Fault("vibrations", scaled(1.5)),
    Fault("vibrational_density", scaled(0.3), probes={"sampling_ps": 0.4, "ensemble_runs": 4}),
    Fault("torsion_profile", scaled(2.0)),
    Fault("conformers", scaled(3.0)),
    Fault("bond_smoothness", with_pair_term(first_hydrogen, dent), strength=2.0),
    Fault(
        "speed",
        in_openmm(slowed),
        strength=2.0,
        limits={"cpu": Threshold(value=1.0, unit="ms/step", source="half of what is planted")},
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.check)
def test_a_planted_fault_fails_its_check(fault, make_protocol, tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "SAMPLING_EQUILIBRATION_PS", 0.05)
    if fault.oracle == "field":
        sound = FieldOracle(MOLECULE, seed=0)
    else:
        sound = healthy(fault.oracle, molecule=MOLECULE, seed=0)
    plant, strength = fault.plant, fault.strength or 1.0
    if isinstance(plant, str):
        plant, strength = get_fault(plant).plant, fault.strength or get_fault(plant).gross
    protocol = make_protocol(
        probes={"sampling_ps": 0.1} | fault.probes, required=(fault.check,), reported=()
    )
    limits = {**protocol.limits_for(fault.check), **fault.limits}
    criteria = {**protocol.criteria, fault.check: limits}

    report = validate_with(
        plant(sound, strength),
        MOLECULE,
        protocol=protocol.model_copy(update={"criteria": criteria}),
        root=tmp_path / "run",
        reference=sound,
    )

    (result,) = report.checks
    assert result.status is Status.FAIL, result.message
    if result.value is not None:
        assert not np.isnan(result.value)
