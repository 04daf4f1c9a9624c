"""The density is compared with a known one, if the protocol names one."""

import math

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.density import CHECK, Record
from openmm_mlff.config import BoxSpec
from openmm_mlff.results import Status
from openmm_mlff.storage.shared import BoxRun


def record(known, *, spread=0.01, rows=500, failure=""):
    noise = np.random.default_rng(2).normal(scale=spread, size=rows)
    return Record(
        time_ps=np.arange(rows) * 0.1,
        density_g_per_cm3=1.0 + noise,
        known_g_per_cm3=known,
        temperature_kelvin=300.0,
        pressure_bar=1.0,
        failure=failure,
    )


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (record(1.0), Status.PASS),
        (record(1.1), Status.FAIL),
        (record(1.02), Status.INCONCLUSIVE),
        (record(1.0, spread=0.3, rows=60), Status.INCONCLUSIVE),
        (record(math.nan), Status.NOT_APPLICABLE),
        (record(1.0, failure="it boiled"), Status.FAIL),
    ],
)
def test_the_interval_decides(judge, given, status):
    judgement = judge(given, protocol="liquid")
    assert judgement.status is status
    assert bool(CHECK.plots(given, {})) is True


def test_it_is_that_of_the_shared_run_and_the_protocols_box(sound):
    subject = sound("pair")
    rows = np.ones(10)
    subject._measured["npt"] = BoxRun(
        time_ps=rows,
        # 100 amu in 100 Å³.
        volume_angstrom3=100.0 * rows,
        potential_ev=rows,
        positions_angstrom=np.zeros((1, 3, 3)),
        cells_angstrom=np.eye(3)[None],
        frame_energies_ev=np.zeros(1),
        mass_amu=100.0,
        temperature_kelvin=300.0,
        pressure_bar=1.0,
    )
    settings = subject.settings
    protocol = settings.protocol.model_copy(update={"box": BoxSpec(density_g_per_cm3=1.66)})
    object.__setattr__(settings, "protocol", protocol)
    found = CHECK.measure(subject)
    assert found.density_g_per_cm3 == pytest.approx(1.66054, rel=1e-5)
    assert found.known_g_per_cm3 == 1.66
