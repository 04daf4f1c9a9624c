import pytest

from openmm_mlff.benchmark.plan import BACKENDS
from openmm_mlff.benchmark.variants import (
    NATIVE,
    Variant,
    load_variants,
    options_of,
    usable_variants,
)
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential

from ..springs import write_torchscript


def test_options_of_each_backend():
    assert options_of("python-compiled").compiled
    assert options_of("python-compiled").backend == "python"
    assert not options_of("python").compiled
    assert options_of("torchforce-plain").backend == "torchforce-plain"
    assert options_of(NATIVE).backend == "torchforce"


def test_a_student_has_all_backends(specs):
    found = load_variants(specs[0], backends=BACKENDS)
    assert [one.backend for one in found] == list(BACKENDS)
    assert [one.potential.options.compiled for one in found] == [
        name == "python-compiled" for name in BACKENDS
    ]
    assert len({one.label for one in found}) == len(BACKENDS)


def test_a_torchscript_file_has_those_that_it_can_be_run_by(tmp_path):
    found = load_variants(write_torchscript(tmp_path), backends=BACKENDS)
    assert [one.backend for one in found] == ["torchforce", "python"]


def test_a_calculator_has_no_choice():
    (found,) = load_variants("ase:ase.calculators.emt:EMT", backends=BACKENDS)
    assert found.backend == NATIVE
    assert found.label == "ase:ase.calculators.emt:EMT [native]"


def test_a_backend_that_cannot_run_a_molecule_is_left_out_with_its_reason(specs):
    box = load_system("water_box_64")
    variants = load_variants(specs[0], backends=("torchforce", "python-compiled"))
    usable, skipped = usable_variants(variants, box)
    assert usable == variants[:1]
    (one,) = skipped
    assert (one.backend, one.system) == ("python-compiled", "water_box_64")
    assert "cannot be compiled" in one.reason
    with pytest.raises(PotentialError, match="cannot be compiled"):
        usable_variants(variants[1:], box)


def test_what_can_run_stays(specs, water):
    variant = Variant(load_potential(specs[0]), "torchforce")
    assert usable_variants([variant], water) == ([variant], [])
