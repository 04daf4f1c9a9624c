import pytest

from openmm_mlff.errors import ConfigError, MoleculeError, PotentialError
from openmm_mlff.molecules import load_system, systems_root
from openmm_mlff.options import PotentialOptions
from openmm_mlff.pipeline.systems import embedded, requested_systems, structure_file
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.mixed import MixedPotential
from openmm_mlff.request import request_from

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
    ("ml_atoms", "systems", "error", "said"),
    [
        ("resname ETH", ["ethanol_in_water", "water"], ConfigError, "takes one --system"),
        ("resname LIG", ["ethanol_in_water"], MoleculeError, "matches none"),
        ("all", ["ethanol_in_water"], PotentialError, "leave out --ml-atoms"),
        ("name C1", ["ethanol_in_water"], PotentialError, "cuts the bond between atom 0"),
        ("all", ["water"], MoleculeError, "no residue names"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(student, ml_atoms, systems, error, said):
    options = PotentialOptions(ml_atoms=ml_atoms, forcefield=FORCEFIELD)
    with pytest.raises(error, match=said) as raised:
        embedded(student, systems=systems, options=options)
    assert "\n" not in str(raised.value)


def test_files_and_names_lead_to_the_structure():
    assert structure_file("Ethanol-in-water") == FOLDER / "structure.pdb"
    assert structure_file(str(FOLDER)) == FOLDER / "structure.pdb"
    assert structure_file(str(FOLDER / "structure.pdb")) == FOLDER / "structure.pdb"


ASKED = {"potential": "student:tiny", "systems": ("water", "smiles:CC")}


def names(**settings):
    return list(requested_systems(request_from({**ASKED, **settings})))


def test_each_system_has_its_name():
    assert names() == ["water", "CC"]
    assert names(names=("mine", "ethane")) == ["mine", "ethane"]


@pytest.mark.parametrize("settings", [{"systems": ()}, {"names": ("one",)}])
def test_systems_and_names_must_fit(settings):
    with pytest.raises(ConfigError):
        names(**settings)
