"""The interface of a check: a potential, a molecule, and what has been measured of both."""

import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import openmm

from openmm_mlff.config import Protocol
from openmm_mlff.measuring.box import Boxes, in_own_box
from openmm_mlff.measuring.bulk import Bulk
from openmm_mlff.measuring.evaluation import Points, evaluate_points, evaluate_stress
from openmm_mlff.measuring.experiments import Experiments
from openmm_mlff.measuring.journal import NO_JOURNAL, Journal
from openmm_mlff.measuring.minimum import start_molecule
from openmm_mlff.measuring.paths import Paths
from openmm_mlff.measuring.reference import Reference
from openmm_mlff.measuring.shared import SHARED, Shared
from openmm_mlff.measuring.short_runs import own_frames
from openmm_mlff.measuring.velocities import run_velocities
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.reporters.monitor import StabilityLimits
from openmm_mlff.simulation.blocks import STEPS
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.storage.measurements import (
    DONE,
    NOT_APPLICABLE,
    MeasurementStore,
    NotApplicable,
    Skipped,
)
from openmm_mlff.storage.runs import RunCondition, Runs
from openmm_mlff.storage.shared import (
    Box,
    BoxRun,
    Hessian,
    Labels,
    Minimum,
    Noise,
    ReferenceMinimum,
    Samples,
    ShortRuns,
)

Progress = Callable[[str, int, int], None]
"""Called with stage, done and total."""


@dataclass(frozen=True)
class Settings:
    """How a subject is measured; the precision is ``single``, ``mixed`` or ``double``."""

    protocol: Protocol
    precision: str = "mixed"
    seed: int = 1


class Subject:
    """One potential on one molecule.

    Args:
        folder: of this system in the run folder.
        reference: a potential or labelled frames; None where there is none.
        on_progress: called as work is done.
        journal: guards each simulation.
        is_undecided: whether longer simulations may decide what these leave open.

    Attributes:
        asked: the molecule as requested; with a protocol for boxes, in the potential's own box.
        spec: how much is evaluated.
        dynamics: how trajectories are run.
        precision: ``single``, ``mixed`` or ``double``.
        dtype: precision of the weights.
        seed: of all random numbers.
        temperature_kelvin: first temperature of the protocol.
        timestep_fs: first timestep of the protocol.
        condition: set in the view of one temperature and timestep.
        box: periodic box that the potential wants.
        npt: run at constant pressure in it.
        minimum: where minimisation of the potential ended.
        noise: of energies and forces about the minimum.
        samples: Langevin samples at the first temperature.
        short_runs: short NVE runs from the Langevin samples.
        hessian: force Jacobians at the minimum and at thermal frames.
        reference: to be evaluated; only for checks that need ``reference``.
        reference_minimum: the reference's own, relaxed from the potential's.
        reference_labels: frames of the potential's own trajectories, evaluated by both.
    """

    box = Shared[Box | NotApplicable | Skipped]()
    npt = Shared[BoxRun | NotApplicable | Skipped]()
    minimum = Shared[Minimum]()
    noise = Shared[Noise]()
    samples = Shared[Samples]()
    short_runs = Shared[ShortRuns | NotApplicable | Skipped]()
    hessian = Shared[Hessian]()
    reference = Shared[Reference]()
    reference_minimum = Shared[ReferenceMinimum | NotApplicable]()
    reference_labels = Shared[Labels | Skipped]()

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
        self.spec = settings.protocol.probes
        self.dynamics = settings.protocol.dynamics
        self.precision = settings.precision
        self.dtype = "float64" if settings.precision == "double" else "float32"
        self.seed = settings.seed
        self.temperature_kelvin = self.dynamics.temperatures_kelvin[0]
        self.timestep_fs = self.dynamics.timesteps_fs[0]
        self.folder = folder
        self.store = MeasurementStore(folder)
        self.reference_source = reference
        self.report = on_progress
        self.journal = journal
        self.is_undecided = is_undecided
        self.condition: RunCondition | None = None
        self._counted = [0]
        self._measured: dict[str, Any] = {}

    @property
    def stability_limits(self) -> StabilityLimits:
        """Limits at which every simulation is stopped: the protocol's ``criteria.stability``."""
        return StabilityLimits.of(self.settings.protocol.limits_for("stability"))

    @property
    def molecule(self) -> MolecularSystem:
        """The molecule at the potential's minimum, or as requested where minimisation broke it."""
        if "molecule" not in self._measured:
            limits = self.stability_limits
            self._measured["molecule"] = start_molecule(self.asked, self.minimum, limits=limits)
        return cast("MolecularSystem", self._measured["molecule"])

    def progress(self, stage: str) -> Callable[[int, int], None]:
        """Return a progress callback for one stage, called with done and total."""
        return lambda done, total: self.report(stage, done, total)

    def evaluate(
        self,
        positions_angstrom: np.ndarray,
        *,
        molecule: MolecularSystem | None = None,
        precision: str | None = None,
    ) -> Points:
        """Evaluate geometries (..., N, 3), Å; those that the potential refuses are marked.

        Molecule and precision of the weights are the subject's own by default.
        """
        self._counted[0] += positions_angstrom[..., 0, 0].size
        molecule, precision = molecule or self.molecule, precision or self.precision
        return evaluate_points(self.potential, molecule, positions_angstrom, precision=precision)

    def create_system(self) -> openmm.System:
        """Return a new System of the molecule, as the potential makes it."""
        return self.potential.create_system(self.molecule, precision=self.precision)

    @property
    def paths(self) -> Paths:
        """The other ways to evaluate and run the potential: OpenMM, ASE, exports, ML/MM."""
        return Paths(self)

    @property
    def bulk(self) -> Bulk:
        """What is measured of a periodic box only."""
        return Bulk(self)

    def stress(self, positions_angstrom: np.ndarray) -> np.ndarray | NotApplicable:
        """Return the stress of the box at positions (N, 3), (3, 3), eV/Å³, or why there is none."""
        self._counted[0] += 1
        placed = self.molecule.with_positions(positions_angstrom)
        return evaluate_stress(self.potential, placed, precision=self.precision)

    def geometries(self) -> np.ndarray:
        """Return the geometries on which the energy surface is examined, (G, N, 3), Å.

        These are the minimum, then frames of the potential's own dynamics; where it left none,
        randomly displaced geometries.
        """
        frames = self.thermal_frames
        others = self.displaced(self.spec.thermal_frames) if frames is None else frames
        return np.concatenate([self.molecule.positions_angstrom[None], others])

    def displaced(self, count: int, *, molecule: MolecularSystem | None = None) -> np.ndarray:
        """Return randomly displaced geometries (G, N, 3), Å, by default of the subject's molecule.

        Each coordinate is displaced by ``distortion_angstrom`` (one σ).
        """
        start = molecule or self.molecule
        rng = np.random.default_rng(self.seed)
        noise = rng.normal(scale=self.spec.distortion_angstrom, size=(count, start.n_atoms, 3))
        return cast("np.ndarray", start.positions_angstrom + noise)

    @property
    def evaluations(self) -> int:
        """Geometries evaluated so far, by this subject and its views."""
        return self._counted[0]

    def start_cost(self) -> Callable[[], dict[str, float]]:
        """Return a function that returns the seconds and evaluations since this call.

        A step of a simulation is an evaluation.
        """
        began_s, before = time.perf_counter(), self.evaluations + STEPS.taken
        return lambda: {
            "seconds": time.perf_counter() - began_s,
            "evaluations": self.evaluations + STEPS.taken - before,
        }

    @property
    def experiments(self) -> Experiments:
        """Short simulations for single checks."""
        return Experiments(self)

    @property
    def boxes(self) -> Boxes:
        """Simulations at constant pressure or volume, for periodic subjects."""
        return Boxes(self)

    def velocities(self) -> tuple[np.ndarray, str]:
        """Run at constant energy from the shared samples; see :func:`run_velocities`."""
        return run_velocities(self, self.samples)

    def move_to_own_box(self) -> None:
        """Move the molecule into the box that the potential wants, before anything else is done."""
        self.asked = in_own_box(self)

    @property
    def can_ask_reference(self) -> bool:
        """Whether the reference can be evaluated anywhere, and is not labelled frames."""
        return isinstance(self.reference_source, Potential)

    @property
    def runs(self) -> Runs:
        """The simulations; in the view of one condition, its replicas."""
        runs = Runs(system=self.asked, runs=self.obtain("trajectories"))
        return runs if self.condition is None else runs.at(self.condition)

    @property
    def thermal_frames(self) -> np.ndarray | None:
        """Frames of the simulations that ran to their end, evenly spaced, (F, N, 3) float64, Å.

        F is at most the protocol's ``thermal_frames``; None where there is none.
        """
        found = own_frames(self, self.spec.thermal_frames)
        return None if found is None else found.positions_angstrom

    def obtain(self, name: str) -> Any:
        """Return a shared measurement of that name; measure and store it if that was not done."""
        if not self.has(name):
            source, cost = SHARED[name], self.start_cost()
            value = source.measure(self)
            if source.record is not None:
                self.store.write(name, value, cost=cost())
            self._measured[name] = value
        return self._measured[name]

    def has(self, name: str) -> bool:
        """Return whether a shared measurement was made, by this subject or by an earlier one."""
        record = SHARED[name].record
        if name not in self._measured and record is not None:
            stored = self.store.read(name)
            if stored is not None and stored.status == DONE:
                self._measured[name] = stored.record(record)
            elif stored is not None and stored.status == NOT_APPLICABLE:
                self._measured[name] = NotApplicable(stored.reason)
        return name in self._measured

    def name_of(self, value: Any) -> str:
        """Return the name under which a shared measurement is stored; empty where it is not one."""
        return next((name for name, known in self._measured.items() if known is value), "")

    def at(self, condition: RunCondition) -> "Subject":
        """Return the view of one temperature and timestep, which shares all measurements."""
        view = copy(self)
        view.condition = condition
        return view
