"""Healthy potentials: analytic ones, in float64 or with a float32 energy, and a small network."""

from collections.abc import Callable, Mapping

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.oracles.bonded import BondedOracle
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


def healthy(kind: str, *, molecule: MolecularSystem, seed: int) -> Potential:
    """Return a healthy potential of one of the :data:`KINDS`."""
    return KINDS[kind](molecule, seed)


__all__ = ["KINDS", "healthy"]
