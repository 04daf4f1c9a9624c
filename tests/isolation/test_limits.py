"""Limits: what they are by default, and what is no limit."""

import psutil
import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.isolation import isolation_limits


def test_by_default_most_of_the_memory_and_an_hour():
    limits = isolation_limits(sandbox=True)
    assert 0 < limits.memory_limit_bytes <= 0.8 * psutil.virtual_memory().total
    assert limits.time_limit_s == 3600.0
    assert limits.total_time_limit_s is None


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["time_limit_s", "memory_limit_gib", "total_time_limit_s"])
def test_what_is_no_limit_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name} is .*; expected a number above 0"):
        isolation_limits(sandbox=True, **{name: value})


def test_the_switch_turns_the_default_off(monkeypatch):
    monkeypatch.setenv("OPENMM_MLFF_SANDBOX", "0")
    assert isolation_limits() is None


def test_a_limit_needs_a_process_of_its_own():
    with pytest.raises(ConfigError, match="without the sandbox"):
        isolation_limits(sandbox=False, time_limit_s=5.0)
    assert isolation_limits(sandbox=False) is None
