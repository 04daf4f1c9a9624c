import pytest

from openmm_mlff.errors import ConfigError, MoleculeError, PotentialError
from openmm_mlff.molecules import load_system, systems_root
from openmm_mlff.options import PotentialOptions
from openmm_mlff.pipeline.selecting import embedded, structure_file
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.mixed import MixedPotential

FOLDER = systems_root() / "ethanol_in_water"
FORCEFIELD = (str(FOLDER / "ethanol.xml"), "amber14/tip3p.xml")


@pytest.fixture(scope="module")
def student():
    return load_potential("student:ultra-tiny")


@pytest.mark.parametrize("name", ["ethanol_in_water", str(FOLDER / "structure.pdb")])
def test_a_selection_puts_the_student_into_the_force_field(student, name):
    options = PotentialOptions(ml_atoms="resname ETH", forcefield=FORCEFIELD)
    potential = embedded(student, systems=[name], options=options)
    assert isinstance(potential, MixedPotential)
    assert potential.ml_atoms.tolist() == list(range(9))
    potential.check_molecule(load_system(name))


def test_without_a_selection_it_is_the_potential_itself(student):
    assert embedded(student, systems=["water"], options=PotentialOptions()) is student


@pytest.mark.parametrize(
    ("options", "systems", "error", "said"),
    [
        (
            {"ml_atoms": "resname ETH", "forcefield": FORCEFIELD},
            ["ethanol_in_water", "water"],
            ConfigError,
            "takes one --system",
        ),
        (
            {"ml_atoms": "resname LIG", "forcefield": FORCEFIELD},
            ["ethanol_in_water"],
            MoleculeError,
            "matches none",
        ),
        (
            {"ml_atoms": "all", "forcefield": FORCEFIELD},
            ["ethanol_in_water"],
            PotentialError,
            "leave out --ml-atoms",
        ),
        (
            {"ml_atoms": "name C1", "forcefield": FORCEFIELD},
            ["ethanol_in_water"],
            PotentialError,
            "cuts the bond between atom 0",
        ),
        (
            {"ml_atoms": "all", "forcefield": FORCEFIELD},
            ["water"],
            MoleculeError,
            "no residue names",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(student, options, systems, error, said):
    with pytest.raises(error, match=said) as raised:
        embedded(student, systems=systems, options=PotentialOptions(**options))
    assert "\n" not in str(raised.value)


def test_files_and_names_lead_to_the_structure():
    assert structure_file("Ethanol-in-water") == FOLDER / "structure.pdb"
    assert structure_file(str(FOLDER)) == FOLDER / "structure.pdb"
    assert structure_file(str(FOLDER / "structure.pdb")) == FOLDER / "structure.pdb"
