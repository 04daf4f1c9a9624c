"""Evaluations without the run's own dynamics; each probe is one function to a `ProbeOutcome`.

Surface probes ask about the energy surface; dynamics probes run short experiments of their own;
reference probes compare with another potential.
"""

from collections.abc import Callable

from openmm_mlff.potentials import Potential
from openmm_mlff.probes.accuracy.distribution import probe_distribution
from openmm_mlff.probes.accuracy.reference import probe_minimum, probe_reference
from openmm_mlff.probes.accuracy.torsion_profile import probe_torsion_profile
from openmm_mlff.probes.accuracy.vibrations import probe_vibrations
from openmm_mlff.probes.dynamics.kinetic_distribution import probe_kinetic_distribution
from openmm_mlff.probes.dynamics.time_reversibility import probe_time_reversibility
from openmm_mlff.probes.dynamics.timestep_convergence import probe_timestep_convergence
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.parity.determinism import probe_determinism
from openmm_mlff.probes.parity.export_parity import probe_export_parity
from openmm_mlff.probes.parity.interpolation_ends import probe_interpolation_ends
from openmm_mlff.probes.parity.openmm_parity import probe_openmm_parity
from openmm_mlff.probes.parity.precision_noise import probe_precision_noise
from openmm_mlff.probes.parity.trajectory_parity import probe_trajectory_parity
from openmm_mlff.probes.parity.unit_scale import probe_unit_scale
from openmm_mlff.probes.surface.cutoff_continuity import probe_cutoff_continuity
from openmm_mlff.probes.surface.force_consistency import probe_force_consistency
from openmm_mlff.probes.surface.hessian_symmetry import probe_hessian_symmetry
from openmm_mlff.probes.surface.net_force_torque import probe_net_force_torque
from openmm_mlff.probes.surface.periodic_consistency import probe_periodic_consistency
from openmm_mlff.probes.surface.permutation_invariance import probe_permutation_invariance
from openmm_mlff.probes.surface.reflection_invariance import probe_reflection_invariance
from openmm_mlff.probes.surface.rotation_invariance import probe_rotation_invariance
from openmm_mlff.probes.surface.short_range_repulsion import probe_short_range_repulsion
from openmm_mlff.probes.surface.size_extensivity import probe_size_extensivity
from openmm_mlff.probes.surface.translation_invariance import probe_translation_invariance

Probe = Callable[[ProbeSubject], ProbeOutcome]
ReferenceProbe = Callable[[ProbeSubject, Potential], ProbeOutcome]

PROBES: tuple[tuple[str, Probe], ...] = (
    ("export_parity", probe_export_parity),
    ("openmm_parity", probe_openmm_parity),
    ("trajectory_parity", probe_trajectory_parity),
    ("determinism", probe_determinism),
    ("precision_noise", probe_precision_noise),
    ("unit_scale", probe_unit_scale),
    ("interpolation_ends", probe_interpolation_ends),
)
"""Probes that need nothing but the potential and the molecule at its minimum."""

DYNAMICS_PROBES: tuple[tuple[str, Probe], ...] = (
    ("timestep_convergence", probe_timestep_convergence),
    ("time_reversibility", probe_time_reversibility),
    ("kinetic_distribution", probe_kinetic_distribution),
)
"""Short experiments that start where a run of the potential ended."""

SURFACE_PROBES: tuple[tuple[str, Probe], ...] = (
    ("translation_invariance", probe_translation_invariance),
    ("rotation_invariance", probe_rotation_invariance),
    ("reflection_invariance", probe_reflection_invariance),
    ("permutation_invariance", probe_permutation_invariance),
    ("net_force_torque", probe_net_force_torque),
    ("force_consistency", probe_force_consistency),
    ("hessian_symmetry", probe_hessian_symmetry),
    ("cutoff_continuity", probe_cutoff_continuity),
    ("short_range_repulsion", probe_short_range_repulsion),
    ("size_extensivity", probe_size_extensivity),
    ("periodic_consistency", probe_periodic_consistency),
)
"""Evaluations at the minimum and at frames of the potential's own dynamics."""

REFERENCE_PROBES: tuple[tuple[str, ReferenceProbe], ...] = (
    ("vibrations", probe_vibrations),
    ("torsion_profile", probe_torsion_profile),
    ("distribution", probe_distribution),
)
"""Comparisons with a reference, beyond its labels on frames and its minimum."""

__all__ = [
    "DYNAMICS_PROBES",
    "PROBES",
    "REFERENCE_PROBES",
    "SURFACE_PROBES",
    "Probe",
    "ProbeOutcome",
    "ProbeSubject",
    "ReferenceProbe",
    "probe_minimum",
    "probe_reference",
]
