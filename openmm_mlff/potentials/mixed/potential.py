"""ML/MM as a potential: one part machine-learned, the rest a force field."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.boxes import nearest_images, whole_molecules
from openmm_mlff.molecules.electrons import lowest_multiplicity
from openmm_mlff.potentials.base import Evaluation, Potential, check_precision
from openmm_mlff.potentials.engine import SystemPotential, cutoff_angstrom
from openmm_mlff.potentials.mixed.forcefield import (
    boxed,
    create_mm_system,
    file_hashes,
    formal_charge,
    load_forcefield,
)
from openmm_mlff.potentials.mixed.parts import link_atoms, terms_inside
from openmm_mlff.potentials.mixed.prepared import PreparedSystem
from openmm_mlff.potentials.mixed.settings import MixedSettings
from openmm_mlff.potentials.mixed.structure import (
    bonds_of_atoms,
    check_box,
    check_ml_atoms,
    check_same_atoms,
    places_of_atoms,
)

# Before openmm-ml: if that is missing, this import states how to install it.
from openmm_mlff.potentials.openmmml.impl import PotentialImpl  # isort: split

from openmmml.mlpotential import MLPotential

from openmm_mlff.storage.fingerprint import Sources
from openmm_mlff.storage.text import one_line

_NO_SETTINGS = MixedSettings()


class MixedPotential(SystemPotential):
    """Some atoms of one structure described by a potential, the others by a force field.

    Mechanical embedding: E = E_MM(all) − E_MM(ML part alone) + E_ML(ML part). It supports only the
    structure for which it was created. A bond between the parts is capped with a hydrogen, the link
    atom of openmm-ml, which the potential sees in place of the other atom.

    Args:
        ml_potential: potential of the ML part, which it receives as isolated.
        topology: all particles, with residues and bonds; virtual sites have no element. The box is
            taken from the molecule instead.
        ml_atoms: (M,), indices of the ML part in the topology.
        forcefield: XML files of the user or of OpenMM, or a prepared system.
        settings: constraints, masses and cutoff of the force field.

    Attributes:
        ml_atoms: (M,), indices of the ML part among the atoms, without virtual sites.
        links: link atoms.

    Raises:
        PotentialError: the ML part is empty, contains all atoms or a virtual site, or cuts a bond
            to hydrogen; or a file of the force field cannot be read.
    """

    composition_is_free = False
    has_force_field = True
    is_mixed = True

    def __init__(
        self,
        ml_potential: Potential,
        topology: app.Topology,
        *,
        ml_atoms: npt.ArrayLike,
        forcefield: Sequence[str] | PreparedSystem,
        settings: MixedSettings = _NO_SETTINGS,
    ) -> None:
        self.ml_potential = ml_potential
        self.topology = topology
        self._part = np.array(ml_atoms, dtype=np.int64).reshape(-1)
        check_ml_atoms(topology, self._part)
        self._part.sort()
        places = places_of_atoms(topology)
        self.ml_atoms = places[self._part]
        self.links = link_atoms(topology, self._part, places=places)
        self.forcefield = load_forcefield(forcefield)
        self._bonded = places[bonds_of_atoms(topology)]
        self.settings = settings
        self.spec = ml_potential.spec
        self.name = f"{ml_potential.name}-in-mm"
        self._forcefield_files = file_hashes(forcefield)
        self.n_parameters = ml_potential.n_parameters

    def fresh(self) -> "MixedPotential":
        """See :meth:`Potential.fresh`."""
        other = super().fresh()
        other.ml_potential = self.ml_potential.fresh()
        return other

    def sources(self) -> Sources:
        """See :meth:`Potential.sources`: both parts and the partition of the atoms."""
        own = self.ml_potential.sources()
        details = {"atoms": self.ml_atoms.tolist(), "settings": repr(self.settings)}
        return replace(
            own,
            files={**own.files, **self._forcefield_files},
            details={**own.details, **details},
        )

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """Check atoms and box, and that both parts are supported."""
        self._checked_mm_system(molecule)

    def ml_part(self, molecule: MolecularSystem) -> MolecularSystem:
        """Return the M atoms of the ML part, then the link atoms, as an isolated molecule.

        It is neutral, with the lowest multiplicity that its electrons allow: only elements and
        positions are meaningful.
        """
        links = self.links.positions(molecule.positions_angstrom)
        numbers = [*molecule.atomic_numbers[self.ml_atoms], *[1] * len(links)]
        return MolecularSystem(
            name=f"{molecule.name} (ML part)",
            atomic_numbers=np.array(numbers),
            positions_angstrom=np.concatenate([molecule.positions_angstrom[self.ml_atoms], links]),
            multiplicity=lowest_multiplicity(np.array(numbers)),
        )

    def _checked_mm_system(self, molecule: MolecularSystem) -> openmm.System:
        check_same_atoms(self.topology, molecule)
        self.ml_potential.check_molecule(self.ml_part(molecule))
        system = self.mm_system(molecule)
        check_box(self.topology, molecule, cutoff_angstrom=cutoff_angstrom(system))
        return system

    def mm_system(self, molecule: MolecularSystem) -> openmm.System:
        """Create a System of the force field with all atoms, in the molecule's box."""
        return create_mm_system(
            self.forcefield,
            boxed(self.topology, molecule),
            settings=self.settings,
        )

    def mm_system_of_part(self, molecule: MolecularSystem) -> openmm.System:
        """System of all particles with the terms of the force field that the potential replaces."""
        return terms_inside(
            self.mm_system(molecule),
            self.topology,
            self._part,
            keeps_images=bool(self.ml_potential.is_long_range),
        )

    def create_system(
        self, molecule: MolecularSystem, *, precision: str = "mixed", interpolate: bool = False
    ) -> openmm.System:
        """Create the mixed System, with masses and constraints of the force field.

        Constraints inside the ML part are removed. Bonds between the parts are capped with
        hydrogens, virtual sites at the end of the System. With ``interpolate`` it has the Context
        parameter ``lambda_interpolate``, from 0, the force field, to 1, the mixed System. It has no
        centre-of-mass remover.

        Raises:
            PotentialError: see :meth:`check_molecule`; or openmm-ml does not support the force
                field.
        """
        impl = PotentialImpl(self.ml_potential, precision=check_precision(precision))
        mm_system = self._checked_mm_system(molecule)
        topology = boxed(self.topology, molecule)
        for atom in topology.atoms():
            # openmm-ml reads the element of each particle, but uses those of the ML part only.
            atom.element = atom.element or app.element.hydrogen
        if molecule.is_periodic and self.ml_potential.is_long_range is None:
            raise PotentialError(
                f"for a mixed System in a box it must be known whether {self.spec} describes "
                "long-range interactions; add mlLongRange=true or mlLongRange=false to its options"
            )
        charge = formal_charge(mm_system, self._part)
        numbers = self.ml_part(molecule).atomic_numbers
        try:
            system: openmm.System = _OfImpl(impl).createMixedSystem(
                topology,
                mm_system,
                self._part.tolist(),
                interpolate=interpolate,
                charge=charge,
                multiplicity=lowest_multiplicity(numbers, charge=charge),
            )
        except (ValueError, NotImplementedError, openmm.OpenMMException) as error:
            raise PotentialError(
                f"openmm-ml cannot mix {self.spec} with this force field "
                f"({one_line(error)}); choose another force field"
            ) from error
        _check_solvent(system)
        return system

    def interpolates(self, molecule: MolecularSystem) -> bool:
        """Whether openmm-ml can interpolate: not with a ``CustomNonbondedForce``, as of NBFIX."""
        forces = self.mm_system(molecule).getForces()
        return not any(isinstance(force, openmm.CustomNonbondedForce) for force in forces)

    def evaluate(
        self, molecule: MolecularSystem, positions_angstrom: np.ndarray, *, precision: str = "mixed"
    ) -> Evaluation:
        """Evaluate geometries, (G, N, 3), Å, in one Context; constraints are not applied.

        In a box, molecules are made whole first.

        Raises:
            EvaluationRefusedError: OpenMM refuses a geometry.
        """
        check_same_atoms(self.topology, molecule)
        placed = np.array(positions_angstrom, dtype=np.float64)
        if molecule.cell_angstrom is not None and len(self._bonded):
            # OpenMM evaluates bonded terms, constraints and the ML part at the coordinates that it
            # receives, not at the nearest images.
            for geometry in placed:
                at = {"positions_angstrom": geometry, "cell_angstrom": molecule.cell_angstrom}
                _, shifts = nearest_images(self._bonded, **at)
                geometry[:] = whole_molecules(pairs=self._bonded, shifts=shifts, **at)
        return super().evaluate(molecule, placed, precision=precision)


class _OfImpl(MLPotential):
    """openmm-ml's interface to an existing implementation instead of a name."""

    def __init__(self, impl: PotentialImpl) -> None:
        self._impl = impl


def _check_solvent(system: openmm.System) -> None:
    """Raise if implicit solvent leaves out link atoms."""
    for force in system.getForces():
        if isinstance(force, (openmm.GBSAOBCForce, openmm.CustomGBForce)) and (
            force.getNumParticles() != system.getNumParticles()
        ):
            raise PotentialError(
                f"the selection cuts bonds, and openmm-ml does not add link atoms to a "
                f"{type(force).__name__} (implicit solvent): select whole molecules"
            )
