"""The one thing a check talks to: a potential, a molecule, and what has been measured of both."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from openmm_mlff.config import DynamicsSpec, ProbeSpec, Protocol
from openmm_mlff.measuring import shared
from openmm_mlff.measuring.evaluation import Points, evaluate_points, evaluate_stress
from openmm_mlff.measuring.experiments import Experiments
from openmm_mlff.measuring.frames import own_frames
from openmm_mlff.measuring.journal import NO_JOURNAL, Journal
from openmm_mlff.measuring.minimum import start_molecule
from openmm_mlff.measuring.paths import Paths
from openmm_mlff.measuring.reference import Reference
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.reporters.monitor import StabilityLimits
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.storage.measurements import (
    DONE,
    NOT_APPLICABLE,
    MeasurementStore,
    NotApplicable,
    Skipped,
)
from openmm_mlff.storage.runs import Run, RunCondition, Runs
from openmm_mlff.storage.shared import (
    Ensemble,
    Hessian,
    Labels,
    Minimum,
    Noise,
    ReferenceMinimum,
    Samples,
)

Progress = Callable[[str, int, int], None]
"""Called with stage, done and total."""


@dataclass(frozen=True)
class Settings:
    """How a subject is measured.

    Attributes:
        protocol: how much is run and evaluated.
        precision: ``single``, ``mixed`` or ``double``.
        seed: of everything random.
    """

    protocol: Protocol
    precision: str = "mixed"
    seed: int = 1


class Subject:
    """One potential on one molecule.

    Args:
        potential: under test.
        molecule: as it was asked for.
        platform: where OpenMM runs it.
        settings: how it is measured.
        folder: of this system in the run folder.
        reference: a potential or labelled frames; None where there is none.
        on_progress: called as work is done.
        journal: guards each simulation.
        is_undecided: whether longer simulations may decide what these leave open.

    Attributes:
        asked: the molecule as it was asked for.
        condition: set in the view of one temperature and timestep.
    """

    def __init__(
        self,
        potential: Potential,
        molecule: MolecularSystem,
        *,
        platform: PlatformChoice,
        settings: Settings,
        folder: Path,
        reference: Potential | LabelledFrames | None = None,
        on_progress: Progress = lambda *_: None,
        journal: Journal = NO_JOURNAL,
        is_undecided: Callable[[Runs], bool] = lambda _: False,
    ) -> None:
        self.potential = potential
        self.asked = molecule
        self.platform = platform
        self.settings = settings
        self.folder = folder
        self.store = MeasurementStore(folder)
        self.reference_source = reference
        self.report = on_progress
        self.journal = journal
        self.is_undecided = is_undecided
        self.condition: RunCondition | None = None
        self._counted = [0]
        self._measured: dict[str, Any] = {}

    # What is measured -------------------------------------------------------------------------

    @property
    def spec(self) -> ProbeSpec:
        """How much is evaluated."""
        return self.settings.protocol.probes

    @property
    def dynamics(self) -> DynamicsSpec:
        """How trajectories are run."""
        return self.settings.protocol.dynamics

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.settings.seed

    @property
    def precision(self) -> str:
        """``single``, ``mixed`` or ``double``."""
        return self.settings.precision

    @property
    def dtype(self) -> str:
        """Precision of the weights."""
        return "float64" if self.precision == "double" else "float32"

    @property
    def temperature_kelvin(self) -> float:
        """First of the protocol's."""
        return self.dynamics.temperatures_kelvin[0]

    @property
    def timestep_fs(self) -> float:
        """First of the protocol's."""
        return self.dynamics.timesteps_fs[0]

    @property
    def stability_limits(self) -> StabilityLimits:
        """Beyond which every simulation is stopped: the protocol's ``criteria.stability``."""
        return StabilityLimits.of(self.settings.protocol.limits_for("stability"))

    @property
    def molecule(self) -> MolecularSystem:
        """The molecule at the potential's minimum, or as asked for where that broke it."""
        if "molecule" not in self._measured:
            self._measured["molecule"] = start_molecule(
                self.asked, self.minimum, limits=self.stability_limits
            )
        return cast("MolecularSystem", self._measured["molecule"])

    def progress(self, stage: str) -> Callable[[int, int], None]:
        """Return a progress callback for one stage.

        Args:
            stage: what the user is shown.

        Returns:
            A function of done and total.
        """
        return lambda done, total: self.report(stage, done, total)

    # Evaluations ------------------------------------------------------------------------------

    def evaluate(
        self,
        positions_angstrom: np.ndarray,
        *,
        molecule: MolecularSystem | None = None,
        precision: str | None = None,
    ) -> Points:
        """Evaluate geometries; those that the potential refuses are marked.

        Args:
            positions_angstrom: (G, N, 3), Å.
            molecule: which atoms, in which box; None for the subject's own.
            precision: of the weights; None for the run's own.

        Returns:
            Energies and forces in the order of the geometries.
        """
        self._counted[0] += len(positions_angstrom)
        return evaluate_points(
            self.potential,
            molecule or self.molecule,
            positions_angstrom,
            precision=precision or self.precision,
        )

    @property
    def paths(self) -> Paths:
        """The other ways to evaluate and run the potential: OpenMM, ASE, exports, ML/MM."""
        return Paths(self)

    def stress(self) -> np.ndarray | NotApplicable:
        """Return the stress of the subject's own box, (3, 3), eV/Å³, or why there is none."""
        self._counted[0] += 1
        return evaluate_stress(self.potential, self.molecule, precision=self.precision)

    def geometries(self) -> np.ndarray:
        """Return the geometries on which the energy surface is examined.

        Returns:
            (G, N, 3), Å: the minimum, then frames of the potential's own dynamics; where it left
            none, randomly displaced geometries.
        """
        frames = self.thermal_frames
        if frames is None:
            frames = self.displaced(self.spec.thermal_frames)
        return np.concatenate([self.molecule.positions_angstrom[None], frames])

    def displaced(self, count: int, *, molecule: MolecularSystem | None = None) -> np.ndarray:
        """Return randomly displaced geometries.

        Args:
            count: G.
            molecule: None for the subject's own.

        Returns:
            (G, N, 3), Å; each coordinate is displaced by ``distortion_angstrom`` (one σ).
        """
        start = molecule or self.molecule
        rng = np.random.default_rng(self.seed)
        noise = rng.normal(scale=self.spec.distortion_angstrom, size=(count, start.n_atoms, 3))
        return cast("np.ndarray", start.positions_angstrom + noise)

    @property
    def evaluations(self) -> int:
        """Geometries evaluated so far, by this subject and its views."""
        return self._counted[0]

    @property
    def experiments(self) -> Experiments:
        """Short simulations for single checks."""
        return Experiments(self)

    # Shared measurements ----------------------------------------------------------------------

    @property
    def minimum(self) -> Minimum:
        """Where minimisation of the potential ended."""
        return cast("Minimum", self.obtain("minimum"))

    @property
    def noise(self) -> Noise:
        """Noise of energies and forces about the minimum."""
        return cast("Noise", self.obtain("noise"))

    @property
    def samples(self) -> Samples:
        """Langevin samples at the first temperature."""
        return cast("Samples", self.obtain("samples"))

    @property
    def ensemble(self) -> Ensemble | NotApplicable | Skipped:
        """Short NVE runs from the Langevin samples."""
        return cast("Ensemble | NotApplicable | Skipped", self.obtain("ensemble"))

    @property
    def hessian(self) -> Hessian:
        """Force Jacobians at the minimum and at thermal frames."""
        return cast("Hessian", self.obtain("hessian"))

    @property
    def reference_minimum(self) -> "ReferenceMinimum | NotApplicable":
        """The reference's own minimum, relaxed from the potential's."""
        return cast("ReferenceMinimum | NotApplicable", self.obtain("reference_minimum"))

    @property
    def reference_labels(self) -> Labels | Skipped:
        """Frames of the potential's own trajectories, evaluated by both."""
        return cast("Labels | Skipped", self.obtain("reference_labels"))

    @property
    def runs(self) -> Runs:
        """The simulations; in the view of one condition, its replicas."""
        runs = Runs(system=self.asked, runs=cast("tuple[Run, ...]", self.obtain("trajectories")))
        return runs if self.condition is None else runs.at(self.condition)

    @property
    def thermal_frames(self) -> np.ndarray | None:
        """Frames of the simulations that ran to their end, evenly spaced.

        (F, N, 3) float64, Å, F at most the protocol's ``thermal_frames``; None where there is none.
        """
        found = own_frames(self, self.spec.thermal_frames)
        return None if found is None else found.positions_angstrom

    @property
    def reference(self) -> Reference:
        """The reference, to be evaluated; only for checks that need ``reference``."""
        return cast("Reference", self.obtain("reference"))

    def obtain(self, name: str) -> Any:
        """Return a shared measurement; measure and store it where that has not been done.

        Args:
            name: of :data:`openmm_mlff.measuring.shared.SHARED`.

        Returns:
            Its record, or :class:`NotApplicable`.
        """
        if not self.has(name):
            self._measured[name] = self._measure(name)
        return self._measured[name]

    def has(self, name: str) -> bool:
        """Return whether a shared measurement is there and need not be made.

        Args:
            name: of :data:`openmm_mlff.measuring.shared.SHARED`.

        Returns:
            True where it was made by this subject, or stored by an earlier one.
        """
        record = shared.SHARED[name].record
        if name not in self._measured and record is not None:
            stored = self.store.read(name)
            if stored is not None and stored.status == DONE:
                self._measured[name] = stored.record(record)
            elif stored is not None and stored.status == NOT_APPLICABLE:
                self._measured[name] = NotApplicable(stored.reason)
        return name in self._measured

    def _measure(self, name: str) -> Any:
        source = shared.SHARED[name]
        cost = Cost(self)
        value = source.measure(self)
        if source.record is not None:
            self.store.write(name, value, cost=cost.so_far())
        return value

    def name_of(self, value: Any) -> str:
        """Return under which name a shared measurement is stored; empty where it is none."""
        return next((name for name, known in self._measured.items() if known is value), "")

    def at(self, condition: RunCondition) -> "Subject":
        """Return the view of one temperature and timestep.

        Args:
            condition: of the simulations.

        Returns:
            A subject that shares everything measured so far with this one.
        """
        view = object.__new__(Subject)
        view.__dict__.update(self.__dict__)
        view.condition = condition
        return view


class Cost:
    """Seconds and evaluations of one measurement.

    Args:
        subject: whose evaluations are counted.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._began_s = time.perf_counter()
        self._evaluated = subject.evaluations

    def so_far(self) -> dict[str, float]:
        """Return the cost since this was made."""
        return {
            "seconds": time.perf_counter() - self._began_s,
            "evaluations": self._subject.evaluations - self._evaluated,
        }
