"""The signature of a TorchScript file and the contract that it follows.

| contract | forward | units |
|---|---|---|
| `positions` | (positions[, parameters]) | nm, kJ/mol |
| `positions-box` | (positions, boxvectors[, parameters]) | nm, kJ/mol |
| `numbers-positions` | (atomic_numbers, positions[, parameters]) | Å, eV |

Each returns the energy, or energy and forces. If names are ambiguous, the user has to specify the
contract.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.config import nearest
from openmm_mlff.errors import PotentialError

LEADING_ROLES: Mapping[str, tuple[str, ...]] = {
    "positions": ("positions",),
    "positions-box": ("positions", "box"),
    "numbers-positions": ("numbers", "positions"),
}
"""Roles of the first arguments, by contract; further ones are global parameters."""

ROLE_OF_NAME: Mapping[str, str] = {
    **dict.fromkeys(("positions", "pos", "coordinates", "coords"), "positions"),
    **dict.fromkeys(("boxvectors", "box", "cell", "box_vectors"), "box"),
    **dict.fromkeys(("atomic_numbers", "numbers", "z", "species", "atomic_nums"), "numbers"),
}
_AMBIGUOUS = frozenset({"species"})
"""Names of atomic numbers in some files and of element indices in others."""

ACCEPTED = (
    "forward(positions), forward(positions, boxvectors) or forward(atomic_numbers, positions) -> "
    "energy, or either of the first two with further global parameters, or any with "
    "(energy, forces)"
)
_CHOICES = "|".join(LEADING_ROLES)
_TENSORS = ("Tensor", "Optional[Tensor]")
_PARAMETERS = ("Tensor", "float")


@dataclass(frozen=True)
class Argument:
    """One argument of `forward`, with its type as written by TorchScript."""

    name: str
    type: str
    has_default: bool = False

    @property
    def role(self) -> str | None:
        """The role implied by the name: ``positions``, ``box`` or ``numbers``; None for others."""
        return ROLE_OF_NAME.get(self.name.lower())


@dataclass(frozen=True)
class Signature:
    """Arguments of `forward` without `self`, and its result type as written by TorchScript."""

    arguments: tuple[Argument, ...]
    returns: str

    def __str__(self) -> str:
        """Return it as ``forward(Tensor positions, float k=...) -> Tensor``."""
        listed = ", ".join(
            f"{argument.type} {argument.name}{'=...' if argument.has_default else ''}"
            for argument in self.arguments
        )
        return f"forward({listed}) -> {self.returns}"


@dataclass(frozen=True)
class Contract:
    """How a file is called.

    Attributes:
        name: ``positions``, ``positions-box`` or ``numbers-positions``.
        outputs_forces: whether it returns (energy, forces) instead of the energy alone.
        parameters: further arguments that have a value.
        skips_arguments: whether an omitted argument with a default precedes one with a value.
    """

    name: str
    outputs_forces: bool
    parameters: tuple[Argument, ...] = ()
    skips_arguments: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles of its first arguments: ``positions``, ``box``, ``numbers``."""
        return LEADING_ROLES[self.name]

    @property
    def has_box(self) -> bool:
        """Whether it takes box vectors."""
        return "box" in self.roles

    @property
    def has_numbers(self) -> bool:
        """Whether it takes atomic numbers, and thus any composition."""
        return "numbers" in self.roles


def read_signature(schema: Any) -> Signature:
    """Convert a `torch.FunctionSchema` of `forward` to a signature."""
    arguments = tuple(
        Argument(argument.name, str(argument.type), argument.has_default_value())
        for argument in schema.arguments[1:]
    )
    return Signature(arguments, ", ".join(str(found.type) for found in schema.returns))


def find_contract(
    signature: Signature, *, asked: str | None, given: Mapping[str, float], spec: str
) -> Contract:
    """Return the contract of a file: that asked for, or else the one that its names imply.

    Raises:
        PotentialError: the signature matches no contract, or more than one; or parameters and
            values do not match.
    """
    if signature.returns not in ("Tensor", "Tuple[Tensor, Tensor]"):
        raise PotentialError(
            f"{spec}: the result of {signature} is neither Tensor nor Tuple[Tensor, Tensor]; "
            f"expected {ACCEPTED}"
        )
    name = _named(signature, asked, spec) if asked else _inferred(signature, given, spec)
    further = signature.arguments[len(LEADING_ROLES[name]) :]
    parameters = tuple(a for a in further if not a.has_default or a.name in given)
    _check_parameters(signature, parameters, given, spec)
    return Contract(
        name=name,
        outputs_forces=signature.returns != "Tensor",
        parameters=parameters,
        skips_arguments=parameters != further[: len(parameters)],
    )


def _named(signature: Signature, asked: str, spec: str) -> str:
    """Check that the signature matches the requested contract."""
    if asked not in LEADING_ROLES:
        raise PotentialError(
            f"{spec}: unknown contract {asked!r}; {nearest(asked, list(LEADING_ROLES))}"
        )
    if not _fits(signature.arguments, LEADING_ROLES[asked]):
        raise PotentialError(
            f"{spec}: {signature} does not match the contract {asked!r}; expected {ACCEPTED}: "
            f"choose another of --contract {_CHOICES}"
        )
    return asked


def _inferred(signature: Signature, given: Mapping[str, float], spec: str) -> str:
    """Return the only contract that is compatible with the names."""
    arguments = signature.arguments
    possible = [name for name, roles in LEADING_ROLES.items() if _fits(arguments, roles)]
    certain = [name for name in possible if _is_certain(arguments, LEADING_ROLES[name], given)]
    if not possible:
        raise PotentialError(f"{spec}: {signature} matches no contract; expected {ACCEPTED}")
    species = [a.name for a in arguments if a.name.lower() in _AMBIGUOUS]
    if species and possible == ["numbers-positions"]:
        raise PotentialError(
            f"{spec}: {species[0]!r} of {signature} may be atomic numbers or indices of elements; "
            "use --contract numbers-positions if they are atomic numbers, otherwise convert them "
            "in forward"
        )
    if len(certain) != 1:
        raise PotentialError(
            f"{spec}: it is not clear what the arguments of {signature} are; expected {ACCEPTED}: "
            f"choose one with --contract {_CHOICES}, and give a global parameter its value with "
            "--parameter NAME=VALUE"
        )
    return certain[0]


def _fits(arguments: Sequence[Argument], roles: tuple[str, ...]) -> bool:
    """Return whether types and names allow these roles."""
    leading, further = arguments[: len(roles)], arguments[len(roles) :]
    return (
        len(leading) == len(roles)
        and all(
            argument.type in _TENSORS and argument.role in (None, role)
            for argument, role in zip(leading, roles, strict=True)
        )
        and all(
            argument.has_default or (argument.role is None and argument.type in _PARAMETERS)
            for argument in further
        )
    )


def _is_certain(
    arguments: Sequence[Argument], roles: tuple[str, ...], given: Mapping[str, float]
) -> bool:
    """Return whether names and given values exclude any other contract."""
    if len(roles) > 1:
        # An optional box supports both periodic systems and isolated molecules.
        return all(
            argument.role == role
            and not argument.has_default
            and argument.name.lower() not in _AMBIGUOUS
            for argument, role in zip(arguments, roles, strict=False)
        )
    # A second tensor might be a box, or positions that follow atomic numbers.
    return all(
        argument.name in given or (argument.role is None and argument.type not in _TENSORS)
        for argument in arguments[1:]
    )


def _check_parameters(
    signature: Signature,
    parameters: tuple[Argument, ...],
    given: Mapping[str, float],
    spec: str,
) -> None:
    """Check that every parameter has a value, and every value a parameter."""
    names = [argument.name for argument in parameters]
    for argument in parameters:
        if argument.name not in given:
            raise PotentialError(
                f"{spec}: the global parameter {argument.name!r} of {signature} has no value; "
                f"give it with --parameter {argument.name}=VALUE"
            )
        if argument.type not in _PARAMETERS:
            raise PotentialError(
                f"{spec}: {argument.name!r} of {signature} is a {argument.type}; expected a "
                "global parameter to be a Tensor or a float"
            )
    for name in given:
        if name not in names:
            hint = nearest(name, names) if names else "it has none"
            raise PotentialError(f"{spec}: {signature} has no global parameter {name!r}; {hint}")
