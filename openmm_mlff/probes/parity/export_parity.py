"""Is the exported program the model?  Eager PyTorch against TorchScript."""

import numpy as np
import torch

from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials.export import call_fixed, call_free
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.probes.model import (
    ProbeOutcome,
    ProbeSubject,
    distorted_positions,
    not_applicable,
)

CALLS = 3
"""The profiling executor runs its first calls on another graph than the later ones."""


def probe_export_parity(subject: ProbeSubject) -> ProbeOutcome:
    """Compare on distorted geometries: the program for this molecule, and the one for any.

    The program for any molecule is called with two sizes, so that a size frozen into the export
    shows.

    Args:
        subject: what to probe.

    Returns:
        For each molecule k: `eager_energies_ev_k` (G,), `eager_forces_k` (G, N, 3),
        `exported_energies_ev_k` (C, G) and `exported_forces_k` (C, G, N, 3).
    """
    potential = subject.potential
    if not isinstance(potential, StudentPotential):
        return not_applicable(f"{potential.spec} is run as it is; nothing is exported")
    other = _another_size(subject.molecule, potential)
    free = potential.script_free(precision=subject.precision)
    fixed = potential.script(subject.molecule, precision=subject.precision)
    arrays = _compare(subject, subject.molecule, fixed, index=0, is_free=False)
    if subject.molecule.is_periodic:
        # The program for any molecule knows no box.
        data = {"dtype": subject.dtype, "molecules": [subject.molecule.name], "calls": CALLS}
        return ProbeOutcome(data=data, arrays=arrays)
    arrays |= _compare(subject, subject.molecule, free, index=1, is_free=True)
    names = [subject.molecule.name, f"{subject.molecule.name} (any composition)"]
    if other is not None:
        arrays |= _compare(subject, other, free, index=2, is_free=True)
        names.append(f"{other.name} (any composition)")
    data = {"dtype": subject.dtype, "molecules": names, "calls": CALLS}
    return ProbeOutcome(data=data, arrays=arrays)


def _another_size(molecule: MolecularSystem, potential: StudentPotential) -> MolecularSystem | None:
    """Give a library molecule of another size that the potential knows."""
    for name in ("water", "methane"):
        other = load_system(name)
        known = (
            potential.elements is None or set(other.atomic_numbers.tolist()) <= potential.elements
        )
        if known and other.n_atoms != molecule.n_atoms:
            return other
    return None


def _compare(
    subject: ProbeSubject,
    molecule: MolecularSystem,
    module: torch.jit.ScriptModule,
    *,
    index: int,
    is_free: bool,
) -> dict[str, np.ndarray]:
    """Evaluate one molecule by the eager model once and by the program several times over."""
    spec = subject.spec
    positions = distorted_positions(
        molecule, spec.geometries, scale_angstrom=spec.distortion_angstrom, seed=subject.seed
    )
    eager = subject.potential.evaluate(molecule, positions, precision=subject.precision)
    calls = [
        [
            call_free(module, molecule.atomic_numbers, placed)
            if is_free
            else call_fixed(module, placed, cell_angstrom=molecule.cell_angstrom)
            for placed in positions
        ]
        for _ in range(CALLS)
    ]
    return {
        f"eager_energies_ev_{index}": eager.energies_ev,
        f"eager_forces_{index}": eager.forces_ev_per_angstrom,
        f"exported_energies_ev_{index}": np.array([[energy for energy, _ in row] for row in calls]),
        f"exported_forces_{index}": np.array([[forces for _, forces in row] for row in calls]),
    }
