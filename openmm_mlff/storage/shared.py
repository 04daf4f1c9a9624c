"""Records of measurements shared by several checks, written by :mod:`openmm_mlff.measuring`."""

import numpy as np

from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import density_g_per_cm3

MINIMUM_FORCE_EV_PER_ANGSTROM = 0.01
"""Largest force on an atom at a converged minimum."""

OWN_GEOMETRIES = ("minimum", "trajectories", "short_runs")
"""Shared measurements that the minimum and the frames of a potential's own dynamics come from."""


@record
class Minimum:
    """Result of minimising the potential energy.

    Attributes:
        energy_ev: NaN if minimisation failed.
        largest_force_ev_per_angstrom: largest norm of the force on an atom.
        failure: why minimisation failed; empty if it did not.
    """

    positions_angstrom: np.ndarray = array("N", 3)
    energy_ev: float
    largest_force_ev_per_angstrom: float
    failure: str = ""

    @property
    def converged(self) -> bool:
        """Whether the largest force is that of a minimum."""
        return self.largest_force_ev_per_angstrom <= MINIMUM_FORCE_EV_PER_ANGSTROM


@record
class Noise:
    """Residuals of energies and forces from polynomials on two lines; NaN for refused points.

    Both lines run along the forces of a displaced geometry, the steepest direction.

    Attributes:
        short_line_energies_ev: over 1e-4 Å.
        long_line_energies_ev: over 1e-2 Å, wide enough to cross several steps of a coarsely
            rounded energy.
        energy_ev: standard deviation of the residuals along the long line.
        energy_quantum_ev: step of which all energies are multiples, e.g. one ulp of a float32
            total; 0 if they are as fine as float64.
        short_line_force_ev_per_angstrom: standard deviation of the residuals of a component.
        refused: number of points on both lines that the potential refused.
    """

    short_line_energies_ev: np.ndarray = array("short_line_points")
    short_line_forces_ev_per_angstrom: np.ndarray = array("short_line_points", "N", 3)
    long_line_energies_ev: np.ndarray = array("long_line_points")
    long_line_forces_ev_per_angstrom: np.ndarray = array("long_line_points", "N", 3)
    energy_ev: float
    energy_quantum_ev: float
    short_line_force_ev_per_angstrom: float
    long_line_force_ev_per_angstrom: float
    refused: int

    @property
    def force_ev_per_angstrom(self) -> float:
        """Larger of the two noise levels of a force component."""
        return float(
            np.maximum(self.short_line_force_ev_per_angstrom, self.long_line_force_ev_per_angstrom)
        )


@record
class Samples:
    """Samples of the canonical ensemble from Langevin dynamics; none if the simulation failed.

    Attributes:
        time_ps: since the end of equilibration.
        constrained: whether each atom has a distance constraint.
        degrees_of_freedom: of all atoms; the motion of the centre of mass is not removed.
        temperature_kelvin: of the thermostat.
        failure: why the simulation failed; empty if it did not.
    """

    positions_angstrom: np.ndarray = array("samples", "N", 3)
    velocities_angstrom_per_ps: np.ndarray = array("samples", "N", 3)
    time_ps: np.ndarray = array("samples")
    masses_amu: np.ndarray = array("N")
    constrained: np.ndarray = array("N")
    symbols: tuple[str, ...]
    degrees_of_freedom: int
    temperature_kelvin: float
    failure: str = ""


@record
class ShortRuns:
    """Short NVE runs from evenly spaced Langevin samples at each temperature of the protocol.

    Attributes:
        temperatures_kelvin: mean kinetic temperature of each run.
        asked_kelvin: temperature of the samples that each run starts from.
        positions_angstrom: evenly spaced frames of each run, including the last.
        frame_time_ps: since the start of a run.
        degrees_of_freedom: vibrational; translation, and rotation without a box, are removed.
        duration_ps: of each run.
        failure: why a run failed; empty if none did.  Later runs were not started.
        failure_ps: NaN if no run failed.
        failure_kelvin: temperature of the samples that it started from; NaN if no run failed.
        failure_atoms: zero-based.
    """

    temperatures_kelvin: np.ndarray = array("runs")
    asked_kelvin: np.ndarray = array("runs")
    positions_angstrom: np.ndarray = array("runs", "frames", "N", 3)
    frame_time_ps: np.ndarray = array("frames")
    degrees_of_freedom: int
    timestep_fs: float
    duration_ps: float
    failure: str = ""
    failure_ps: float = float("nan")
    failure_kelvin: float = float("nan")
    failure_atoms: tuple[int, ...] = ()


@record
class Box:
    """The periodic box that the potential wants, with the atoms in it.

    Attributes:
        failure: why it was not found; empty if it was.
    """

    cell_angstrom: np.ndarray = array(3, 3)
    positions_angstrom: np.ndarray = array("N", 3)
    failure: str = ""


@record
class BoxRun:
    """A run under a thermostat, and under a barostat unless the pressure is NaN.

    A row follows each volume move; frames are evenly spaced rows.

    Attributes:
        potential_ev: of the Context.
        cells_angstrom: box vectors as rows.
        failure: why the run broke off; empty if it did not.
    """

    time_ps: np.ndarray = array("rows")
    volume_angstrom3: np.ndarray = array("rows")
    potential_ev: np.ndarray = array("rows")
    positions_angstrom: np.ndarray = array("frames", "N", 3)
    cells_angstrom: np.ndarray = array("frames", 3, 3)
    frame_energies_ev: np.ndarray = array("frames")
    mass_amu: float
    temperature_kelvin: float
    pressure_bar: float
    failure: str = ""

    @property
    def density_g_per_cm3(self) -> np.ndarray:
        """Density in each row."""
        return np.asarray(density_g_per_cm3(self.mass_amu, volume_angstrom3=self.volume_angstrom3))

    @property
    def acceptance(self) -> float:
        """Fraction of the volume moves that were accepted."""
        return float(np.mean(np.diff(self.volume_angstrom3) != 0.0))


def settled(values: np.ndarray) -> np.ndarray:
    """Return the last four fifths of the rows of a run, (rows, ...)."""
    return values[len(values) // 5 :]


@record
class Hessian:
    """Force Jacobians J = dF/dx of A atoms, eV/Å²; row: force, column: displaced coordinate.

    The Hessian is −J.

    Attributes:
        jacobians: at the minimum, then at thermal frames.
        atoms: whose coordinates are displaced; all N, or a sample of a large system.
        refused: whether the potential refused a displaced geometry, for each geometry.
        step_angstrom: of the central differences.
        n_atoms: N.
        reasons: of the first refusals.
    """

    jacobians: np.ndarray = array("geometries", "3A", "3A")
    positions_angstrom: np.ndarray = array("geometries", "N", 3)
    atoms: np.ndarray = array("A")
    refused: np.ndarray = array("geometries")
    step_angstrom: float
    n_atoms: int
    reasons: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every atom was displaced."""
        return len(self.atoms) == self.n_atoms


@record
class ReferenceMinimum:
    """The reference's minimum, relaxed from the potential's so that both are in the same basin.

    Attributes:
        reference: spec string.
        model_positions_angstrom: start of the relaxation.
        model_largest_force: of the potential on an atom at the start, eV/Å.
        positions_angstrom: end of the relaxation.
        largest_force: of the reference on an atom at the end, eV/Å; NaN if it refused.
        reason: why the relaxation did not converge; empty if it did.
    """

    reference: str
    model_positions_angstrom: np.ndarray = array("N", 3)
    model_largest_force: float
    positions_angstrom: np.ndarray = array("N", 3)
    largest_force: float
    reason: str = ""

    @property
    def model_converged(self) -> bool:
        """Whether the relaxation started from a minimum of the potential."""
        return self.model_largest_force <= MINIMUM_FORCE_EV_PER_ANGSTROM

    @property
    def converged(self) -> bool:
        """Whether the largest force of the reference is that of a minimum."""
        return self.largest_force <= MINIMUM_FORCE_EV_PER_ANGSTROM


@record
class Labels:
    """Frames with energies in eV and forces in eV/Å by the potential and by the reference.

    Attributes:
        reference: spec string of the reference, or the file with its labels.
        run: simulations that the frames come from; a phrase for messages if from a file.
        frames_of: origin of the frames, for messages.
        requested: number of frames given to the reference.
        refused: number of frames that it refused.
        refusals: reasons of the first refusals.
        time_ps: of the frames; their index if they come from a file.
    """

    reference: str
    run: str
    frames_of: str
    symbols: tuple[str, ...]
    requested: int
    refused: int
    refusals: tuple[str, ...] = ()
    positions_angstrom: np.ndarray = array("frames", "N", 3)
    time_ps: np.ndarray = array("frames")
    model_energies_ev: np.ndarray = array("frames")
    model_forces: np.ndarray = array("frames", "N", 3)
    reference_energies_ev: np.ndarray = array("frames")
    reference_forces: np.ndarray = array("frames", "N", 3)
