"""Our plugins in openmm-ml, molecules as topologies, and energies of Systems."""

from dataclasses import dataclass

import numpy as np
import openmm
import pytest
import torch
from openmm import app, unit
from openmmml import MLPotential

from openmm_mlff import units
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.base import Potential
from openmm_mlff.potentials.openmmml.plugin import FileFactory, StudentFactory

from ..conftest import context_of

STUDENTS = ("student-original", "student-tiny", "student-ultra-tiny")

# Residues of the alanine dipeptide of the library, by its atoms.
_ACETYL = (0, 1, 2, 10, 11, 12)
_ALANINE = (3, 4, 5, 6, 7, 13, 14, 15, 16, 17)
_METHYLAMIDE = (8, 9, 18, 19, 20, 21)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    """Register what the entry points name, wherever the package is not installed with them."""
    for name in STUDENTS:
        monkeypatch.setitem(MLPotential._implFactories, name, StudentFactory())
    monkeypatch.setitem(MLPotential._implFactories, "mlff-torchscript", FileFactory())


class Recording(Potential):
    """Harmonic springs to the origin, k = 1 kJ/mol/nm²; records its arguments."""

    def __init__(self) -> None:
        self.spec = self.name = "recording"
        self.n_parameters, self.elements = None, None
        self.asked = []

    def create_forces(self, molecule, *, precision="mixed", particles=None):
        self.asked.append((molecule, precision, particles))
        force = openmm.CustomExternalForce("0.5*(x^2+y^2+z^2)")
        for index in range(molecule.n_atoms) if particles is None else particles:
            force.addParticle(index)
        return [force]

    def ase_calculator(self, *, precision="mixed", device="cpu"):
        raise NotImplementedError


class Springs(torch.nn.Module):
    def forward(self, positions):
        return (positions**2).sum()


@dataclass
class Solvated:
    """A structure on a force field."""

    topology: app.Topology
    positions_nm: np.ndarray
    system: openmm.System


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture(scope="session")
def waters() -> Solvated:
    """A periodic box of TIP3P water, 2 nm wide, rigid, with PME."""
    forcefield = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), np.empty((0, 3)) * unit.nanometer)
    modeller.addSolvent(forcefield, boxSize=openmm.Vec3(2, 2, 2) * unit.nanometer)
    system = forcefield.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9 * unit.nanometer
    )
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer))
    return Solvated(modeller.topology, positions, system)


@pytest.fixture(scope="session")
def dipeptide() -> Solvated:
    """Acetyl, alanine and methylamide, isolated, on Amber's force field."""
    molecule = load_system("alanine_dipeptide")
    order = (*_ACETYL, *_ALANINE, *_METHYLAMIDE)
    topology = app.Topology()
    chain = topology.addChain()
    atoms = {}
    for name, members in (("ACE", _ACETYL), ("ALA", _ALANINE), ("NME", _METHYLAMIDE)):
        residue = topology.addResidue(name, chain)
        for index in members:
            element = app.Element.getByAtomicNumber(int(molecule.atomic_numbers[index]))
            atoms[index] = topology.addAtom(f"{element.symbol}{index}", element, residue)
    for first, second in molecule.bonds:
        topology.addBond(atoms[first], atoms[second])
    positions = units.nm_from_angstrom(molecule.positions_angstrom[list(order)])
    system = app.ForceField("amber14-all.xml").createSystem(topology)
    return Solvated(topology, positions, system)


def energy_and_forces(system, positions_nm, *, platform="Reference", **parameters):
    """Return kJ/mol and kJ/mol/nm; virtual sites are placed by OpenMM."""
    sites = system.getNumParticles() - len(positions_nm)
    placed_angstrom = 10.0 * np.vstack([positions_nm, np.zeros((sites, 3))])
    context = context_of(system, placed_angstrom, platform=platform)
    context.computeVirtualSites()
    for name, value in parameters.items():
        context.setParameter(name, value)
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, np.array(state.getForces(asNumpy=True)._value)


@pytest.fixture(scope="session")
def evaluated():
    return energy_and_forces
