"""Healthy potentials: analytic, in float64 or with an energy in float32, and a small network."""

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
"""What makes a healthy potential of each kind, for a molecule and with a seed."""


def healthy(kind: str, *, molecule: MolecularSystem, seed: int) -> Potential:
    """Make a healthy potential.

    Args:
        kind: ``bonded``, ``pair``, ``walled hole``, ``staircase`` or ``network``.
        molecule: what it will be asked about.
        seed: of its parameters.

    Returns:
        The potential.
    """
    return KINDS[kind](molecule, seed)


__all__ = ["KINDS", "healthy"]
