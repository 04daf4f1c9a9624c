"""What the package gives, and what it costs."""

import subprocess
import sys

import pytest

import openmm_mlff.pipeline as pipeline


@pytest.mark.parametrize("name", pipeline.__all__)
def test_every_name_loads(name):
    assert getattr(pipeline, name) is not None


def test_the_function_prepare_is_that_of_its_module():
    from openmm_mlff.pipeline import prepare
    from openmm_mlff.pipeline.preparing import prepare as from_its_module

    assert prepare is from_its_module
    assert pipeline.prepare is from_its_module


def test_importing_it_loads_neither_torch_nor_openmm():
    code = (
        "import sys, openmm_mlff.pipeline.judge; "
        "print(sorted({'torch', 'openmm', 'matplotlib'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'prepar'"):
        _ = pipeline.prepar
