"""What a queue is told; the scripts that come of it are tested with the cluster."""

from pathlib import Path

import pytest

from openmm_mlff.campaign.jobs import queue_options
from openmm_mlff.campaign.spec import ClusterSpec


@pytest.mark.parametrize(
    ("kind", "walltime"), [("slurm", "12:30:00"), ("pbs", "12:30:00"), ("lsf", "12:30")]
)
def test_every_queue_is_told_the_walltime_as_it_reads_it(tmp_path, kind, walltime):
    spec = ClusterSpec(kind=kind, workers=1, walltime="12:30")
    assert queue_options(spec, tmp_path)["walltime"] == walltime


@pytest.mark.parametrize("kind", ["slurm", "pbs", "lsf"])
def test_without_a_gpu_none_is_asked_for(kind):
    options = queue_options(ClusterSpec(kind=kind, workers=1), Path("logs"))
    assert "gpu" not in str(options).lower()


def test_equal_calls_share_nothing(tmp_path):
    spec = ClusterSpec(kind="slurm", workers=1)
    queue_options(spec, tmp_path)["scheduler_options"]["host"] = "changed"
    assert "host" not in queue_options(spec, tmp_path)["scheduler_options"]
