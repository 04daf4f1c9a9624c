"""Evaluations without dynamics; each probe is one function that gives a `ProbeOutcome`."""

from collections.abc import Callable

from openmm_mlff.probes.determinism import probe_determinism
from openmm_mlff.probes.export_parity import probe_export_parity
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.openmm_parity import probe_openmm_parity
from openmm_mlff.probes.precision_noise import probe_precision_noise
from openmm_mlff.probes.reference import probe_minimum, probe_reference
from openmm_mlff.probes.trajectory_parity import probe_trajectory_parity

PROBES: tuple[tuple[str, Callable[[ProbeSubject], ProbeOutcome]], ...] = (
    ("export_parity", probe_export_parity),
    ("openmm_parity", probe_openmm_parity),
    ("trajectory_parity", probe_trajectory_parity),
    ("determinism", probe_determinism),
    ("precision_noise", probe_precision_noise),
)
"""Probes that need nothing but the potential and the molecule."""

__all__ = ["PROBES", "ProbeOutcome", "ProbeSubject", "probe_minimum", "probe_reference"]
