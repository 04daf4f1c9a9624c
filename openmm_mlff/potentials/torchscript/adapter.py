"""Adapt a TorchScript file to units and arguments of `TorchForce`: positions[, box][, parameters].

`TorchForce` uses nm and kJ/mol, passes all particles of the System, and passes global parameters
as tensors. For files with other conventions a compiled wrapper module is generated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from openmm_mlff.config import nearest
from openmm_mlff.errors import PotentialError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.torchscript.signature import Contract
from openmm_mlff.units import ANGSTROM_BY_LENGTH_UNIT, EV_BY_ENERGY_UNIT


@dataclass(frozen=True)
class Scales:
    """Units of energy and length of a file."""

    energy_ev: float
    length_angstrom: float

    @property
    def force_ev_per_angstrom(self) -> float:
        """Unit of force, eV/Å."""
        return self.energy_ev / self.length_angstrom


OPENMM = Scales(EV_BY_ENERGY_UNIT["kJ/mol"], ANGSTROM_BY_LENGTH_UNIT["nm"])


def scales_of(contract: Contract, options: PotentialOptions, *, spec: str) -> Scales:
    """Return the units of a file: those in the options, or else those of the contract."""
    energy, length = ("eV", "angstrom") if contract.has_numbers else ("kJ/mol", "nm")
    energy, length = options.energy_unit or energy, options.length_unit or length
    for quantity, name, known in (
        ("energy", energy, EV_BY_ENERGY_UNIT),
        ("length", length, ANGSTROM_BY_LENGTH_UNIT),
    ):
        if name not in known:
            raise PotentialError(
                f"{spec}: unknown unit of {quantity} {name!r}; {nearest(name, list(known))}"
            )
    return Scales(EV_BY_ENERGY_UNIT[energy], ANGSTROM_BY_LENGTH_UNIT[length])


def fits_as_it_is(
    contract: Contract, scales: Scales, *, particles: Sequence[int] | None = None
) -> bool:
    """Return whether `TorchForce` can run the file directly.

    This requires OpenMM's own contract in its own units, on all particles (``particles`` is None).
    """
    return (
        not contract.has_numbers
        and scales == OPENMM
        and particles is None
        and not contract.skips_arguments
        and all(argument.type == "Tensor" for argument in contract.parameters)
    )


def adapt(
    module: torch.jit.ScriptModule,
    contract: Contract,
    scales: Scales,
    *,
    atomic_numbers: Tensor,
    particles: Sequence[int] | None = None,
) -> torch.jit.ScriptModule:
    """Return a module that `TorchForce` can run: that of the file if possible, else a wrapper.

    ``atomic_numbers``: int64 (N,); ``particles``: indices passed to the file; None for all.
    """
    if fits_as_it_is(contract, scales, particles=particles):
        return module
    shown = torch.tensor(list(particles or ()), dtype=torch.int64)
    source = forward_source(contract, scales, some_particles=particles is not None)

    # A new class for each file: instances share what was compiled for the first of them.
    class Adapter(torch.jit.ScriptModule):
        def __init__(self) -> None:
            super().__init__()
            self.module = module
            self.register_buffer("atomic_numbers", atomic_numbers)
            self.register_buffer("particles", shown)
            # TorchScript does not support *args, and the number of parameters depends on the file.
            self.define(source)

    return Adapter()


def forward_source(contract: Contract, scales: Scales, *, some_particles: bool) -> str:
    """Return the TorchScript source of an adapter's `forward`.

    ``some_particles``: whether the file receives only some of the System's particles.
    """
    length = OPENMM.length_angstrom / scales.length_angstrom
    energy = scales.energy_ev / OPENMM.energy_ev
    force = scales.force_ev_per_angstrom / OPENMM.force_ev_per_angstrom
    names = [f"parameter_{index}" for index in range(len(contract.parameters))]
    arguments = ["positions", *(["box"] if contract.has_box else []), *names]
    result = "Tuple[Tensor, Tensor]" if contract.outputs_forces else "Tensor"
    shown = "positions[self.particles]" if some_particles else "positions"
    values = {
        "positions": f"{shown} * {length!r}",
        "box": f"box * {length!r}",
        "numbers": "self.atomic_numbers",
    }
    given = [
        f"{argument.name}={f'float({name})' if argument.type == 'float' else name}"
        for argument, name in zip(contract.parameters, names, strict=True)
    ]
    call = f"self.module({', '.join([values[role] for role in contract.roles] + given)})"
    lines = [f"def forward(self, {', '.join(f'{a}: Tensor' for a in arguments)}) -> {result}:"]
    if not contract.outputs_forces:
        lines += [f"energy = {call}", f"return {_in_double('energy.reshape([])', energy)}"]
        return "\n    ".join(lines) + "\n"
    lines += [f"energy, forces = {call}", f"pushed = {_in_double('forces', force)}"]
    if some_particles:
        lines += [
            "shared = torch.zeros_like(positions).to(torch.float64)",
            "pushed = shared.index_copy(0, self.particles, pushed)",
        ]
    lines.append(f"return {_in_double('energy.reshape([])', energy)}, pushed")
    return "\n    ".join(lines) + "\n"


def _in_double(value: str, factor: float) -> str:
    """Return a product expression that keeps all digits of a value in single precision."""
    return f"{value}.to(torch.float64) * {factor!r}"
