import pytest
import torch

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.torchscript.signature import (
    Argument,
    Contract,
    Signature,
    find_contract,
    read_signature,
)


def written(arguments: str, returns: str = "Tensor") -> Signature:
    """Read ``Tensor name, float name=``."""
    parts = [argument.rsplit(maxsplit=1) for argument in arguments.split("; ") if argument]
    return Signature(
        tuple(Argument(name.rstrip("="), kind, name.endswith("=")) for kind, name in parts), returns
    )


def found(arguments: str, *, asked=None, returns="Tensor", **given: float) -> Contract:
    return find_contract(written(arguments, returns), asked=asked, given=given, spec="a")


@pytest.mark.parametrize(
    ("arguments", "asked", "name"),
    [
        ("Tensor positions", None, "positions"),
        ("Tensor x", None, "positions"),
        ("Tensor pos; Tensor cell", None, "positions-box"),
        ("Tensor coords; Tensor box_vectors", None, "positions-box"),
        ("Tensor z; Tensor pos", None, "numbers-positions"),
        ("Tensor atomic_numbers; Tensor coordinates", None, "numbers-positions"),
        ("Tensor Positions; Tensor boxVectors", None, "positions-box"),
        ("Tensor x; Tensor y", "positions-box", "positions-box"),
        ("Tensor x; Tensor y", "numbers-positions", "numbers-positions"),
        ("Tensor x; Tensor box", "positions-box", "positions-box"),
        ("Tensor positions; Optional[Tensor] box=", "positions", "positions"),
        ("Tensor positions; Optional[Tensor] box=", "positions-box", "positions-box"),
    ],
)
def test_names_or_the_user_determine_the_contract(arguments, asked, name):
    assert found(arguments, asked=asked) == Contract(name, outputs_forces=False)
    forces = found(arguments, asked=asked, returns="Tuple[Tensor, Tensor]")
    assert forces == Contract(name, outputs_forces=True)


@pytest.mark.parametrize(
    "arguments",
    [
        "Tensor x; Tensor y",
        "Tensor positions; Tensor k",
        "Tensor x; Tensor box",
        "Tensor z; Tensor x",
        "Tensor positions; Optional[Tensor] box=",
        "Tensor positions; Tensor a; Tensor b",
    ],
)
def test_ambiguous_names_require_the_option(arguments):
    with pytest.raises(PotentialError, match="it is not clear what the arguments of") as raised:
        found(arguments)
    text = str(raised.value)
    assert str(written(arguments)) in text
    assert "--contract positions|positions-box|numbers-positions" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ("Tensor positions; Tensor box", {"asked": "numbers-positions"}, "'numbers-positions'"),
        ("Tensor z; Tensor positions", {"asked": "positions-box"}, "'positions-box'"),
        ("Tensor positions; Tensor box", {"asked": "positions"}, "'positions'"),
        ("Tensor positions", {"asked": "positions-box"}, "'positions-box'"),
        ("float positions", {"asked": "positions"}, "'positions'"),
        ("Tensor positions", {"asked": "position-boxes"}, "did you mean 'positions-box'"),
        ("Tensor atomic_numbers", {}, r"\(Tensor atomic_numbers\).* matches no contract; expected"),
        ("Tensor positions; Tensor atomic_numbers", {}, "matches no contract"),
        ("Dict[str, Tensor] data", {}, "matches no contract"),
        ("Tensor positions; str name", {}, "matches no contract"),
        ("", {}, "matches no contract"),
        ("Tensor positions", {"returns": "Dict[str, Tensor]"}, "Dict.* neither Tensor nor Tuple"),
        ("Tensor positions", {"returns": "float"}, "neither Tensor nor Tuple"),
        ("Tensor positions", {"returns": "Tuple[Tensor, Tensor, Tensor]"}, "neither Tensor nor"),
        ("Tensor positions; Tensor box; Tensor k", {}, "--parameter k=VALUE"),
        ("Tensor positions; Tensor box; Tensor k", {"k": 1, "kk": 2}, "'kk'; did you mean 'k'"),
        ("Tensor positions", {"k": 1.0}, "no global parameter 'k'; it has none"),
        ("Tensor positions; float a; Optional[Tensor] b=", {"a": 1, "b": 2}, "is a Optional"),
    ],
)
def test_other_signatures_contracts_results_and_parameters_are_refused(arguments, options, said):
    with pytest.raises(PotentialError, match=said) as raised:
        found(arguments, **options)
    assert "\n" not in str(raised.value)


def test_further_arguments_are_parameters_and_defaults_are_left_to_the_file():
    contract = found("Tensor positions; float a; Tensor b; float c=", c=1.0, b=2.0, a=3.0)
    assert [argument.name for argument in contract.parameters] == ["a", "b", "c"]
    assert contract.name == "positions"
    defaults = "Tensor positions; float a=; float b="
    assert found(defaults).parameters == ()
    contract = found(defaults, b=1.0)
    assert [argument.name for argument in contract.parameters] == ["b"]
    assert contract.skips_arguments
    assert not found(defaults, a=1.0).skips_arguments


class Traced(torch.nn.Module):
    def forward(self, positions):
        return (positions**2).sum(), -2.0 * positions


def test_signatures_are_read_from_scripted_and_traced_files(scripted):
    traced = torch.jit.trace(Traced(), torch.zeros(3, 3, dtype=torch.float64))
    both = "Tuple[Tensor, Tensor]"
    for module, arguments, returned in (
        (scripted("Springs"), "Tensor positions", "Tensor"),
        (scripted("OptionalBox"), "Tensor positions, Optional[Tensor] box=...", "Tensor"),
        (scripted("NumbersWithForces"), "Tensor atomic_numbers, Tensor positions", both),
        (traced, "Tensor positions", both),
    ):
        assert str(read_signature(module.forward.schema)) == f"forward({arguments}) -> {returned}"
