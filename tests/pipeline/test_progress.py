"""Progress in Python: lines in a log, or tqdm's bars in a notebook."""

import io
import logging
from functools import partial

from tqdm import tqdm

import openmm_mlff as mlff
from openmm_mlff.measuring.stage_names import FINISHED
from openmm_mlff.pipeline.progress import Bars


def test_a_validation_in_python_writes_its_stages_to_the_log(
    brief_protocol, random_student, tmp_path, caplog
):
    with caplog.at_level(logging.INFO, logger="openmm_mlff"):
        mlff.validate(
            str(random_student),
            systems="water",
            reference="none",
            protocol=brief_protocol("net_force_torque"),
            output=str(tmp_path / "run"),
        )
    lines = [one.getMessage() for one in caplog.records if one.name == "openmm_mlff"]
    assert any("water: minimisation" in line for line in lines)
    assert lines[-1].endswith(f"water: {FINISHED}")


def test_a_notebook_shows_a_bar_for_each_system():
    file = io.StringIO()
    bars = Bars(partial(tqdm, file=file, mininterval=0.0))
    for done in (0, 40, 100):
        bars.show("water", "NVE", done, 100)
    bars.show("methane", "minimisation", 0, 1)
    bars.show("water", FINISHED, 1, 1)
    shown = file.getvalue()
    assert "water: NVE:  40%" in shown
    assert "methane: minimisation:   0%" in shown
    assert f"water: {FINISHED}: 100%" in shown
