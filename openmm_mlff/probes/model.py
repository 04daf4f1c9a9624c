"""What a probe is given and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from openmm_mlff.config import ProbeSpec
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.simulation.platforms import PlatformChoice


@dataclass(frozen=True)
class ProbeSubject:
    """What is probed, and how.

    Attributes:
        potential: the potential under test.
        molecule: at the potential's own minimum.
        platform: the platform of the run.
        precision: ``single``, ``mixed`` or ``double``.
        spec: how much to evaluate.
        seed: of everything random.
        temperature_kelvin: first of the protocol's.
        timestep_fs: first of the protocol's.
        trajectory: frames of the potential's own dynamics, (F, N, 3), Å; None where there are none.
        run_folder: of the first trajectory that came to its end; None where there is none.
    """

    potential: Potential
    molecule: MolecularSystem
    platform: PlatformChoice
    precision: str
    spec: ProbeSpec
    seed: int
    temperature_kelvin: float = 300.0
    timestep_fs: float = 0.5
    trajectory: np.ndarray | None = None
    run_folder: Path | None = None

    @property
    def dtype(self) -> str:
        """Precision of the weights."""
        return "float64" if self.precision == "double" else "float32"

    def geometries(self) -> np.ndarray:
        """Give the geometries on which the energy surface is probed.

        Returns:
            (G, N, 3), Å: the minimum, then frames of the potential's own dynamics; where it left
            none, geometries distorted at random.
        """
        frames = self.trajectory
        if frames is None or len(frames) == 0:
            frames = distorted_positions(
                self.molecule,
                self.spec.thermal_frames,
                scale_angstrom=self.spec.distortion_angstrom,
                seed=self.seed,
            )
        return np.concatenate([self.molecule.positions_angstrom[None], frames])


@dataclass(frozen=True)
class ProbeOutcome:
    """Plain values and arrays; or the reason why the probe does not apply.

    Attributes:
        data: plain values.
        arrays: arrays by name.
        skipped: why nothing was measured; empty where something was.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    skipped: str = ""


def not_applicable(reason: str) -> ProbeOutcome:
    """Say that the question has no meaning for this potential.

    Args:
        reason: one sentence.

    Returns:
        An outcome without arrays.
    """
    return ProbeOutcome(data={"applicable": False}, skipped=reason)


def distorted_positions(
    molecule: MolecularSystem, count: int, *, scale_angstrom: float, seed: int
) -> np.ndarray:
    """Distort a molecule at random.

    Args:
        molecule: where the distortions start.
        count: G.
        scale_angstrom: standard deviation of each coordinate's displacement, Å.
        seed: of the displacements.

    Returns:
        Geometries, (G, N, 3), Å.
    """
    rng = np.random.default_rng(seed)
    noise = rng.normal(scale=scale_angstrom, size=(count, molecule.n_atoms, 3))
    return molecule.positions_angstrom + noise
