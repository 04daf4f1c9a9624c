import urllib.error
from dataclasses import replace

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

from ..conftest import particles_with

STATE = {"charge": 1, "multiplicity": 2}


def _springs(state):
    positions = state.getPositions(asNumpy=True)._value
    return (positions**2).sum(), -2.0 * positions


class Foreign(MLPotentialImpl):
    """Springs in Python, as openmm-ml's own models are; records its arguments."""

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


@pytest.mark.parametrize(
    ("spec", "precision", "expected"),
    [
        ("student-tiny", "mixed", "mixed"),
        ("student-tiny", "double", "double"),
        ("student-tiny?precision=double", "single", "double"),
    ],
)
def test_our_own_student_is_unchanged(water, spec, precision, expected, evaluated):
    ours, through = load_potential("student:tiny"), _load(spec)
    found = evaluated(through.create_system(water, precision=precision), _placed(water))
    plain = evaluated(ours.create_system(water, precision=expected), _placed(water))
    assert found[0] == plain[0]
    np.testing.assert_array_equal(found[1], plain[1])
    assert (through.elements, through.n_parameters) == (ours.elements, ours.n_parameters)
    with pytest.raises(PotentialError, match="does not support Si"):
        through.check_molecule(MolecularSystem("silane", np.array([14]), np.zeros((1, 3))))
    with pytest.raises(PotentialError, match=r"no argument .colour"):
        _load("student-tiny?colour=red").create_forces(water)


def test_a_python_force_acts_on_its_particles_only(water, evaluated):
    potential = _load("springs")
    energy, forces = evaluated(potential.create_system(water), _placed(water))
    assert energy == pytest.approx((_placed(water) ** 2).sum())
    np.testing.assert_allclose(forces, -2.0 * _placed(water))
    found = potential.evaluate(water, water.positions_angstrom[None], precision="double")
    assert found.energies_ev[0] == pytest.approx(energy / 96.4853321)
    system = particles_with(potential.create_forces(water, particles=[4, 0, 2]), 5)
    everything = np.ones((5, 3))
    everything[[4, 0, 2]] = _placed(water)
    _, forces = evaluated(system, everything)
    np.testing.assert_allclose(forces[[4, 0, 2]], -2.0 * _placed(water))
    np.testing.assert_array_equal(forces[[1, 3]], 0.0)
    elements = [atom.element.symbol for atom in potential.impl.asked[-1]["topology"].atoms()]
    assert [elements[index] for index in (4, 0, 2)] == ["O", "H", "H"]


@pytest.mark.parametrize(
    ("options", "changes", "precision", "made_with", "asked"),
    [
        ("", {}, "single", {}, {"precision": "single", "scale": 1.0}),
        ("", {}, "mixed", {}, {"precision": "single"}),
        ("", {}, "double", {}, {"precision": "double"}),
        ("", STATE, "mixed", {}, STATE),
        ("?modelPath=m", {}, "mixed", {"modelPath": "m"}, {"charge": 0, "multiplicity": 1}),
        ("?scale=2.5&device=cpu", {}, "mixed", {}, {"scale": 2.5, "device": "cpu"}),
    ],
)
def test_options_and_states_reach_the_function_that_takes_them(
    water, options, changes, precision, made_with, asked
):
    potential = _load(f"springs{options}")
    potential.create_forces(replace(water, **changes), precision=precision)
    (found,) = potential.impl.asked
    assert potential.impl.made_with == {"modelPath": None, **made_with}
    assert asked.items() <= found.items()
    assert "modelPath" not in found


def test_a_factory_that_takes_everything_gets_all_options_and_a_copy_is_fresh(water):
    potential = _load("greedy-springs?model=my.pb&scale=2.5")
    potential.create_forces(water)
    options = {"model": "my.pb", "scale": 2.5}
    assert potential.impl.made_with == options
    assert options.items() <= potential.impl.asked[0].items()
    fresh = potential.fresh()
    assert fresh.impl is not potential.impl
    assert fresh.impl.asked == []
    assert (fresh.spec, fresh.options) == (potential.spec, potential.options)


def test_a_periodic_molecule_brings_its_box(water):
    potential = _load("springs")
    system = potential.create_system(water.with_cell(9.0 * np.eye(3)))
    asked = potential.impl.asked[0]["topology"].getPeriodicBoxVectors()
    for vectors in (asked, system.getDefaultPeriodicBoxVectors()):
        box = [vector.value_in_unit(unit.nanometer) for vector in vectors]
        np.testing.assert_allclose(box, 0.9 * np.eye(3))


def test_names_are_valid_folder_names_and_hashes_follow_the_file(tmp_path):
    path = tmp_path / "my model.pb"
    path.write_text("one")
    one = _load(f"springs?modelPath={path}&scale=2")
    before = one.sha256
    path.write_text("other")
    other = _load(f"springs?modelPath={path}&scale=2")
    assert one.name == "springs-my-model.pb-2"
    assert one.sha256 == before != other.sha256
    assert _load("springs").sha256 == _load("springs").sha256 != one.sha256
    assert (one.n_parameters, one.elements) == (None, None)


def test_an_unknown_precision_is_refused_by_every_method(water):
    for ask in (
        _load("springs").create_forces,
        lambda _, **how: _load("springs").ase_calculator(**how),
    ):
        with pytest.raises(ConfigError, match="half"):
            ask(water, precision="half")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ImportError("no module\ne3nn"), MissingDependencyError, "no module e3nn"),
        (urllib.error.URLError("Name\nnot known"), PotentialError, "read or download"),
        (MoleculeError("odd electrons"), MoleculeError, "odd electrons"),
        (ValueError("element 14\nis unknown"), PotentialError, "ValueError: "),
        (AssertionError("element 14\nis unknown"), PotentialError, "AssertionError: "),
    ],
)
def test_a_refusal_of_a_model_is_one_line(error, kind, said, water):
    potential = _load("springs")
    potential.impl.error = error
    with pytest.raises(UserError, match=said) as caught:
        potential.create_forces(water)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


def test_the_range_is_that_of_openmm_ml_or_of_the_spec(monkeypatch):
    assert _load("springs").is_long_range is None
    stated = _load("springs?mlLongRange=true")
    assert stated.is_long_range is True
    assert "mlLongRange" not in stated.options
    monkeypatch.setattr(Foreign, "getMLLongRange", lambda _: False)
    assert _load("springs").is_long_range is False
    with pytest.raises(PotentialError, match="mlLongRange is always false"):
        _load("springs?mlLongRange=true")
