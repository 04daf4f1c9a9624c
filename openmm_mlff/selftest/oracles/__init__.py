"""Healthy potentials: analytic ones, in float64 or with a float32 energy, and a small network."""

from collections.abc import Callable, Mapping

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.oracles.argon import ArgonOracle
from openmm_mlff.selftest.oracles.bonded import BondedOracle
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.network import network_oracle
from openmm_mlff.selftest.oracles.pair import PairOracle, WalledHoleOracle
from openmm_mlff.selftest.oracles.staircase import StaircaseOracle

KINDS: Mapping[str, Callable[[MolecularSystem, int], Potential]] = {
    "bonded": lambda molecule, seed: BondedOracle(molecule, seed=seed),
    "pair": lambda _, seed: PairOracle(seed=seed),
    "walled hole": lambda _, seed: WalledHoleOracle(seed=seed),
    "staircase": lambda molecule, seed: StaircaseOracle(molecule, seed=seed),
    "network": lambda _, seed: network_oracle(seed=seed),
}
"""Functions that build a healthy potential for a molecule and a seed."""


BOX_KINDS: Mapping[str, Callable[[MolecularSystem, int], Potential]] = {
    "argon": lambda _, seed: ArgonOracle(seed=seed),
    "field": lambda molecule, seed: FieldOracle(molecule, seed=seed),
}
"""The same for periodic boxes."""


def healthy(kind: str, *, molecule: MolecularSystem, seed: int) -> Potential:
    """Return a healthy potential of one of the :data:`KINDS` or :data:`BOX_KINDS`."""
    return {**KINDS, **BOX_KINDS}[kind](molecule, seed)


__all__ = ["BOX_KINDS", "KINDS", "healthy"]
