"""Two TIP3P waters in the files of four programs; the first, LIG, is to be the ML part."""

from pathlib import Path

import numpy as np
import openmm
from openmm import app, unit

POSITIONS_ANGSTROM = np.array(
    [
        [0.0, 0.0, 0.0],
        [0.9572, 0.0, 0.0],
        [-0.239987, 0.926627, 0.0],
        [2.9, 0.3, 0.2],
        [3.8572, 0.3, 0.2],
        [2.660013, 1.226627, 0.2],
    ]
)
NAMES = ("OW", "HW1", "HW2") * 2
CHARGES = (-0.834, 0.417, 0.417) * 2
MASSES = (15.9994, 1.008, 1.008) * 2
SIGMA_NM, EPSILON_KJ_PER_MOL = 0.31507524, 0.635968
RMIN_ANGSTROM, EPSILON_KCAL_PER_MOL = 10 * SIGMA_NM * 2 ** (1 / 6), EPSILON_KJ_PER_MOL / 4.184

TOP = """\
[ defaults ]
1 2 yes 0.5 0.8333
[ atomtypes ]
OW 8 15.9994 0.0 A 0.31507524 0.635968
HW 1 1.008 0.0 A 0.0 0.0
{molecules}
[ system ]
two waters
[ molecules ]
LIG 1
WAT 1
"""
MOLECULE = """\
[ moleculetype ]
{name} 2
[ atoms ]
1 OW 1 {name} OW 1 -0.834 15.9994
2 HW 1 {name} HW1 1 0.417 1.008
3 HW 1 {name} HW2 1 0.417 1.008
[ bonds ]
1 2 1 0.09572 462750.4
1 3 1 0.09572 462750.4
[ angles ]
2 1 3 1 104.52 836.8
"""
PSF = """\
PSF

       1 !NTITLE
 REMARKS two waters

       6 !NATOM
{atoms}

       4 !NBOND: bonds
       1       2       1       3       4       5       4       6

       2 !NTHETA: angles
       2       1       3       5       4       6

{empty}       0 !NNB

       0       0       0       0       0       0

       1       0 !NGRP
       0       0       0

"""
EMPTY = """BONDS_WITHOUT_HYDROGEN ANGLES_INC_HYDROGEN ANGLES_WITHOUT_HYDROGEN ANGLE_EQUIL_VALUE
ANGLE_FORCE_CONSTANT DIHEDRAL_FORCE_CONSTANT DIHEDRAL_PERIODICITY DIHEDRAL_PHASE
HBOND_ACOEF HBOND_BCOEF"""
PRM = """\
* two waters
*
ATOMS
MASS 1 OT 15.9994 O
MASS 2 HT 1.008 H

BONDS
OT HT 450.0 0.9572

ANGLES
HT OT HT 55.0 104.52

NONBONDED nbxmod 5 atom cdiel shift vatom vdistance vswitch -
cutnb 14.0 ctofnb 12.0 ctonnb 10.0 eps 1.0 e14fac 1.0 wmin 1.5
OT 0.0 {epsilon:.10f} {half:.10f}
HT 0.0 0.0 0.2245

END
"""


def gromacs(folder: Path) -> tuple[list[str], Path]:
    """A top and a gro, without a box."""
    molecules = "\n".join(MOLECULE.format(name=name) for name in ("LIG", "WAT"))
    (folder / "topol.top").write_text(TOP.format(molecules=molecules))
    lines = [
        f"{1 + index // 3:5d}{'LIG' if index < 3 else 'WAT':<5}{name:>5}{index + 1:5d}"
        + "".join(f"{value:8.3f}" for value in POSITIONS_ANGSTROM[index] / 10.0)
        for index, name in enumerate(NAMES)
    ]
    text = "\n".join(["two waters", "    6", *lines, "   0.0 0.0 0.0", ""])
    (folder / "conf.gro").write_text(text)
    return [str(folder / "topol.top")], folder / "conf.gro"


def charmm(folder: Path) -> tuple[list[str], Path]:
    """A psf, a parameter file and a crd."""
    residues = ("LIG", "WAT")
    atoms = [
        f"{index + 1:8d} W    {1 + index // 3:<4d} {residues[index // 3]:<4} {name:<4} "
        f"{'OT' if name == 'OW' else 'HT':<4} {CHARGES[index]:10.6f}    {MASSES[index]:10.4f}"
        "           0"
        for index, name in enumerate(NAMES)
    ]
    kinds = ("NPHI: dihedrals", "NIMPHI: impropers", "NDON: donors", "NACC: acceptors")
    empty = "".join(f"       0 !{kind}\n\n\n" for kind in kinds)
    (folder / "waters.psf").write_text(PSF.format(atoms="\n".join(atoms), empty=empty))
    (folder / "water.prm").write_text(
        PRM.format(epsilon=-EPSILON_KCAL_PER_MOL, half=RMIN_ANGSTROM / 2)
    )
    lines = [
        f"{index + 1:5d}{1 + index // 3:5d} {residues[index // 3]:<4} {name:<4}"
        + "".join(f"{value:10.5f}" for value in POSITIONS_ANGSTROM[index])
        + f" W    {1 + index // 3:<4d}{0.0:10.5f}"
        for index, name in enumerate(NAMES)
    ]
    (folder / "waters.crd").write_text("\n".join(["* two waters", "*", "    6", *lines, ""]))
    return [str(folder / "waters.psf"), str(folder / "water.prm")], folder / "waters.crd"


def amber(folder: Path, *, names=NAMES, masses=MASSES) -> tuple[list[str], Path]:
    """A prmtop and an inpcrd, without atomic numbers, as old ones are; its water is a triangle."""
    a, b = EPSILON_KCAL_PER_MOL * RMIN_ANGSTROM**12, 2 * EPSILON_KCAL_PER_MOL * RMIN_ANGSTROM**6
    counts = [6, 2, 6, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 2, 0, *[0] * 7, 0, 3, 0, 0]
    numbers = {
        "CHARGE": [18.2223 * charge for charge in CHARGES],
        "MASS": masses,
        "BOND_FORCE_CONSTANT": [553.0, 553.0],
        "BOND_EQUIL_VALUE": [0.9572, 1.5136],
        "LENNARD_JONES_ACOEF": [a, 0.0, 0.0],
        "LENNARD_JONES_BCOEF": [b, 0.0, 0.0],
    }
    whole = {
        "POINTERS": counts,
        "ATOM_TYPE_INDEX": [1, 2, 2] * 2,
        "NUMBER_EXCLUDED_ATOMS": [2, 1, 1] * 2,
        "NONBONDED_PARM_INDEX": [1, 2, 2, 3],
        "RESIDUE_POINTER": [1, 4],
        "BONDS_INC_HYDROGEN": [0, 3, 1, 0, 6, 1, 3, 6, 2, 9, 12, 1, 9, 15, 1, 12, 15, 2],
        "DIHEDRALS_INC_HYDROGEN": [],
        "DIHEDRALS_WITHOUT_HYDROGEN": [],
        "EXCLUDED_ATOMS_LIST": [2, 3, 3, 0, 5, 6, 6, 0],
    }
    text = {
        "TITLE": ["two waters"],
        "ATOM_NAME": names,
        "RESIDUE_LABEL": ["LIG", "WAT"],
        "AMBER_ATOM_TYPE": ["OW", "HW", "HW"] * 2,
    }
    parts = ["%VERSION  VERSION_STAMP = V0001.000  DATE = 01/01/26  00:00:00"]
    for name, values, form, written in (
        *((name, values, "1a4", "{:<4}") for name, values in text.items()),
        *((name, values, "1I8", "{:8d}") for name, values in whole.items()),
        *((name, values, "1E16.8", "{:16.8E}") for name, values in numbers.items()),
        *((name, [], "1I8", "") for name in EMPTY.split()),
    ):
        parts += [f"%FLAG {name}", f"%FORMAT({form})", *(map(written.format, values) or [""])]
    (folder / "waters.prmtop").write_text("\n".join([*parts, ""]))
    rows = "".join(f"{value:12.7f}" for value in POSITIONS_ANGSTROM.ravel())
    lines = [rows[start : start + 72] for start in range(0, len(rows), 72)]
    (folder / "waters.inpcrd").write_text("\n".join(["two waters", "    6", *lines, ""]))
    return [str(folder / "waters.prmtop")], folder / "waters.inpcrd"


def serialised(folder: Path) -> tuple[list[str], Path]:
    """A system.xml, with a barostat and a centre-of-mass remover, a state.xml and a PDB."""
    topology = app.Topology()
    chain = topology.addChain()
    for name in ("HOH", "HOH"):
        residue = topology.addResidue(name, chain)
        oxygen, *hydrogens = (
            topology.addAtom(atom, app.Element.getBySymbol(atom[0]), residue)
            for atom in ("O", "H1", "H2")
        )
        for hydrogen in hydrogens:
            topology.addBond(oxygen, hydrogen)
    system = app.ForceField("amber14/tip3p.xml").createSystem(topology)
    system.addForce(openmm.AndersenThermostat(300.0, 1.0))
    context = openmm.Context(
        system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference")
    )
    context.setPositions(POSITIONS_ANGSTROM * unit.angstrom)
    state = context.getState(positions=True)
    (folder / "state.xml").write_text(openmm.XmlSerializer.serialize(state))
    (folder / "system.xml").write_text(openmm.XmlSerializer.serialize(system))
    next(topology.residues()).name = "LIG"
    with (folder / "waters.pdb").open("w") as file:
        app.PDBFile.writeFile(topology, POSITIONS_ANGSTROM * unit.angstrom, file)
    # OpenMM knows no bonds of LIG, and the file shall have none.
    lines = (folder / "waters.pdb").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("CONECT")]
    (folder / "waters.pdb").write_text("".join(kept))
    return [str(folder / "system.xml"), str(folder / "waters.pdb")], folder / "state.xml"


WRITERS = {"Amber": amber, "CHARMM": charmm, "GROMACS": gromacs, "OpenMM": serialised}
