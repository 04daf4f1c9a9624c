"""What is found once and kept."""

import numpy as np
import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.pipeline.kept import kept_minimum, kept_platform
from openmm_mlff.simulation.minimise import MinimumResult
from openmm_mlff.simulation.platforms import PlatformChoice


def never():
    raise AssertionError("found a second time")


def test_a_minimum_is_found_once_and_kept_to_the_last_bit(tmp_path):
    positions = np.random.default_rng(1).normal(size=(3, 3)) / 3.0
    found = kept_minimum(tmp_path, lambda: MinimumResult(positions, -1.0 / 3.0, 1e-4, True))
    again = kept_minimum(tmp_path, never)
    assert again.positions_angstrom.tobytes() == positions.tobytes()
    assert (again.energy_ev, again.largest_force_ev_per_angstrom, again.converged) == (
        found.energy_ev,
        found.largest_force_ev_per_angstrom,
        found.converged,
    )


@pytest.mark.parametrize("name", ["CPU", "Reference"])
def test_a_platform_is_chosen_once(tmp_path, name):
    chosen = PlatformChoice(name, {}, "the faster")
    assert kept_platform(tmp_path, lambda: chosen) == chosen
    assert kept_platform(tmp_path, never) == chosen


def test_what_is_damaged_is_named(tmp_path):
    (tmp_path / "minimum.json").write_text("{}")
    with pytest.raises(RunDirectoryError, match="does not hold positions_angstrom"):
        kept_minimum(tmp_path, never)
