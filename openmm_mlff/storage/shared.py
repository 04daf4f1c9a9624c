"""Records of the measurements that checks share; :mod:`openmm_mlff.measuring` makes them."""

import numpy as np

from openmm_mlff.storage.typed import array, record

MINIMUM_FORCE_EV_PER_ANGSTROM = 0.01
"""A geometry counts as a minimum up to this force on an atom."""

OWN_GEOMETRIES = ("minimum", "trajectories", "ensemble")
"""Shared measurements behind the minimum and the frames of a potential's own dynamics."""


@record
class Minimum:
    """Where minimisation of the potential ended.

    Attributes:
        positions_angstrom: there.
        energy_ev: there; NaN where minimisation broke off.
        largest_force_ev_per_angstrom: length of one atom's force.
        failure: why minimisation broke off; empty where it did not.
    """

    positions_angstrom: np.ndarray = array("N", 3)
    energy_ev: float
    largest_force_ev_per_angstrom: float
    failure: str = ""

    @property
    def converged(self) -> bool:
        """Whether the forces are those of a minimum."""
        return self.largest_force_ev_per_angstrom <= MINIMUM_FORCE_EV_PER_ANGSTROM


@record
class Noise:
    """What smooth curves leave of energies and forces on two lines; NaN where a point was refused.

    Both run along the forces of a displaced geometry, the steepest direction.

    Attributes:
        short_line_energies_ev: along 1e-4 Å.
        short_line_forces_ev_per_angstrom: there.
        long_line_energies_ev: along 1e-2 Å, wide enough to cross several stairs of an energy that
            is rounded coarsely.
        long_line_forces_ev_per_angstrom: there.
        energy_ev: standard deviation from a polynomial along the long line.
        energy_quantum_ev: step of which all energies are multiples, one ulp of a float32 total for
            example; 0 where they are as fine as float64.
        short_line_force_ev_per_angstrom: standard deviation of a component from a polynomial.
        long_line_force_ev_per_angstrom: the same along the long line.
        refused: points that the potential refused, of both lines.
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
        """The larger noise of a force component."""
        return float(
            np.maximum(self.short_line_force_ev_per_angstrom, self.long_line_force_ev_per_angstrom)
        )


@record
class Samples:
    """Samples of the canonical ensemble from Langevin dynamics; none where the system broke.

    Attributes:
        positions_angstrom: of each sample.
        velocities_angstrom_per_ps: of each sample.
        time_ps: since the end of the equilibration.
        masses_amu: of the atoms.
        constrained: atoms at a fixed distance from another.
        degrees_of_freedom: of all atoms together; nothing holds the centre of mass.
        symbols: element of each atom.
        temperature_kelvin: of the thermostat.
        failure: why the run broke off; empty where it did not.
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
class Ensemble:
    """Short NVE runs from evenly spaced points of the Langevin samples.

    Attributes:
        temperatures_kelvin: mean kinetic temperature of each run.
        positions_angstrom: frames of each run, evenly spaced, the end among them.
        frame_time_ps: of the frames, since the start of a run.
        degrees_of_freedom: of the vibrations: translation, and isolated rotation, are removed.
        temperature_kelvin: of the samples.
        timestep_fs: of the runs.
        duration_ps: of each run.
        failure: why a run broke off; empty where none did. Later runs were not begun.
        failure_ps: when it broke; NaN where none did.
        failure_atoms: atoms concerned, zero-based.
    """

    temperatures_kelvin: np.ndarray = array("runs")
    positions_angstrom: np.ndarray = array("runs", "frames", "N", 3)
    frame_time_ps: np.ndarray = array("frames")
    degrees_of_freedom: int
    temperature_kelvin: float
    timestep_fs: float
    duration_ps: float
    failure: str = ""
    failure_ps: float = float("nan")
    failure_atoms: tuple[int, ...] = ()


@record
class Hessian:
    """Force Jacobians J = dF/dx of A atoms, eV/Å²; row: force, column: displaced coordinate.

    The Hessian is −J.

    Attributes:
        jacobians: the minimum first, then thermal frames.
        positions_angstrom: where.
        atoms: whose coordinates are displaced; all N, or a sample of a large system.
        refused: geometries at which the potential refused a point.
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
    """The reference's minimum, relaxed from the potential's, so that both are in one basin.

    Attributes:
        reference: its spec string.
        model_positions_angstrom: where the relaxation started.
        model_largest_force: on an atom there, by the potential, eV/Å.
        positions_angstrom: where it ended.
        largest_force: on an atom there, by the reference, eV/Å; NaN where it refused.
        reason: why it did not converge; empty where it did.
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
        """Whether the reference's forces are those of a minimum."""
        return self.largest_force <= MINIMUM_FORCE_EV_PER_ANGSTROM


@record
class Labels:
    """Frames evaluated by the potential and by the reference, G of them.

    Attributes:
        reference: spec string of the reference, or the file that holds its labels.
        run: simulations that the frames come from; for sentences where they come from a file.
        frames_of: whose frames they are, for sentences.
        symbols: elements of the atoms.
        requested: frames given to the reference.
        refused: frames that it refused.
        refusals: why, for the first of them.
        time_ps: of the frames; their place in a file.
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
