"""Energy and forces from a single call of an ASE calculator, also once per step of OpenMM."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff import units
from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.storage.text import one_line

if TYPE_CHECKING:
    import openmm
    from ase import Atoms
    from ase.calculators.calculator import BaseCalculator

FREE_ENERGY = "free_energy"
"""ASE's name of the energy consistent with the forces."""


def forget(calculator: "BaseCalculator") -> None:
    """Reset a calculator.

    ASE does not compare ``atoms.info`` with that of the previous atoms, and an SCF that starts from
    the previous density may converge to another state.
    """
    reset = getattr(calculator, "reset", None)
    if callable(reset):
        reset()


def energy_and_forces(atoms: "Atoms", *, spec: str) -> tuple[float, np.ndarray]:
    """Compute energy, eV, and forces, (N, 3), eV/Å, in one call of the calculator of ``atoms``.

    The energy is the one consistent with the forces: ``free_energy`` if available, else ``energy``.

    Raises:
        PotentialError: the result is not one energy and one force per atom.
    """
    results = _results(atoms, spec=spec)
    energy = np.asarray(results[FREE_ENERGY], dtype=float)
    forces = np.array(results["forces"], dtype=float)
    if energy.size != 1:
        raise PotentialError(
            f"{spec} returns an energy of shape {energy.shape}; expected one number, the sum over "
            "the atoms: correct the calculator"
        )
    if forces.shape != (len(atoms), 3):
        raise PotentialError(
            f"{spec} returns forces of shape {forces.shape} for {len(atoms)} atoms; expected "
            f"{(len(atoms), 3)}: correct the calculator"
        )
    return float(energy.reshape(())), forces


def _results(atoms: "Atoms", *, spec: str) -> dict[str, Any]:
    """Return energy and forces as provided by the calculator."""
    from ase.calculators.calculator import Calculator, PropertyNotImplementedError

    calculator = atoms.calc
    listed = set(calculator.implemented_properties)
    wanted = [name for name in ("energy", FREE_ENERGY, "forces") if name in listed]
    found: dict[str, Any] = {}
    if getattr(type(calculator), "get_property", None) is Calculator.get_property:
        # With one property requested at a time, some calculators would compute twice.
        changes = calculator.check_state(atoms)
        if changes or not {"energy", "forces"} <= set(calculator.results):
            calculator.atoms, calculator.results = None, {}
            calculator.calculate(atoms, wanted, changes)
        found = {name: calculator.results.get(name) for name in wanted}
    for name in wanted:
        if found.get(name) is None:
            with suppress(PropertyNotImplementedError):
                found[name] = calculator.get_property(name, atoms)
    if found.get(FREE_ENERGY) is None:
        found[FREE_ENERGY] = found.get("energy")
    for name, key in (("energy", FREE_ENERGY), ("forces", "forces")):
        if found.get(key) is None:
            raise PotentialError(
                f"{spec} returns no {name}; expected energy and forces, which dynamics needs: "
                "correct the calculator or choose another one"
            )
    return found


@contextmanager
def refusals() -> Iterator[None]:
    """Convert deliberate errors of an ASE calculator to refusals; other errors are its bugs.

    Yields:
        None; evaluate inside the context.

    Raises:
        EvaluationRefusedError: the calculator raised ASE's ``CalculatorError``.
    """
    from ase.calculators.calculator import CalculatorError

    try:
        yield
    except CalculatorError as error:
        raise EvaluationRefusedError(one_line(error)) from error


def python_force(
    molecule: MolecularSystem,
    calculator: "BaseCalculator",
    *,
    spec: str,
    particles: Sequence[int] | None = None,
) -> "openmm.Force":
    """Return a `PythonForce` that calls an ASE calculator (eV, Å) once per step.

    For a periodic molecule the current box of OpenMM is used. ``particles``: the molecule's indices
    in a larger System; None for all. ``spec`` is for error messages.
    """
    import openmm

    atoms = molecule.to_ase()
    atoms.calc = calculator

    def compute(state: "openmm.State") -> tuple[float, Any]:
        placed_nm = state.getPositions(asNumpy=True)._value
        atoms.positions = units.angstrom_from_nm(placed_nm)
        if molecule.is_periodic:
            atoms.cell = units.angstrom_from_nm(state.getPeriodicBoxVectors(asNumpy=True)._value)
        energy_ev, forces = energy_and_forces(atoms, spec=spec)
        pushed = units.kj_per_mol_nm_from_ev_per_angstrom(forces)
        return units.kj_per_mol_from_ev(energy_ev), pushed

    force = openmm.PythonForce(compute)
    force.setUsesPeriodicBoundaryConditions(molecule.is_periodic)
    if particles is not None:
        force.setParticles(list(particles))
    return force
