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


def written(*arguments: str, returns: str = "Tensor") -> Signature:
    """Read ``Tensor name`` or ``float name=``."""
    parts = [argument.rstrip("=").rsplit(maxsplit=1) for argument in arguments]
    defaults = [argument.endswith("=") for argument in arguments]
    return Signature(
        tuple(Argument(name, kind, d) for (kind, name), d in zip(parts, defaults, strict=True)),
        returns,
    )


def found(*arguments: str, asked=None, returns="Tensor", **given: float) -> Contract:
    return find_contract(written(*arguments, returns=returns), asked=asked, given=given, spec="a")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["Tensor positions"], "positions"),
        (["Tensor x"], "positions"),
        (["Tensor pos", "Tensor cell"], "positions-box"),
        (["Tensor coords", "Tensor box_vectors"], "positions-box"),
        (["Tensor z", "Tensor pos"], "numbers-positions"),
        (["Tensor atomic_numbers", "Tensor coordinates"], "numbers-positions"),
        (["Tensor Positions", "Tensor boxVectors"], "positions-box"),
    ],
)
def test_names_say_the_contract(arguments, name):
    assert found(*arguments) == Contract(name, outputs_forces=False)
    forces = found(*arguments, returns="Tuple[Tensor, Tensor]")
    assert forces == Contract(name, outputs_forces=True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["Tensor x", "Tensor y"],
        ["Tensor positions", "Tensor k"],
        ["Tensor x", "Tensor box"],
        ["Tensor z", "Tensor x"],
        ["Tensor positions", "Optional[Tensor] box="],
        ["Tensor positions", "Tensor a", "Tensor b"],
    ],
)
def test_what_names_leave_open_is_asked_for(arguments):
    with pytest.raises(PotentialError, match="it is not clear what the arguments of") as raised:
        found(*arguments)
    text = str(raised.value)
    assert str(written(*arguments)) in text
    assert "--contract positions|positions-box|numbers-positions" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["Tensor x", "Tensor y"], "positions-box"),
        (["Tensor x", "Tensor y"], "numbers-positions"),
        (["Tensor x", "Tensor box"], "positions-box"),
        (["Tensor positions", "Optional[Tensor] box="], "positions"),
        (["Tensor positions", "Optional[Tensor] box="], "positions-box"),
    ],
)
def test_the_user_may_say_the_contract(arguments, asked):
    assert found(*arguments, asked=asked) == Contract(asked, outputs_forces=False)


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["Tensor positions", "Tensor box"], "numbers-positions"),
        (["Tensor z", "Tensor positions"], "positions-box"),
        (["Tensor positions", "Tensor box"], "positions"),
        (["Tensor positions"], "positions-box"),
        (["float positions"], "positions"),
    ],
)
def test_a_contract_that_the_names_contradict_is_refused(arguments, asked):
    with pytest.raises(PotentialError, match=f"does not fit the contract '{asked}'"):
        found(*arguments, asked=asked)


def test_an_unknown_contract_is_refused():
    with pytest.raises(PotentialError, match="did you mean 'positions-box'"):
        found("Tensor positions", asked="position-boxes")


@pytest.mark.parametrize(
    "arguments",
    [
        ["Tensor atomic_numbers"],
        ["Tensor positions", "Tensor atomic_numbers"],
        ["Dict[str, Tensor] data"],
        ["Tensor positions", "str name"],
        [],
    ],
)
def test_a_signature_of_no_contract_is_refused(arguments):
    with pytest.raises(PotentialError, match="fits no contract; expected forward") as raised:
        found(*arguments)
    assert str(written(*arguments)) in str(raised.value)


@pytest.mark.parametrize("returns", ["Dict[str, Tensor]", "float", "Tuple[Tensor, Tensor, Tensor]"])
def test_another_result_is_refused(returns):
    with pytest.raises(PotentialError, match="neither Tensor nor Tuple") as raised:
        found("Tensor positions", returns=returns)
    assert returns in str(raised.value)
    assert "forward(atomic_numbers, positions)" in str(raised.value)


def test_further_arguments_are_parameters_in_the_order_of_the_file():
    contract = found("Tensor positions", "float a", "Tensor b", "float c=", c=1.0, b=2.0, a=3.0)
    assert [argument.name for argument in contract.parameters] == ["a", "b", "c"]
    assert contract.name == "positions"


def test_defaults_are_left_to_the_file():
    assert found("Tensor positions", "float a=", "float b=").parameters == ()
    contract = found("Tensor positions", "float a=", "float b=", b=1.0)
    assert [argument.name for argument in contract.parameters] == ["b"]
    assert contract.skips_arguments
    assert not found("Tensor positions", "float a=", "float b=", a=1.0).skips_arguments


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "global parameter 'k' of .* has no value; give it with --parameter k=VALUE"),
        ({"k": 1.0, "kk": 2.0}, "has no global parameter 'kk'; did you mean 'k'"),
    ],
)
def test_a_parameter_without_value_or_a_value_without_parameter_is_named(given, said):
    with pytest.raises(PotentialError, match=said):
        found("Tensor positions", "Tensor box", "Tensor k", **given)


def test_a_value_for_a_file_without_parameters_is_refused():
    with pytest.raises(PotentialError, match="no global parameter 'k'; it has none"):
        found("Tensor positions", k=1.0)


def test_a_parameter_must_be_a_number():
    with pytest.raises(PotentialError, match="is a Optional"):
        found("Tensor positions", "float a", "Optional[Tensor] b=", a=1.0, b=2.0)


def test_signatures_are_read_off_the_file(models):
    def read(module):
        return str(read_signature(torch.jit.script(module).forward.schema))

    assert read(models.Springs()) == "forward(Tensor positions) -> Tensor"
    assert read(models.OptionalBox()) == (
        "forward(Tensor positions, Optional[Tensor] box=...) -> Tensor"
    )
    assert read(models.NumbersWithForces()) == (
        "forward(Tensor atomic_numbers, Tensor positions) -> Tuple[Tensor, Tensor]"
    )


def test_signatures_of_traced_files_are_read_too(models):
    example = torch.zeros(3, 3, dtype=torch.float64)
    traced = torch.jit.trace(models.WithForces(), example)
    signature = read_signature(traced.forward.schema)
    assert str(signature) == "forward(Tensor positions) -> Tuple[Tensor, Tensor]"
    assert find_contract(signature, asked=None, given={}, spec="a").outputs_forces
