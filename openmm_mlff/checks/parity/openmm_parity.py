"""Does OpenMM compute what the model computes?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import by_dtype, find_probe, largest, largest_norm, probe_array
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV


def openmm_parity(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the potential through OpenMM, on each platform, with its ASE path.

    Each precision and each backend counts as a path of its own.

    max |F_OpenMM − F_ASE| over geometries and atoms, and max |E_OpenMM − E_ASE| / N.

    Args:
        observations: with the probe ``openmm_parity``.
        criteria: ``forces_float32``, ``forces_float64``, ``forces_single_precision`` (eV/Å),
            ``energy`` (meV/atom).

    Returns:
        PASS where every platform agrees; INCONCLUSIVE where none was there.
    """
    probe = find_probe(SPEC, observations, name="openmm_parity")
    if isinstance(probe, CheckResult):
        return probe
    model_limit = by_dtype(SPEC, criteria, probe=probe, quantity="forces")
    single_limit = SPEC.threshold(criteria, name="forces_single_precision")
    energy_limit = SPEC.threshold(criteria, name="energy")
    paths = list(probe.data.get("paths", []))
    if not paths:
        return SPEC.inconclusive(observations, reason="no OpenMM platform was compared")
    ase_forces = probe_array(probe, name="ase_forces", shape=(None, None, 3))
    ase_ev = probe_array(probe, name="ase_energies_ev", shape=(len(ase_forces),))
    measures = []
    for path in paths:
        # Of the backend that was asked for, nothing need be said.
        other = f", {path['backend']} backend" if path.get("backend") else ""
        label = f"{path['platform']} ({path['precision']}{other})"
        forces = probe_array(probe, name=f"forces_{path['key']}", shape=ase_forces.shape)
        energies_ev = probe_array(probe, name=f"energies_ev_{path['key']}", shape=ase_ev.shape)
        with np.errstate(invalid="ignore"):
            force = largest_norm(forces - ase_forces)
            energy = largest(energies_ev - ase_ev) * MEV_PER_EV / ase_forces.shape[1]
        limit = single_limit if path["single_precision"] else model_limit
        what = f"through OpenMM on {label} differ from the ASE path by up to"
        measures += [
            Measure(f"forces {what}", force, limit),
            Measure(f"energies {what}", energy, energy_limit),
        ]
    evidence = {"dtype": probe.data["dtype"], "paths": paths, "geometries": len(ase_forces)}
    return SPEC.judged(observations, measures=measures, evidence=evidence)


SPEC = CheckSpec(
    id="openmm_parity",
    group="parity",
    scope="system",
    title="Does OpenMM compute what the model computes?",
    formula="max |F_OpenMM − F_ASE|, max |E_OpenMM − E_ASE| / N, each platform, precision and "
    "backend",
    unit="eV/Å",
    source="rounding of float32 and float64; single-precision platforms round positions and forces",
    thresholds={
        "forces_float32": "eV/Å",
        "forces_float64": "eV/Å",
        "forces_single_precision": "eV/Å",
        "energy": "meV/atom",
    },
    failure_mode="The simulation integrates other forces than the model's: a unit, an atom order "
    "or a precision is lost on the way into OpenMM.",
    remedy="See in the evidence which platform differs; compare its units and atom order with the "
    "ASE path, and use another platform or precision until it is mended.",
    function=openmm_parity,
    probes=("openmm_parity",),
)
