"""The reference: evaluated at frames of the potential's own runs, and at its own minimum."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import openmm

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.measuring.evaluation import Points, evaluate_points
from openmm_mlff.measuring.hessian import force_jacobian
from openmm_mlff.measuring.minimum import SOUGHT_FORCE_EV_PER_ANGSTROM
from openmm_mlff.measuring.relaxation import Relaxed, relax
from openmm_mlff.measuring.short_runs import own_frames
from openmm_mlff.measuring.velocities import run_velocities
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.torsions import Torsion, dihedral_degrees, turned
from openmm_mlff.potentials import Potential
from openmm_mlff.potentials.calculation import refusals
from openmm_mlff.potentials.frames import LabelledFrames, counted
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.shared import Labels, ReferenceMinimum, Samples

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

MINIMUM_STEPS = 300
PRECISION = "double"


class Reference:
    """A potential that is taken to be right, for the atoms of a molecule."""

    def __init__(self, potential: Potential, molecule: MolecularSystem) -> None:
        self.potential = potential
        self.spec = potential.spec
        self._molecule = molecule

    def evaluate(
        self, positions_angstrom: np.ndarray, *, molecule: MolecularSystem | None = None
    ) -> Points:
        """Evaluate geometries (..., N, 3), Å, in double precision; refused ones are marked.

        Of the subject's molecule, unless another is given.
        """
        return evaluate_points(
            self.potential, molecule or self._molecule, positions_angstrom, precision=PRECISION
        )

    def relax(
        self,
        positions_angstrom: np.ndarray,
        *,
        by: Callable[[np.ndarray], Points] | None = None,
        **limits: Any,
    ) -> Relaxed:
        """Relax geometries (G, N, 3), Å, by the reference, or by another that evaluates them.

        Tolerance and steps are those of :func:`relax`.
        """
        return relax(by or self.evaluate, positions_angstrom, **limits)

    def relax_torsions(
        self,
        positions_angstrom: np.ndarray,
        *,
        torsions: Sequence[Torsion],
        degrees: np.ndarray,
        **limits: Any,
    ) -> Relaxed:
        """Relax geometries (R, N, 3), Å, with one dihedral angle of each, (R,), held.

        Each start is rotated to its angle rigidly.  Tolerance and steps are those of :func:`relax`.
        """
        starts = [
            turned(start, torsion=one, degrees=angle - dihedral_degrees(start, atoms=one.atoms))
            for start, one, angle in zip(positions_angstrom, torsions, degrees, strict=True)
        ]
        atoms = np.array([torsion.atoms for torsion in torsions])
        return relax(self.evaluate, np.stack(starts), atoms=atoms, degrees=degrees, **limits)

    def sample(self, subject: "Subject") -> Samples:
        """Sample the reference by Langevin dynamics; see :meth:`Experiments.sample`.

        Raises:
            EvaluationRefusedError: it refused a geometry on the way.
            OpenMMException: the simulation failed for another reason.
        """
        with self._refusals():
            return subject.experiments.sample(self.potential, precision=PRECISION)

    def velocities(self, subject: "Subject") -> tuple[np.ndarray, str]:
        """Run the reference at constant energy from its own samples; see :func:`run_velocities`.

        Raises:
            EvaluationRefusedError: it refused a geometry on the way.
            OpenMMException: a simulation failed for another reason.
        """
        samples = self.sample(subject)
        with self._refusals():
            return run_velocities(subject, samples, potential=self.potential, precision=PRECISION)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        calculator = self.potential.shared_calculator(precision=PRECISION)
        try:
            yield
        except openmm.OpenMMException:
            # OpenMM replaces the exception of a calculator by its own; evaluating the last geometry
            # again raises the original.
            if (last := getattr(calculator, "atoms", None)) is not None:
                self.potential.evaluate(self._molecule, last.positions[None], precision=PRECISION)
            raise

    def jacobian(
        self, positions_angstrom: np.ndarray, *, step_angstrom: float
    ) -> tuple[np.ndarray, bool, tuple[str, ...]]:
        """Compute the force Jacobian of all atoms; see :func:`force_jacobian`."""
        atoms = np.arange(len(positions_angstrom))
        return force_jacobian(
            self.evaluate, positions_angstrom, atoms=atoms, step_angstrom=step_angstrom
        )


def measure_reference(subject: "Subject") -> Reference:
    """Return the reference of a subject.

    Raises:
        TypeError: it has none; a check that needs one says so in its ``needs``.
    """
    if not isinstance(subject.reference_source, Potential):
        raise TypeError("there is no reference to evaluate; expected a check that needs one")
    return Reference(subject.reference_source, subject.molecule)


def measure_reference_minimum(subject: "Subject") -> ReferenceMinimum | NotApplicable:
    """Relax the reference from the potential's minimum."""
    from ase.optimize import BFGS

    molecule = subject.molecule
    if molecule.is_periodic:
        return NotApplicable("a periodic system has many minima; validate its molecules alone")
    own = subject.evaluate(molecule.positions_angstrom)
    atoms = molecule.to_ase()
    atoms.calc = subject.reference.potential.shared_calculator(precision=PRECISION)
    subject.report("reference minimum", 0, 1)
    largest_force, reason = float("nan"), ""
    try:
        # At a looser limit an accurate model's minimum would count as the reference's own, and
        # nothing would be compared.
        with refusals():
            BFGS(atoms, logfile=None).run(fmax=SOUGHT_FORCE_EV_PER_ANGSTROM, steps=MINIMUM_STEPS)
            largest_force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
    except EvaluationRefusedError as refusal:
        reason = str(refusal)
    subject.report("reference minimum", 1, 1)
    return ReferenceMinimum(
        reference=subject.reference.spec,
        model_positions_angstrom=np.array(molecule.positions_angstrom),
        model_largest_force=float(np.linalg.norm(own.forces_ev_per_angstrom, axis=-1).max()),
        positions_angstrom=np.array(atoms.positions),
        largest_force=largest_force,
        reason=reason,
    )


def measure_reference_labels(subject: "Subject") -> Labels | Skipped:
    """Evaluate both on frames of the potential's own trajectories, or on those of a file."""
    if isinstance(subject.reference_source, LabelledFrames):
        return _labels_of_file(subject, subject.reference_source)
    frames = own_frames(subject, subject.spec.reference_frames, or_broken=True)
    if frames is None:
        return Skipped("no simulation produced a frame to compare")
    count = len(frames.time_ps)
    subject.report("reference frames", 0, count)
    found = subject.reference.evaluate(frames.positions_angstrom)
    subject.report("reference frames", count, count)
    kept = ~found.refused
    return _labels(
        subject,
        frames.positions_angstrom[kept],
        time_ps=frames.time_ps[kept],
        reference_energies_ev=found.energies_ev[kept],
        reference_forces=found.forces_ev_per_angstrom[kept],
        reference=subject.reference.spec,
        run=frames.source,
        frames_of="its own trajectories",
        requested=count,
        refused=int(found.refused.sum()),
        refusals=found.reasons,
    )


def _labels_of_file(subject: "Subject", labels: LabelledFrames) -> Labels | Skipped:
    """Evaluate the potential on a file's frames of this molecule."""
    molecule = subject.asked
    frames = labels.showing(molecule, at_most=subject.spec.reference_frames)
    passed_over = labels.not_showing(molecule)
    if not frames:
        cell = " in its cell" if molecule.is_periodic else ""
        return Skipped(
            f"none of the {passed_over.total()} frames of {labels.spec} contains {molecule.name} "
            f"({molecule.formula}) with its atoms in the same order{cell} ({counted(passed_over)})"
        )
    origin = f"{labels.spec} (skipped: {counted(passed_over)})" if passed_over else labels.spec
    return _labels(
        subject,
        np.stack([frame.positions_angstrom for frame in frames]),
        time_ps=np.array([float(frame.index) for frame in frames]),
        reference_energies_ev=np.array([frame.energy_ev for frame in frames]),
        reference_forces=np.stack([frame.forces_ev_per_angstrom for frame in frames]),
        reference=labels.spec,
        run=f"no run: frames of {origin}",
        frames_of=origin,
        requested=len(frames),
        refused=0,
    )


def _labels(subject: "Subject", positions_angstrom: np.ndarray, **known: Any) -> Labels:
    """Evaluate the potential on frames (G, N, 3), Å, of which the other fields are known."""
    model = subject.evaluate(positions_angstrom, molecule=subject.asked)
    return Labels(
        symbols=subject.asked.symbols,
        positions_angstrom=positions_angstrom,
        model_energies_ev=model.energies_ev,
        model_forces=model.forces_ev_per_angstrom,
        **known,
    )
