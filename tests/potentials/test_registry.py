import pytest

from openmm_mlff import options
from openmm_mlff.errors import PotentialError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials import load_potential, registry
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.students import shipped


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
    monkeypatch.setattr(shipped, "WEIGHTS_FOLDER", small_checkpoint.parent)
    found = load_potential("student:small")
    assert (found.spec, found.name) == ("student:small", "small")


@pytest.mark.parametrize(
    "spec", ["student:tiny", "ase:ase.calculators.lj:LennardJones", "a-plugin:small"]
)
def test_options_of_a_torchscript_file_are_refused_elsewhere(spec, monkeypatch):
    for module in (registry, options):
        monkeypatch.setattr(module, "installed_entries", lambda one: one.startswith("a-plugin:"))
    with pytest.raises(PotentialError, match="--contract was given"):
        load_potential(spec, options=PotentialOptions(contract="positions"))
