"""A planted fault is caught by its check on a small and on a large molecule, whatever its group."""

import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from openmm_mlff.checks.registry import get_check
from openmm_mlff.config import Threshold
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.faults.plant import everywhere, in_openmm, in_system
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.field import FieldOracle

MILLISECONDS_PER_STEP = 2.0


def scaled(factor):
    """Plant energies and forces that are too large by a factor."""
    return everywhere(
        lambda surface, _, __: lambda placed: tuple(factor * one for one in surface(placed))
    )


def slowed(healthy_one, milliseconds):
    """Plant a wait into every step of OpenMM."""

    def spoil(surface, _, strength):
        def slow(placed):
            time.sleep(1e-3 * strength)
            return surface(placed)

        return slow

    return in_openmm(spoil)(healthy_one, milliseconds)


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
        check: its id.
        plant: a fault's name, or a function of the healthy potential and the strength.
        strength: None takes the fault's gross one.
        oracle: the kind of healthy potential.
        systems: on which molecules.
        probes: changed settings.
        limits: changed thresholds.
    """

    check: str
    plant: object
    strength: float | None = None
    oracle: str = "field"
    systems: tuple[str, ...] = ("water", "alanine_dipeptide")
    probes: dict = field(default_factory=dict)
    limits: dict = field(default_factory=dict)

    def potential(self, molecule):
        if self.oracle == "field":
            sound = FieldOracle(molecule, seed=0)
        else:
            sound = healthy(self.oracle, molecule=molecule, seed=0)
        if isinstance(self.plant, str):
            fault = get_fault(self.plant)
            return sound, fault.plant(sound, self.strength or fault.gross)
        return sound, self.plant(sound, self.strength or 1.0)


ONLY_LARGE = ("alanine_dipeptide",)

FAULTS = (
    Fault("openmm_parity", "kcal for kJ"),
    Fault("trajectory_parity", in_system(heavier), strength=2.0, oracle="pair"),
    Fault("determinism", "dropout"),
    Fault("precision_noise", "half precision"),
    Fault("unit_scale", scaled(4.184)),
    Fault("translation_invariance", "external field"),
    Fault("rotation_invariance", "anisotropy"),
    Fault("reflection_invariance", "handedness", systems=ONLY_LARGE),
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
    Fault("kinetic_distribution", "hot thermostat", probes={"thermostats_ps": 4.0}),
    Fault("force_accuracy", scaled(0.2)),
    Fault(
        "energy_accuracy",
        "scaled energy",
        strength=100.0,
        probes={"reference_frames": 40, "ensemble_runs": 16},
    ),
    Fault("geometry_accuracy", everywhere(shrunk), strength=0.1),
    Fault("vibrations", scaled(1.5)),
    Fault("torsion_profile", scaled(2.0), systems=ONLY_LARGE),
    Fault(
        "speed",
        slowed,
        strength=MILLISECONDS_PER_STEP,
        limits={"cpu": Threshold(value=1.0, unit="ms/step", source="half of what is planted")},
    ),
)


@pytest.mark.parametrize(
    ("fault", "system"),
    [
        pytest.param(fault, system, id=f"{fault.check}-{system}")
        for fault in FAULTS
        for system in fault.systems
    ],
)
def test_a_planted_fault_fails_its_check(fault, system, findings, make_protocol):
    molecule = load_system(system)
    sound, faulty = fault.potential(molecule)
    protocol = make_protocol(probes=fault.probes)
    criteria = {**protocol.criteria}
    criteria[fault.check] = {**protocol.limits_for(fault.check), **fault.limits}
    protocol = protocol.model_copy(update={"criteria": criteria})
    check = get_check(fault.check)

    found = findings(faulty, molecule, [check], protocol=protocol, reference=sound)

    assert found[fault.check].status is Status.FAIL, found[fault.check].message
    if found[fault.check].value is not None:
        assert not np.isnan(found[fault.check].value)
