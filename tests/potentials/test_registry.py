import pytest

from openmm_mlff.errors import (
    CheckpointError,
    MissingDependencyError,
    PotentialError,
    UserError,
)
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.students import loading


def test_a_checkpoint_is_loaded_by_path_or_by_name(small_checkpoint, tmp_path, monkeypatch):
    potential = load_potential(str(small_checkpoint))
    assert isinstance(potential, StudentPotential)
    assert (potential.spec, potential.name) == (str(small_checkpoint), "small")
    assert potential.n_parameters == potential.student.n_parameters
    assert potential.elements == {1, 6, 7, 8}
    # No suffix is needed.
    path = tmp_path / "weights"
    path.write_bytes(small_checkpoint.read_bytes())
    assert load_potential(str(path)).sha256 == potential.sha256
    monkeypatch.setattr(loading, "WEIGHTS_FOLDER", small_checkpoint.parent)
    shipped = load_potential("student:small")
    assert (shipped.spec, shipped.name) == ("student:small", "small")


def test_an_ase_calculator_is_loaded_by_name():
    potential = load_potential("ase:ase.calculators.lj:LennardJones?sigma=2.5&epsilon=0.01")
    assert isinstance(potential, AsePotential)
    assert potential.options == {"sigma": 2.5, "epsilon": 0.01}
    assert (potential.n_parameters, potential.elements) == (None, None)


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("", PotentialError, "unknown potential ''; expected student:"),
        ("nonsense", PotentialError, "unknown potential 'nonsense'"),
        ("openmm-ml:ani2x", MissingDependencyError, "pip install torchani"),
        ("openmm-ml:ani3x", PotentialError, "ani2x"),
        ("missing.pt", CheckpointError, "no checkpoint at missing.pt"),
        ("missing.safetensors", CheckpointError, "no checkpoint at missing.safetensors"),
        (".", CheckpointError, "is a folder"),
        ("student:", CheckpointError, "unknown student ''"),
        ("student:orignal", CheckpointError, "unknown student 'orignal'"),
        ("ase:", PotentialError, "expected ase:MODULE:NAME"),
        ("ase:tblite.ase", PotentialError, "expected ase:MODULE:NAME"),
        ("ase::TBLite", PotentialError, "expected ase:MODULE:NAME"),
        ("ase:ase..calculators:EMT", PotentialError, "expected ase:MODULE:NAME"),
        ("ase:.calculators:EMT", PotentialError, "expected ase:MODULE:NAME"),
        ("ase:ase.calculators.lj:LennardJones?sigma", PotentialError, "key=value"),
        (
            "ase:no_such_module:Thing",
            MissingDependencyError,
            "put the folder that holds it on PYTHONPATH",
        ),
        ("ase:ase.calculators.lj:Nothing", PotentialError, "is not an ASE calculator class"),
        ("ase:builtins:dict", PotentialError, "is not an ASE calculator class"),
        ("ase:ase.build:molecule", PotentialError, "molecule rejects its options"),
        ("ase:subprocess:Popen?args=true", PotentialError, "is not an ASE calculator class"),
    ],
)
def test_bad_specs_are_refused_in_one_line(spec, error, message):
    with pytest.raises(error) as caught:
        load_potential(spec)
    assert isinstance(caught.value, UserError)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
