import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.pipeline.systems import requested_systems
from openmm_mlff.request import request_from

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
