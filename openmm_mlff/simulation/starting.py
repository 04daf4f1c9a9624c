"""Check the initial structure of a run."""

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.monitor import StabilityMonitor
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.simulation.job import TrajectoryJob


def check_start(
    molecule: MolecularSystem, job: TrajectoryJob, *, start_positions_angstrom: FloatArray
) -> None:
    """Check that the minimum (N, 3) from which a run starts is still the intended molecule.

    Raises:
        UnstableError: it is not; its time is that of the start of equilibration, negative.
    """
    monitor = StabilityMonitor(
        molecule.atomic_numbers,
        positions_angstrom=molecule.positions_angstrom,
        bonds=molecule.bonds or (),
        cell_angstrom=molecule.cell_angstrom,
        limits=job.limits,
    )
    problem = monitor.check_positions(start_positions_angstrom)
    if problem is not None:
        raise UnstableError(
            f"at the minimum it was to start from: {problem.message}",
            time_ps=-job.equilibration_ps,
            step=-job.n_equilibration_steps,
            atoms=problem.atoms,
        )
