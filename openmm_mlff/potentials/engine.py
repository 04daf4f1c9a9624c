"""Energies and forces of a System, one geometry after the other in one Context."""

import numpy as np
import numpy.typing as npt
import openmm

from openmm_mlff import units
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.potentials.sites import of_atoms

_UNUSED_TIMESTEP_PS = 0.001


def cutoff_angstrom(system: openmm.System) -> float:
    """Return the longest cutoff of a System's periodic forces, Å; 0 without one."""
    lengths = [
        units.angstrom_from_nm(force.getCutoffDistance()._value)
        for force in system.getForces()
        if hasattr(force, "getCutoffDistance") and force.usesPeriodicBoundaryConditions()
    ]
    return max(lengths, default=0.0)


def _refuse_narrow(cell_angstrom: npt.NDArray[np.float64], *, cutoff_angstrom: float) -> None:
    # Not the distance of the faces, which is smaller in a skewed box of the same lattice.
    length = float(np.diag(cell_angstrom).min())
    if length < 2.0 * cutoff_angstrom:
        raise EvaluationRefusedError(
            f"the box is {length:.2f} Å long, less than twice the cutoff of {cutoff_angstrom:g} Å"
        )


class Engine:
    """A reusable Context for single-point evaluations.

    Args:
        system: constraints are not applied: forces are the gradient of the energy.
        precision: ``double`` runs on the Reference platform, otherwise CPU with deterministic
            forces.

    Raises:
        EvaluationRefusedError: the box is smaller than twice the cutoff.
    """

    def __init__(self, system: openmm.System, *, precision: str) -> None:
        self._cutoff_angstrom = cutoff_angstrom(system)
        if system.usesPeriodicBoundaryConditions():
            vectors_nm = np.array(
                [list(row._value) for row in system.getDefaultPeriodicBoxVectors()]
            )
            cell = units.angstrom_from_nm(vectors_nm)
            _refuse_narrow(cell, cutoff_angstrom=self._cutoff_angstrom)
        name = "Reference" if precision == "double" else "CPU"
        properties = {} if name == "Reference" else {"DeterministicForces": "true"}
        self._context = of_atoms(
            openmm.Context(
                system,
                openmm.VerletIntegrator(_UNUSED_TIMESTEP_PS),
                openmm.Platform.getPlatformByName(name),
                properties,
            )
        )

    def set_parameter(self, name: str, value: float) -> None:
        """Set a parameter of the Context, such as ``lambda_interpolate``."""
        self._context.setParameter(name, value)

    def evaluate(
        self,
        positions_angstrom: npt.NDArray[np.float64],
        *,
        cell_angstrom: npt.NDArray[np.float64] | None = None,
    ) -> tuple[float, npt.NDArray[np.float64]]:
        """Return energy, eV, and forces, (N, 3), eV/Å, of one geometry.

        ``cell_angstrom``: (3, 3), rows; None leaves the box unchanged.

        Raises:
            EvaluationRefusedError: OpenMM refuses the geometry, or the box is smaller than twice
                the cutoff: a segmentation fault where OpenMM does not notice.
        """
        try:
            if cell_angstrom is not None:
                _refuse_narrow(cell_angstrom, cutoff_angstrom=self._cutoff_angstrom)
                self._context.setPeriodicBoxVectors(*openmm_box_nm(cell_angstrom))
            self._context.setPositions(units.nm_from_angstrom(np.asarray(positions_angstrom)))
            state = self._context.getState(energy=True, forces=True)
        except openmm.OpenMMException as error:
            raise EvaluationRefusedError(" ".join(str(error).split())) from error
        forces = np.array(state.getForces(asNumpy=True)._value)
        return (
            units.ev_from_kj_per_mol(float(state.getPotentialEnergy()._value)),
            units.ev_per_angstrom_from_kj_per_mol_nm(forces),
        )
