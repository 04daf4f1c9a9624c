"""Build systems/ethanol_in_water: ethanol in a 2 nm box of TIP3P water.

A development script; the structure that it writes is committed.  The system is solvated,
minimised, run at 300 K and minimised again with the force field::

    python scripts/make_ethanol_in_water.py
"""

import numpy as np
import openmm
from make_systems import SYSTEMS, write_system
from openmm import app, unit
from system_recipes import SEED

FOLDER = SYSTEMS / "ethanol_in_water"
NAMES = ("C1", "C2", "O1", "H1", "H2", "H3", "H4", "H5", "H6")
BONDS = ((0, 1), (1, 2), (0, 3), (0, 4), (0, 5), (1, 6), (1, 7), (2, 8))
FORCEFIELD = (str(FOLDER / "ethanol.xml"), "amber14/tip3p.xml")
BOX_NM = 2.0
CUTOFF_NM = 0.9
WARM_STEPS = 10_000
SOURCE = (
    "systems/ethanol (GFN2-xTB) solvated by OpenMM's Modeller in a cubic box of 20 Å of TIP3P, "
    f"minimised, {WARM_STEPS * 2 // 1000} ps of NVT at 300 K (seed {SEED}) and minimised again "
    "with GAFF/AM1-BCC ethanol and rigid water; scripts/make_ethanol_in_water.py"
)


def ethanol() -> app.Modeller:
    """Return the library's ethanol at the centre of the box, with the atom names of ethanol.xml."""
    rows = (SYSTEMS / "ethanol" / "structure.xyz").read_text(encoding="utf-8").splitlines()[2:]
    positions_nm = np.array([[float(x) for x in row.split()[1:4]] for row in rows]) / 10.0
    topology = app.Topology()
    residue = topology.addResidue("ETH", topology.addChain())
    atoms = [
        topology.addAtom(name, app.Element.getBySymbol(row.split()[0]), residue)
        for name, row in zip(NAMES, rows, strict=True)
    ]
    for first, second in BONDS:
        topology.addBond(atoms[first], atoms[second])
    centred = positions_nm - positions_nm.mean(axis=0) + BOX_NM / 2.0
    return app.Modeller(topology, centred * unit.nanometer)


def calm(modeller: app.Modeller, forcefield: app.ForceField) -> openmm.State:
    """Minimise, run at 300 K and minimise again; return the final State with whole molecules."""
    system = forcefield.createSystem(
        modeller.topology,
        nonbondedMethod=app.PME,
        nonbondedCutoff=CUTOFF_NM,
        constraints=app.HBonds,
        rigidWater=True,
    )
    integrator = openmm.LangevinMiddleIntegrator(300.0, 2.0, 0.002)
    integrator.setRandomNumberSeed(SEED)
    platform = openmm.Platform.getPlatformByName("CPU")
    simulation = app.Simulation(modeller.topology, system, integrator, platform)
    simulation.context.setPositions(modeller.positions)
    simulation.minimizeEnergy()
    simulation.context.setVelocitiesToTemperature(300.0, SEED)
    simulation.step(WARM_STEPS)
    simulation.minimizeEnergy(tolerance=1.0)
    return simulation.context.getState(
        positions=True, energy=True, forces=True, enforcePeriodicBox=True
    )


def main() -> None:
    """Write structure.pdb and system.toml."""
    forcefield = app.ForceField(*FORCEFIELD)
    modeller = ethanol()
    modeller.addSolvent(
        forcefield, model="tip3p", boxSize=openmm.Vec3(1, 1, 1) * BOX_NM, neutralize=False
    )
    state = calm(modeller, forcefield)
    with (FOLDER / "structure.pdb").open("w", encoding="utf-8") as file:
        app.PDBFile.writeFile(modeller.topology, state.getPositions(), file)
    n_waters = modeller.topology.getNumResidues() - 1
    fields = {
        "title": f"Ethanol in {n_waters} TIP3P waters",
        "purpose": "a solute in its solvent, for ML/MM",
        "formula": f"C2H{6 + 2 * n_waters}O{1 + n_waters}",
        "charge": 0,
        "multiplicity": 1,
        "structure": "structure.pdb",
        "source": SOURCE,
        "smiles": "CCO" + ".O" * n_waters,
    }
    write_system(FOLDER, fields)
    print(f"{fields['title']}, {state.getPotentialEnergy()}")


if __name__ == "__main__":
    main()
