"""The figure of accuracy against speed is drawn where there is something to draw."""

import numpy as np
from PIL import Image

from openmm_mlff.campaign.figure import speed_figure
from openmm_mlff.campaign.leaderboard import SpeedPoint


def test_without_numbers_there_is_no_figure(tmp_path):
    assert speed_figure([], path=tmp_path / "x.png") is None
    assert not (tmp_path / "x.png").exists()


def test_every_model_has_its_colour(tmp_path):
    points = [
        SpeedPoint(model, system, speed * slower, error)
        for model, speed, error in (("a", 1.0, 0.1), ("b", 4.0, 0.01))
        for system, slower in (("water", 1.0), ("methane", 2.0))
    ]
    record = speed_figure(points, path=tmp_path / "x.png")
    pixels = np.asarray(Image.open(record.path).convert("RGB")).reshape(-1, 3).astype(int)
    for colour in ((0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)):
        assert (np.abs(pixels - colour).max(axis=1) < 24).sum() > 100
    assert "lower left" in record.caption
