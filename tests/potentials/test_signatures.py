import pytest
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT
from ase.calculators.espresso import Espresso
from ase.calculators.lj import LennardJones

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.signatures import check_options, known_options


class HandsOn(Calculator):
    """As CHGNet's: ASE stores unknown options, and nothing reads them."""

    def __init__(self, model=None, *, on_isolated_atoms="warn", **kwargs):
        super().__init__(**kwargs)
        self.model, self.on_isolated_atoms = model, on_isolated_atoms


class Child(HandsOn):
    def __init__(self, *, cutoff=5.0, **rest):
        HandsOn.__init__(self, **rest)
        self.cutoff = cutoff


class Strict(Child):
    def __init__(self, size="small"):
        super().__init__(model=size)


class ReadsItself(Calculator):
    def __init__(self, **kwargs):
        self.k = kwargs.pop("k", 1.0)
        super().__init__(**kwargs)


class ReadsParameters(Calculator):
    def stiffness(self):
        return self.parameters.get("k")


def plain(size="small", device="cpu"):
    return HandsOn(size)


def of_any(**kwargs):
    return HandsOn(**kwargs)


@pytest.mark.parametrize(
    ("factory", "known", "unknown"),
    [
        (HandsOn, ("model", "on_isolated_atoms", "label"), ("model_name",)),
        (Child, ("model", "cutoff", "label"), ("cutof",)),
        (Strict, ("size",), ("model", "label")),
        (LennardJones, ("sigma", "rc"), ("sgima",)),
        (EMT, ("asap_cutoff",), ("cutoff",)),
        (plain, ("size", "device"), ("model",)),
    ],
)
def test_an_option_is_known_where_a_constructor_names_it(factory, known, unknown):
    found = known_options(factory)
    assert set(known) <= set(found)
    assert not set(unknown) & set(found)
    check_options(factory, dict.fromkeys(known, 1), spec="ase:a:b")
    with pytest.raises(PotentialError, match=rf"has no option '{unknown[0]}'"):
        check_options(factory, {unknown[0]: 1}, spec="ase:a:b")


@pytest.mark.parametrize("factory", [ReadsItself, ReadsParameters, of_any, Espresso])
def test_what_code_reads_by_itself_is_left_to_it(factory):
    assert known_options(factory) is None
    check_options(factory, {"anything": 1}, spec="ase:a:b")
