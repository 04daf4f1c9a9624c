"""Make the periodic boxes in systems/: crystals, and liquids equilibrated by a force field.

A development script; the files that it writes are committed::

    python scripts/make_boxes.py                # all
    python scripts/make_boxes.py argon_108      # one
"""

import argparse
import io
from collections.abc import Callable
from functools import partial

import ase.io
import numpy as np
import openmm
from ase import Atoms
from ase.build import bulk
from make_systems import SYSTEMS, write_system
from openmm import app, unit
from system_recipes import SEED

from openmm_mlff.molecules.formats.frames import CRYSTAL_WIDTH_ANGSTROM

EQUILIBRATION_STEPS = 50_000

ARGON_BOX_ANGSTROM = 17.39
"""108 atoms at the density of A. Rahman, Phys. Rev. 136 (1964) A405: 864 atoms in 10.229 σ."""

WATER_BOX_ANGSTROM = 12.42
"""64 molecules at 0.997 g/cm³."""


KITTEL = "C. Kittel, Introduction to Solid State Physics, 8th ed., Wiley 2005, ch. 1"


def equilibrated(
    system: openmm.System,
    positions_nm: np.ndarray,
    *,
    temperature_kelvin: float,
    timestep_fs: float,
) -> np.ndarray:
    """Minimise and run Langevin dynamics; return positions in Å with unwrapped molecules."""
    integrator = openmm.LangevinMiddleIntegrator(temperature_kelvin, 1.0, 1e-3 * timestep_fs)
    integrator.setRandomNumberSeed(SEED)
    platform = openmm.Platform.getPlatformByName("CPU")
    context = openmm.Context(system, integrator, platform, {"DeterministicForces": "true"})
    context.setPositions(positions_nm)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=500)
    context.setVelocitiesToTemperature(temperature_kelvin, SEED)
    integrator.step(EQUILIBRATION_STEPS)
    state = context.getState(positions=True, enforcePeriodicBox=True)
    return 10.0 * state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)


def argon() -> tuple[Atoms, dict[str, str]]:
    """Return liquid argon at 94.4 K with Rahman's Lennard-Jones potential."""
    cells = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), -1).reshape(-1, 1, 3)
    corners = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    fcc = (cells + corners).reshape(-1, 3) * ARGON_BOX_ANGSTROM / 3.0
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(0.1 * ARGON_BOX_ANGSTROM * np.eye(3)))
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(0.8)
    for _ in fcc:
        system.addParticle(39.948)
        force.addParticle(0.0, 0.3405, 0.9961)
    system.addForce(force)
    positions = equilibrated(system, 0.1 * fcc, temperature_kelvin=94.4, timestep_fs=5.0)
    atoms = Atoms(f"Ar{len(fcc)}", positions=positions, cell=[ARGON_BOX_ANGSTROM] * 3, pbc=True)
    return atoms, {
        "title": "Liquid argon, 108 atoms",
        "purpose": "a liquid held by dispersion alone",
        "smiles": "[Ar]",
        "source": "250 ps of Langevin dynamics at 94.4 K with the Lennard-Jones potential of "
        "A. Rahman, Phys. Rev. 136 (1964) A405; scripts/make_boxes.py",
    }


def water() -> tuple[Atoms, dict[str, str]]:
    """Return liquid water at 300 K with TIP3P-FB."""
    forcefield = app.ForceField("amber14/tip3pfb.xml")
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(forcefield, model="tip3p", boxSize=openmm.Vec3(1.6, 1.6, 1.6))
    residues = list(modeller.topology.residues())
    modeller.delete(residues[64:])
    side = 0.1 * WATER_BOX_ANGSTROM
    modeller.topology.setPeriodicBoxVectors(np.diag([side] * 3))
    system = forcefield.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.6, rigidWater=True
    )
    # Placed on a regular grid, because removing molecules left holes and the smaller box overlaps.
    grid = np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    placed = np.array(modeller.positions.value_in_unit(unit.nanometer)).reshape(64, 3, 3)
    placed = placed - placed[:, :1] + (grid * side / 4.0)[:, None]
    positions = equilibrated(
        system, placed.reshape(-1, 3), temperature_kelvin=300.0, timestep_fs=1.0
    )
    symbols = [atom.element.symbol for atom in modeller.topology.atoms()]
    atoms = Atoms(symbols, positions=positions, cell=[WATER_BOX_ANGSTROM] * 3, pbc=True)
    return atoms, {
        "title": "Liquid water, 64 molecules",
        "purpose": "a liquid of molecules with hydrogen bonds",
        "smiles": "O",
        "source": "50 ps of Langevin dynamics at 300 K with TIP3P-FB (Wang, Martinez, Pande, "
        "J. Phys. Chem. Lett. 5 (2014) 1885) at 0.997 g/cm³; scripts/make_boxes.py",
    }


def crystal(
    formula: str,
    structure: str,
    lattice_angstrom: float,
    *,
    title: str,
    purpose: str,
    source: str,
    smiles: str,
) -> tuple[Atoms, dict[str, str]]:
    """Return a cubic crystal, its conventional cell repeated to be as wide as cells of files."""
    cell = bulk(formula, structure, a=lattice_angstrom, cubic=True)
    times = int(np.ceil(CRYSTAL_WIDTH_ANGSTROM / lattice_angstrom))
    return cell.repeat(times), {
        "title": title,
        "purpose": purpose,
        "smiles": smiles,
        "source": f"{structure} structure with a = {lattice_angstrom} Å ({source}), conventional "
        f"cell repeated {times} × {times} × {times}; scripts/make_boxes.py",
    }


BOXES: dict[str, Callable[[], tuple[Atoms, dict[str, str]]]] = {
    "argon_108": argon,
    "water_box_64": water,
    "diamond": partial(
        crystal,
        "C",
        "diamond",
        3.567,
        title="Diamond",
        purpose="a stiff covalent network, far from any molecule",
        source=KITTEL,
        smiles="[C]",
    ),
    "silicon": partial(
        crystal,
        "Si",
        "diamond",
        5.430,
        title="Silicon",
        purpose="a covalent semiconductor",
        source=KITTEL,
        smiles="[Si]",
    ),
    "rock_salt": partial(
        crystal,
        "NaCl",
        "rocksalt",
        5.63,
        title="Sodium chloride",
        purpose="an ionic crystal, held by long-range forces",
        source=KITTEL,
        smiles="[Na+].[Cl-]",
    ),
    "copper": partial(
        crystal,
        "Cu",
        "fcc",
        3.61,
        title="Copper",
        purpose="a metal",
        source=KITTEL,
        smiles="[Cu]",
    ),
}


def write(name: str, atoms: Atoms, told: dict[str, str]) -> None:
    """Write the structure and the description of one box."""
    folder = SYSTEMS / name
    folder.mkdir(exist_ok=True)
    text = io.StringIO()
    ase.io.write(text, atoms, format="extxyz", columns=["symbols", "positions"])
    (folder / "structure.extxyz").write_text(text.getvalue(), encoding="utf-8")
    described = {
        "title": told["title"],
        "purpose": told["purpose"],
        "formula": atoms.get_chemical_formula("hill"),
        "charge": 0,
        "multiplicity": 1,
        "structure": "structure.extxyz",
        "source": told["source"],
        "smiles": told["smiles"],
    }
    write_system(folder, described)


def main() -> None:
    """Build the named boxes, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *BOXES], default=[])
    for name in parser.parse_args().names or BOXES:
        write(name, *BOXES[name]())
        print(f"systems/{name}")


if __name__ == "__main__":
    main()
