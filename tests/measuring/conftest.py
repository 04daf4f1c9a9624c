"""Subjects in folders of their own."""

import pytest

from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.subject import Settings, Subject
from openmm_mlff.simulation.platforms import named_platform


@pytest.fixture(scope="session")
def new_subject(tmp_path_factory):
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
        **options,
    ) -> Subject:
        protocol = load_protocol("standard")
        changes = {
            "dynamics": protocol.dynamics.model_copy(update=dynamics or {}),
            "probes": protocol.probes.model_copy(update=probes or {}),
        }
        return Subject(
            potential,
            molecule,
            platform=platform or named_platform("Reference"),
            settings=Settings(protocol.model_copy(update=changes), precision, seed),
            folder=folder or tmp_path_factory.mktemp("run") / molecule.name,
            **options,
        )

    return make
