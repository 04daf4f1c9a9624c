"""Subjects in folders of their own."""

import pytest

from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.subject import Settings, Subject
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.selftest.runner import compiled_quickly
from openmm_mlff.simulation.platforms import named_platform


@pytest.fixture(scope="module", autouse=True)
def _unfused():
    """Leave TorchScript unfused; fusing takes half a second in each of many Contexts."""
    with compiled_quickly():
        yield


@pytest.fixture(scope="session")
def water() -> MolecularSystem:
    return load_system("water")


@pytest.fixture(scope="session")
def new_subject(tmp_path_factory):
    """Make a subject, by default of the standard protocol; `at_minimum` leaves the molecule."""

    def make(
        potential,
        molecule,
        *,
        dynamics=None,
        probes=None,
        precision="double",
        platform=None,
        folder=None,
        seed=1,
        at_minimum=False,
        **options,
    ) -> Subject:
        protocol = load_protocol("standard")
        changes = {
            "dynamics": protocol.dynamics.model_copy(update=dynamics or {}),
            "probes": protocol.probes.model_copy(update=probes or {}),
        }
        subject = Subject(
            potential,
            molecule,
            platform=platform or named_platform("Reference"),
            settings=Settings(protocol.model_copy(update=changes), precision, seed),
            folder=folder or tmp_path_factory.mktemp("run") / molecule.name,
            **options,
        )
        if at_minimum:
            subject._measured["molecule"] = molecule
        return subject

    return make
