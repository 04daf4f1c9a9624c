import importlib.util
import re
import urllib.error

import numpy as np
import openmm
import pytest
from openmm import unit
from openmmml import MLPotential
from openmmml.mlpotential import MLPotentialImpl, MLPotentialImplFactory

from openmm_mlff.errors import (
    ConfigError,
    MissingDependencyError,
    MoleculeError,
    PotentialError,
    UserError,
)
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.openmmml.foreign import OpenMMMLPotential
from openmm_mlff.units import nm_from_angstrom


def _springs(state):
    positions = state.getPositions(asNumpy=True)._value
    return (positions**2).sum(), -2.0 * positions


class Foreign(MLPotentialImpl):
    """Springs in Python, as openmm-ml's own models are; remembers what it was told."""

    def __init__(self, **args):
        self.made_with, self.error, self.asked = args, None, []

    def addForces(  # noqa: N802
        self,
        topology,
        system,
        atoms,
        forceGroup,  # noqa: N803
        scale=1.0,
        precision=None,
        **args,
    ):
        if self.error is not None:
            raise self.error
        self.asked.append({"scale": scale, "precision": precision, "topology": topology, **args})
        force = openmm.PythonForce(_springs)
        if atoms is not None:
            force.setParticles(atoms)
        system.addForce(force)


class ForeignFactory(MLPotentialImplFactory):
    def createImpl(self, name, modelPath=None):  # noqa: N802, N803
        return Foreign(modelPath=modelPath)


class GreedyFactory(MLPotentialImplFactory):
    def createImpl(self, name, **args):  # noqa: N802
        return Foreign(**args)


@pytest.fixture(autouse=True)
def _foreign(monkeypatch):
    monkeypatch.setitem(MLPotential._implFactories, "springs", ForeignFactory())
    monkeypatch.setitem(MLPotential._implFactories, "greedy-springs", GreedyFactory())


def _load(rest):
    return OpenMMMLPotential.from_spec(f"openmm-ml:{rest}")


def _placed(molecule):
    return nm_from_angstrom(molecule.positions_angstrom)


@pytest.mark.parametrize("precision", ["mixed", "double"])
def test_our_own_student_comes_back_as_it_went(methanol, precision, evaluated):
    ours, through = load_potential("student:tiny"), _load("student-tiny")

    energy, forces = evaluated(
        through.create_system(methanol, precision=precision), _placed(methanol)
    )

    expected = evaluated(ours.create_system(methanol, precision=precision), _placed(methanol))
    assert energy == expected[0]
    np.testing.assert_array_equal(forces, expected[1])


def test_our_own_student_is_evaluated_to_the_same_numbers(water):
    rng = np.random.default_rng(4)
    positions = water.positions_angstrom + rng.normal(scale=0.05, size=(3, 3, 3))

    found = _load("student-tiny").evaluate(water, positions, precision="double")

    expected = load_potential("student:tiny").evaluate(water, positions, precision="double")
    np.testing.assert_allclose(found.energies_ev, expected.energies_ev, atol=1e-7)
    np.testing.assert_allclose(
        found.forces_ev_per_angstrom, expected.forces_ev_per_angstrom, atol=1e-7
    )


def test_our_own_student_keeps_what_it_knows_of_itself(water):
    ours, through = load_potential("student:tiny"), _load("student-tiny")

    assert through.elements == ours.elements
    assert through.n_parameters == ours.n_parameters
    silane = MolecularSystem("silane", np.array([14]), np.zeros((1, 3)))
    with pytest.raises(PotentialError, match="does not know Si"):
        through.check_molecule(silane)


def test_a_python_force_is_taken_as_it_is(water, evaluated):
    energy, forces = evaluated(_load("springs").create_system(water), _placed(water))

    assert energy == pytest.approx((_placed(water) ** 2).sum())
    np.testing.assert_allclose(forces, -2.0 * _placed(water))


def test_particles_of_a_larger_system(water, evaluated):
    potential = _load("springs")
    system = openmm.System()
    for _ in range(5):
        system.addParticle(1.0)
    for force in potential.create_forces(water, particles=[4, 0, 2]):
        system.addForce(force)
    everything = np.ones((5, 3))
    everything[[4, 0, 2]] = _placed(water)

    _, forces = evaluated(system, everything)

    np.testing.assert_allclose(forces[[4, 0, 2]], -2.0 * _placed(water))
    np.testing.assert_array_equal(forces[[1, 3]], 0.0)
    elements = [atom.element.symbol for atom in potential.impl.asked[0]["topology"].atoms()]
    assert [elements[index] for index in (4, 0, 2)] == ["O", "H", "H"]


def test_charge_and_multiplicity_are_handed_over(water):
    potential = _load("springs")
    ion = MolecularSystem("ion", water.atomic_numbers, water.positions_angstrom, 1, 2)

    potential.create_forces(ion)

    assert potential.impl.asked[0]["charge"] == 1
    assert potential.impl.asked[0]["multiplicity"] == 2


@pytest.mark.parametrize(
    ("ours", "theirs"), [("single", "single"), ("mixed", "single"), ("double", "double")]
)
def test_precision_is_put_in_openmm_mls_words(water, ours, theirs):
    potential = _load("springs")

    potential.create_forces(water, precision=ours)

    assert potential.impl.asked[0]["precision"] == theirs


def test_the_precision_of_the_spec_wins(water, evaluated):
    potential = _load("student-tiny?precision=double")

    energy, _ = evaluated(potential.create_system(water, precision="single"), _placed(water))

    double = load_potential("student:tiny").create_system(water, precision="double")
    assert energy == evaluated(double, _placed(water))[0]


def test_a_periodic_molecule_brings_its_box(water):
    potential = _load("springs")
    box = MolecularSystem(
        "box", water.atomic_numbers, water.positions_angstrom, cell_angstrom=9.0 * np.eye(3)
    )

    system = potential.create_system(box)

    asked = potential.impl.asked[0]["topology"].getPeriodicBoxVectors()
    for vectors in (asked, system.getDefaultPeriodicBoxVectors()):
        box = [vector.value_in_unit(unit.nanometer) for vector in vectors]
        np.testing.assert_allclose(box, 0.9 * np.eye(3))


def test_options_go_where_they_are_known(water):
    potential = _load("springs?modelPath=my.model&scale=2.5&device=cpu")

    potential.create_forces(water)

    assert potential.impl.made_with == {"modelPath": "my.model"}
    assert potential.impl.asked[0]["scale"] == 2.5
    assert potential.impl.asked[0]["device"] == "cpu"
    assert "modelPath" not in potential.impl.asked[0]


def test_a_constructor_that_takes_all_is_given_all(water):
    potential = _load("greedy-springs?model=my.pb&scale=2.5")

    potential.create_forces(water)

    assert potential.impl.made_with == {"model": "my.pb", "scale": 2.5}
    assert potential.impl.asked[0]["scale"] == 2.5


def test_names_are_fit_for_folders_and_hashes_follow_the_file(tmp_path):
    path = tmp_path / "my model.pb"
    path.write_text("one")
    spec = f"springs?modelPath={path}&scale=2"

    one = _load(spec)
    before = one.sha256
    path.write_text("other")
    other = _load(spec)

    assert one.name == "springs-my-model.pb-2"
    assert one.sha256 == before != other.sha256
    assert re.fullmatch("[0-9a-f]{64}", one.sha256)
    assert _load("springs").sha256 == _load("springs").sha256 != one.sha256
    assert one.n_parameters is None
    assert one.elements is None


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(PotentialError, match="'ani2'; did you mean 'ani2x'"):
        _load("ani2")


@pytest.mark.parametrize("rest", ["", "springs?scale"])
def test_what_cannot_be_read_is_refused(rest):
    with pytest.raises(PotentialError, match="openmm-ml:mace"):
        _load(rest)


def test_the_ase_potential_of_openmm_ml_is_refused_for_our_own():
    with pytest.raises(PotentialError, match="ase:tblite"):
        _load("ase")


def test_a_missing_package_is_found_before_anything_runs():
    if importlib.util.find_spec("torchani"):
        pytest.skip("torchani is installed")
    with pytest.raises(MissingDependencyError, match="pip install torchani"):
        _load("ani2x")


def _refused(error, water):
    potential = _load("springs")
    potential.impl.error = error
    with pytest.raises(UserError) as caught:
        potential.create_forces(water)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_package_missing_later_is_named(water):
    refused = _refused(ImportError("no module\ne3nn. Install it with 'pip install e3nn'."), water)

    assert isinstance(refused, MissingDependencyError)
    assert "no module e3nn" in str(refused)


def test_a_download_that_fails_is_one_line(water):
    refused = _refused(urllib.error.URLError("Name or service\nnot known"), water)

    assert isinstance(refused, PotentialError)
    assert "read or download" in str(refused)


@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError, AssertionError, TypeError])
def test_what_a_model_refuses_is_one_line(error, water):
    refused = _refused(error("element 14\nis unknown"), water)

    assert isinstance(refused, PotentialError)
    assert f"{error.__name__}: " in str(refused)


def test_an_option_that_nobody_takes_is_refused(water):
    with pytest.raises(PotentialError, match=r"takes no argument .colour"):
        _load("student-tiny?colour=red").create_forces(water)


def test_our_own_errors_stay_what_they_are(water):
    refused = _refused(MoleculeError("odd electrons"), water)

    assert type(refused) is MoleculeError


def test_an_unknown_precision_is_refused(water):
    for ask in (
        lambda: _load("springs").create_forces(water, precision="half"),
        lambda: _load("springs").ase_calculator(precision="half"),
    ):
        with pytest.raises(ConfigError, match="half"):
            ask()


def test_the_range_is_what_openmm_ml_or_the_spec_says(monkeypatch):
    assert _load("springs").is_long_range is None
    assert _load("springs?mlLongRange=true").is_long_range is True
    assert "mlLongRange" not in _load("springs?mlLongRange=true").options
    monkeypatch.setattr(Foreign, "getMLLongRange", lambda _: False)
    assert _load("springs").is_long_range is False
    with pytest.raises(PotentialError, match="mlLongRange is false for this model"):
        _load("springs?mlLongRange=true")


def test_a_fresh_one_has_an_implementation_of_its_own(water):
    potential = _load("springs?scale=2.0")
    potential.create_forces(water)

    fresh = potential.fresh()

    assert fresh.impl is not potential.impl
    assert fresh.impl.asked == []
    assert (fresh.spec, fresh.options) == (potential.spec, potential.options)
