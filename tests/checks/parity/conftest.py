"""Healthy and faulty potentials by name, measured and judged for real."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.comparison import Comparison
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.runner import compiled_quickly


@pytest.fixture
def unfused():
    """Unfused TorchScript; fusing takes half a second in each of many Contexts."""
    with compiled_quickly():
        yield


@pytest.fixture(scope="session")
def argon() -> MolecularSystem:
    return MolecularSystem(
        name="argon", atomic_numbers=np.array([18]), positions_angstrom=np.zeros((1, 3))
    )


@pytest.fixture
def of_healthy(measured, make_subject):
    """The result of a check on a healthy potential."""

    def run(check, kind, *, molecule="water", **settings):
        if isinstance(molecule, str):
            molecule = load_system(molecule)
        potential = healthy(kind, molecule=molecule, seed=0)
        return measured(check, make_subject(potential, molecule, **settings))

    return run


@pytest.fixture
def of_faulty(measured, make_subject):
    """The result of a check on a potential with a planted fault."""

    def run(check, name):
        fault = get_fault(name)
        molecule = load_system(fault.system)
        potential = fault.plant(healthy(fault.parent, molecule=molecule, seed=0), fault.gross)
        return measured(check, make_subject(potential, molecule))

    return run


@pytest.fixture
def differences():
    """Fields of a comparison in which one pair may differ."""

    def make(*, energy=0.0, force=0.0, pairs=2, pair=0, dtype="float64", refused=0, of=5):
        energies, forces = np.zeros(pairs), np.zeros(pairs)
        energies[pair], forces[pair] = energy, force
        record = Comparison(
            dtype=dtype,
            energy_differences=energies,
            force_differences=forces,
            refused=np.arange(of) < refused,
        )
        return vars(record)

    return make
