"""The whole path on CUDA."""

import pytest
import torch

import openmm_mlff as mlff
from openmm_mlff.results import Status

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here"),
]


@pytest.mark.parametrize("precision", ["single", "mixed", "double"])
def test_a_shipped_student_validates_on_cuda(short_protocol, tmp_path, precision):
    report = mlff.validate(
        "student:tiny",
        systems=["water", "methane"],
        protocol=short_protocol,
        platform="CUDA",
        precision=precision,
        output=tmp_path / "out",
    )
    bad = {Status.FAIL, Status.ERROR}
    assert not [result.message for result in report.checks if result.status in bad]
    assert report.verdict.scope.platform == "CUDA"
    memory = [result for result in report.checks if result.id == "memory"]
    assert all(result.status is Status.PASS for result in memory)


def test_auto_takes_cuda_where_it_is(short_protocol, tmp_path):
    report = mlff.validate(
        "student:tiny", systems=["water"], protocol=short_protocol, output=tmp_path / "out"
    )
    assert report.verdict.scope.platform == "CUDA"
