import numpy as np
import pytest

from openmm_mlff.checks.accuracy.force_accuracy import SPEC
from openmm_mlff.checks.accuracy.labels import labelled_frames
from openmm_mlff.records import CheckResult, Status


@pytest.fixture
def read(water, with_probe):
    def call(*, frames=10, requested=10, **faults):
        rng = np.random.default_rng(1)
        arrays = {
            "model_forces": rng.normal(size=(frames, 3, 3)),
            "reference_forces": rng.normal(size=(frames, 3, 3)),
            "model_energies_ev": rng.normal(size=frames),
            "reference_energies_ev": rng.normal(size=frames),
        }
        for name, lost in faults.items():
            arrays[name][:lost] = np.nan
        data = {"reference": "ase:xtb", "run": "nve", "refused": 0, "requested": requested}
        return labelled_frames(SPEC, with_probe(water, name="reference", data=data, arrays=arrays))

    return call


def test_all_frames_are_given_with_their_elements(read):
    frames = read()
    assert frames.symbols == ("O", "H", "H")
    assert frames.counts()["frames_used"] == 10
    assert frames.counts()["frames_refused"] == 0


@pytest.mark.parametrize("name", ["reference_forces", "reference_energies_ev"])
def test_frames_without_a_finite_label_count_as_refused(read, name):
    frames = read(**{name: 2})
    assert frames.refused == 2
    assert len(frames.model_forces) == 8
    assert np.isfinite(frames.reference_forces).all()


@pytest.mark.parametrize(("frames", "judged"), [(80, True), (79, False)])
def test_four_fifths_are_the_fewest(read, frames, judged):
    found = read(frames=frames, requested=100)
    assert isinstance(found, CheckResult) is not judged
    if not judged:
        assert found.status is Status.INCONCLUSIVE
        assert "79 of 100 frames" in found.message


@pytest.mark.parametrize("name", ["model_forces", "model_energies_ev"])
def test_a_potential_that_gives_no_number_fails_even_where_the_label_is_lost(read, name):
    assert read(**{name: 1}).status is Status.FAIL
    assert read(**{name: 1, "reference_forces": 1}).status is Status.FAIL


def test_no_frame_decides_nothing(read):
    assert read(frames=0, requested=0).status is Status.INCONCLUSIVE
    assert read(frames=0, requested=10).status is Status.INCONCLUSIVE
