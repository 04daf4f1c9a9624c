"""Fixtures every test may use."""

import os
import random
from pathlib import Path

# Before matplotlib, OpenMM or torch are imported anywhere; two test processes share the machine.
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Else torch starts a pool of processes before it compiles anything.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
# Where a test does not ask for one: what runs here is measured, and can be replaced in parts.
os.environ["OPENMM_MLFF_SANDBOX"] = "0"

import hypothesis
import numpy as np
import pytest

from .programs import Programs

REPOSITORY = Path(__file__).resolve().parent.parent
SEED_STUDENTS = REPOSITORY.parent / "shared" / "seed_students"

# Reproducible, and no failures because a machine was busy.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeatable")


# A worker that began one of these last would work alone at the end.
SLOWEST_FIRST = (
    "docs/test_blocks.py",
    "pipeline/test_kills.py",
    "contract/test_contract.py",
    "selftest/test_suite.py",
    "pipeline/test_isolated.py",
    "pipeline/test_jobs.py",
    "bad_input/test_cases_judged.py",
    "pipeline/test_pipeline.py",
    "contract/test_planted_faults.py",
    "test_pytest_plugin.py",
    "campaign/test_cluster.py",
    "campaign/test_session.py",
    "examples/test_periodic_box.py",
)


def pytest_collection_modifyitems(items):
    places = {REPOSITORY / "tests" / name: place for place, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session", autouse=True)
def _one_torch_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded():
    import torch

    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Starts Python code in processes of their own, which have imported everything."""
    made = Programs(tmp_path_factory.mktemp("programs"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def seed_students() -> Path:
    """The folder with the three published students and their golden numbers."""
    if not (SEED_STUDENTS / "golden.json").is_file():
        pytest.skip("the published students (../shared/seed_students) are not on this machine")
    return SEED_STUDENTS


@pytest.fixture(scope="session")
def make_verdict():
    """Make a verdict of a status: its reasons and failure modes are those of the claim "sound"."""
    from openmm_mlff.results import (
        Claim,
        Claims,
        ClaimStatus,
        Reason,
        Scope,
        Verdict,
        VerdictStatus,
    )

    answers = {
        VerdictStatus.APPROVED: ClaimStatus.YES,
        VerdictStatus.REJECTED: ClaimStatus.NO,
        VerdictStatus.INCONCLUSIVE: ClaimStatus.UNDECIDED,
    }

    def make(
        status=VerdictStatus.APPROVED,
        *,
        reasons=("Everything was measured and passed.",),
        failure_modes=(),
        accurate=None,
        recommendation="Use it for small molecules.",
        next_step="",
        label=None,
        **scope,
    ):
        sound = Claim(
            name="sound",
            status=answers[status],
            reasons=tuple(
                Reason(message=reason) if isinstance(reason, str) else reason for reason in reasons
            ),
            failure_modes=failure_modes,
        )
        default = ClaimStatus.YES if status is VerdictStatus.APPROVED else ClaimStatus.NOT_ASKED
        fields = {
            "elements": ("H", "O"),
            "systems": ("water",),
            "temperatures_kelvin": (300.0,),
            "max_timestep_fs": 0.5,
            "duration_ps": 10.0,
            "platform": "Reference",
            "precision": "mixed",
        }
        return Verdict(
            status=status,
            label=label or status.value,
            claims=Claims(sound=sound, accurate=Claim(name="accurate", status=accurate or default)),
            recommendation=recommendation,
            next_step=next_step,
            scope=Scope(**(fields | scope)),
        )

    return make
