"""Time per step and atom against the number of atoms: periodic boxes of one liquid."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.simulation import make_simulation
from openmm_mlff.simulation.memory import resident_mebibytes
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.units import ps_from_fs

TIMESTEP_FS = 0.5
WARM_UP_STEPS = 2


def repeated(box: MolecularSystem, counts: tuple[int, int, int]) -> MolecularSystem:
    """Replicate a periodic box by the number of copies along each box vector.

    Raises:
        ValueError: there is no box, or a count is below one.
    """
    if box.cell_angstrom is None or min(counts) < 1:
        raise ValueError(f"{box.name}, {counts}; expected a periodic box and counts of 1 or more")
    shifts = np.indices(counts).reshape(3, -1).T @ box.cell_angstrom
    return MolecularSystem(
        name=f"{box.name}_{'x'.join(map(str, counts))}",
        atomic_numbers=np.tile(box.atomic_numbers, len(shifts)),
        positions_angstrom=(box.positions_angstrom + shifts[:, None]).reshape(-1, 3),
        cell_angstrom=box.cell_angstrom * np.array(counts)[:, None],
        source=f"copies of {box.name}",
    )


def measure_atoms(
    potential: Potential,
    boxes: Sequence[MolecularSystem],
    *,
    platform: PlatformChoice,
    rounds: int,
    precision: str = "mixed",
) -> list[Mapping[str, Any]]:
    """Step boxes of ascending size in turn, so that noise affects all of them equally.

    Returns:
        For each box `n_atoms`, `ms_per_step` (median over the rounds), `us_per_atom`, and
            `resident_mebibytes` of the process after this box and all smaller ones.
    """
    simulations, memory = [], []
    for box in boxes:
        simulations.append(
            make_simulation(
                potential.create_system(box, precision=precision),
                box,
                openmm.VerletIntegrator(ps_from_fs(TIMESTEP_FS)),
                platform=platform,
                positions_angstrom=box.positions_angstrom,
            )
        )
        simulations[-1].step(WARM_UP_STEPS)
        memory.append(resident_mebibytes())
    times_ms = np.empty((rounds, len(boxes)))
    for number in range(rounds):
        for index, simulation in enumerate(simulations):
            began = time.perf_counter()
            simulation.step(1)
            times_ms[number, index] = 1e3 * (time.perf_counter() - began)
    return [
        {
            "n_atoms": box.n_atoms,
            "ms_per_step": float(median),
            "us_per_atom": float(1e3 * median / box.n_atoms),
            "resident_mebibytes": resident,
        }
        for box, median, resident in zip(boxes, np.median(times_ms, axis=0), memory, strict=True)
    ]
