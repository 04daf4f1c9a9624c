"""The same two waters prepared by four programs are the same ML/MM system."""

import numpy as np
import openmm
import pytest
from openmm import app

from openmm_mlff.errors import MoleculeError, PotentialError
from openmm_mlff.potentials.mixed import is_prepared, load_prepared, prepared_molecule
from openmm_mlff.potentials.mixed.prepared import OF_THE_SIMULATION, kind_of
from openmm_mlff.reporters.quantities import masses_amu

from . import two_waters
from .conftest import evaluated, prepared_mixed
from .two_waters import POSITIONS_ANGSTROM, WRITERS

# Of the pair of TIP3P waters, from the parameters in two_waters.
COULOMB_EV_ANGSTROM = 14.399645


def pair_energy_ev() -> float:
    """Coulomb's law between the two waters, and Lennard-Jones between their oxygens."""
    charges = np.array(two_waters.CHARGES)
    arms = POSITIONS_ANGSTROM[:3, None] - POSITIONS_ANGSTROM[None, 3:]
    distances = np.linalg.norm(arms, axis=2)
    ratio = (10 * two_waters.SIGMA_NM / distances[0, 0]) ** 6
    lennard_jones = 4 * two_waters.EPSILON_KJ_PER_MOL / 96.485332 * (ratio**2 - ratio)
    coulomb = COULOMB_EV_ANGSTROM * (charges[:3, None] * charges[None, 3:] / distances).sum()
    return coulomb + lennard_jones


# OpenMM's reader of top files leaves them open.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.parametrize("kind", WRITERS)
def test_each_program_makes_the_same_system(kind, tmp_path):
    files, coordinates = WRITERS[kind](tmp_path)

    assert is_prepared(files)
    assert kind_of(files[0]) == kind
    potential, molecule = prepared_mixed(files, coordinates, "resname LIG")

    assert (molecule.formula, molecule.charge, molecule.is_periodic) == ("H4O2", 0, False)
    assert molecule.bonds == ((0, 1), (0, 2), (3, 4), (3, 5))
    decimals = 5.1e-3 if kind == "GROMACS" else 1e-5
    np.testing.assert_allclose(molecule.positions_angstrom, POSITIONS_ANGSTROM, atol=decimals)
    together, _ = evaluated(potential, molecule, POSITIONS_ANGSTROM)
    part = potential.ml_part(molecule).with_positions(POSITIONS_ANGSTROM[:3])
    alone, _ = evaluated(potential.ml_potential, part)
    assert together - alone == pytest.approx(pair_energy_ev(), abs=1e-5)
    system = potential.create_system(molecule)
    # Rigid water in the force field's part only, and nothing that makes an ensemble.
    ends = [system.getConstraintParameters(k)[:2] for k in range(system.getNumConstraints())]
    assert sorted(map(tuple, ends)) == [(3, 4), (3, 5), (4, 5)]
    assert not any(isinstance(force, OF_THE_SIMULATION) for force in system.getForces())


def test_the_settings_apply_unless_the_system_is_complete(tmp_path):
    files, coordinates = WRITERS["Amber"](tmp_path)
    potential, molecule = prepared_mixed(files, coordinates, "resname LIG", hydrogen_mass_amu=3.0)
    rigid_water_keeps_its_own = [15.9994 - 2 * 1.992, 3.0, 3.0, 15.9994, 1.008, 1.008]
    system = potential.create_system(molecule)
    assert masses_amu(system) == pytest.approx(rigid_water_keeps_its_own, abs=1e-3)
    files, coordinates = WRITERS["OpenMM"](tmp_path)
    potential, molecule = prepared_mixed(files, coordinates, "resname LIG", constraints="hbonds")
    with pytest.raises(PotentialError, match="used as it is"):
        potential.create_system(molecule)
    files, coordinates = WRITERS["GROMACS"](tmp_path)
    potential, molecule = prepared_mixed(files, coordinates, "resname LIG", implicit_solvent="OBC2")
    with pytest.raises(PotentialError, match="no implicit solvent for GROMACS"):
        potential.create_system(molecule)


def test_elements_follow_from_masses(tmp_path):
    """OpenMM reads the first letter of BR as boron."""
    names = ("BR", *two_waters.NAMES[1:])
    masses = (79.904, *two_waters.MASSES[1:])
    files, coordinates = two_waters.amber(tmp_path, names=names, masses=masses)
    topology = load_prepared(files, structure=coordinates).topology
    assert next(topology.atoms()).element is app.element.bromine
    files, coordinates = two_waters.amber(tmp_path, masses=(21.5, *two_waters.MASSES[1:]))
    with pytest.raises(PotentialError, match=r"atom 0 \(OW of LIG 1\) has a mass of 21\.5 amu"):
        load_prepared(files, structure=coordinates)


def _broken(folder, kind):
    files, coordinates = WRITERS[kind](folder)
    content = (folder / files[0]).read_text()
    (folder / files[0]).write_text(content[: 2 * len(content) // 3])
    return files, coordinates


def _with_code(folder):
    files, coordinates = WRITERS["OpenMM"](folder)
    system = openmm.System()
    system.addForce(openmm.PythonForce(_no_energy))
    (folder / "system.xml").write_text(openmm.XmlSerializer.serialize(system))
    return files, coordinates


def _no_energy(state):
    return 0.0, 0.0 * state.getPositions(asNumpy=True)._value


def _of_other_atoms(folder):
    files, _ = WRITERS["Amber"](folder)
    WRITERS["OpenMM"](folder)
    text = (folder / "waters.pdb").read_text().replace("           O  ", "           N  ")
    (folder / "waters.pdb").write_text(text)
    return files, folder / "waters.pdb"


REFUSED = {
    "two systems": (
        lambda folder: (WRITERS["Amber"](folder)[0] + WRITERS["GROMACS"](folder)[0], folder),
        "each describe a whole system",
    ),
    "no parameters": (
        lambda folder: (WRITERS["CHARMM"](folder)[0][:1], folder),
        "name the parameter files of CHARMM",
    ),
    "another file": (
        lambda folder: ([*WRITERS["Amber"](folder)[0], "amber14-all.xml"], folder),
        "expected no other --forcefield",
    ),
    "broken": (lambda folder: _broken(folder, "Amber"), "cannot be read by OpenMM as a file of Am"),
    "code": (_with_code, "PythonForce, which is code"),
    "no coordinates": (
        lambda folder: (WRITERS["Amber"](folder)[0], folder / "waters.prmtop"),
        "cannot be read as coordinates",
    ),
    "other coordinates": (_of_other_atoms, r"atom 0 \(O of LIG 1\) is N, but .* has O there"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_unusable_files_are_refused_in_one_line(case, tmp_path):
    make, said = REFUSED[case]
    files, coordinates = make(tmp_path)
    with pytest.raises((PotentialError, MoleculeError), match=said) as raised:
        prepared_molecule(load_prepared(files, structure=coordinates), coordinates)
    assert "\n" not in str(raised.value)
    assert str(tmp_path) in str(raised.value)
