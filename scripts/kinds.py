"""Kinds of systems, each with a sound potential, for validations of a potential against itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from openmm_mlff.molecules import MolecularSystem, load_system, systems_root
from openmm_mlff.options import PotentialOptions
from openmm_mlff.pipeline.systems import embedded
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.selftest.oracles.field import FieldOracle

CHAIN_UNITS = 32
"""C32H66 has 98 atoms."""


@dataclass(frozen=True)
class Kind:
    """One kind of system, with a healthy potential; slow if all checks take more than 10 s.

    The pressure is that of protocols for boxes.
    """

    name: str
    molecule: Callable[[], MolecularSystem]
    potential: Callable[[MolecularSystem], Potential] = lambda molecule: FieldOracle(
        molecule, seed=0
    )
    is_slow: bool = False
    temperature_kelvin: float = 300.0
    pressure_bar: float = 1.0


def argon() -> MolecularSystem:
    """Return one argon atom."""
    return MolecularSystem("argon", np.array([18]), np.zeros((1, 3)))


def chain() -> MolecularSystem:
    """Return an all-trans alkane of about 100 atoms."""
    carbons = np.arange(CHAIN_UNITS)
    # C–C 1.53 Å, C–C–C 112°, C–H 1.09 Å.
    step, height = 1.53 * np.sin(np.radians(56.0)), 0.5 * 1.53 * np.cos(np.radians(56.0))
    up = np.where(carbons % 2, 1.0, -1.0)
    backbone = np.stack([step * carbons, height * up, 0.0 * carbons], axis=1)
    out, aside = 1.09 * np.cos(np.radians(54.0)), 1.09 * np.sin(np.radians(54.0))
    sides = np.concatenate(
        [
            backbone + np.stack([0.0 * up, out * up, sign * aside + 0.0 * up], axis=1)
            for sign in (1.0, -1.0)
        ]
    )
    ends = np.stack([backbone[0] - [0.9, -0.6, 0.0], backbone[-1] + [0.9, -0.6 * up[-1], 0.0]])
    positions = np.concatenate([backbone, sides, ends])
    numbers = np.array([6] * CHAIN_UNITS + [1] * (2 * CHAIN_UNITS + 2))
    return MolecularSystem("chain", numbers, positions)


def copper() -> MolecularSystem:
    """Return 32 copper atoms of a face-centred cubic crystal, slightly displaced."""
    corners = 3.61 * np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    cells = 3.61 * np.stack(np.meshgrid(*[np.arange(2)] * 3, indexing="ij"), axis=-1)
    positions = (cells.reshape(-1, 1, 3) + corners).reshape(-1, 3)
    shaken = positions + np.random.default_rng(0).normal(scale=0.02, size=positions.shape)
    return MolecularSystem("copper", np.full(32, 29), shaken, cell_angstrom=7.22 * np.eye(3))


def by_smiles(name: str, smiles: str) -> Callable[[], MolecularSystem]:
    """Return a function that builds a molecule from SMILES."""
    return lambda: replace(load_system(f"smiles:{smiles}"), name=name, source="")


def emt(_: MolecularSystem) -> Potential:
    """Return ASE's effective-medium theory."""
    return load_potential("ase:ase.calculators.emt:EMT")


def lennard_jones(_: MolecularSystem) -> Potential:
    """Return argon's Lennard-Jones potential with a smooth cutoff."""
    return load_potential(
        "ase:ase.calculators.lj:LennardJones?epsilon=0.0103&sigma=3.405&rc=8.0&ro=6.0&smooth=true"
    )


def ethanol_by_student(_: MolecularSystem) -> Potential:
    """Return a shipped student for ethanol, embedded in water of a force field."""
    folder = systems_root() / "ethanol_in_water"
    return embedded(
        load_potential("student:tiny"),
        systems=("ethanol_in_water",),
        options=PotentialOptions(
            ml_atoms="resname ETH", forcefield=(str(folder / "ethanol.xml"), "amber14/tip3p.xml")
        ),
    )


KINDS = (
    Kind("argon", argon),
    Kind("nitrogen", by_smiles("nitrogen", "N#N")),
    Kind("carbon-dioxide", by_smiles("carbon-dioxide", "O=C=O")),
    Kind("water", lambda: load_system("water")),
    Kind("methane", lambda: load_system("methane")),
    Kind("ammonium", by_smiles("ammonium", "[NH4+]")),
    Kind("acetate", by_smiles("acetate", "CC(=O)[O-]")),
    Kind("alanine-dipeptide", lambda: load_system("alanine_dipeptide")),
    Kind("ibuprofen", by_smiles("ibuprofen", "CC(C)Cc1ccc(cc1)C(C)C(=O)O")),
    Kind("chain", chain, is_slow=True),
    Kind("copper", copper, emt, is_slow=True),
    # Above its critical pressure of some 50 bar a liquid cannot boil.
    Kind(
        "argon-108",
        lambda: load_system("argon_108"),
        lennard_jones,
        is_slow=True,
        temperature_kelvin=94.4,
        pressure_bar=200.0,
    ),
    Kind("water-box-64", lambda: load_system("water_box_64"), is_slow=True),
    Kind(
        "ethanol-in-water",
        lambda: load_system("ethanol_in_water"),
        ethanol_by_student,
        is_slow=True,
    ),
)
