import base64
import gzip
import hashlib
import json
import string

import numpy as np
import pytest

from openmm_mlff.report.html.embedding import (
    PLOTLY,
    VENDOR,
    VIEWER,
    packed_json,
    packed_positions,
    packed_script,
    safe_json,
    script_hash,
    vendor_script,
)


@pytest.mark.parametrize(
    "text", ["</script>", "<!-- <script>", "a & b", "\u2028 \u2029", "å – ✔", 'a "quoted" \\ one']
)
def test_json_is_equal_and_cannot_end_a_script(text):
    written = safe_json({text: [text, 1.5, np.nan, np.inf, np.float64(2.0)]})
    assert json.loads(written) == {text: [text, 1.5, None, None, 2.0]}
    assert not set("<>&\u2028\u2029") & set(written)


def test_packed_json_is_equal_each_time_and_smaller():
    value = {"x": [k / 7 for k in range(500)], "</script>": [np.nan, "å"]}
    packed = packed_json(value)
    assert packed == packed_json(value)
    assert set(packed) <= set(string.ascii_letters + string.digits + "+/=")
    assert json.loads(gzip.decompress(base64.b64decode(packed))) == json.loads(safe_json(value))
    assert len(packed) < len(safe_json(value))


@pytest.mark.parametrize(
    ("name", "licence", "file"),
    [
        (PLOTLY, "MIT License", "LICENSE.plotly"),
        (VIEWER, "BSD-3-Clause", "LICENSE.3dmol"),
    ],
)
def test_a_script_of_others_is_that_of_its_note_and_has_its_licence(name, licence, file):
    packed = gzip.decompress(base64.b64decode(packed_script(name)))
    assert packed.decode() == vendor_script(name)
    note = (VENDOR / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(packed).hexdigest() in note
    assert file in note
    assert licence in (VENDOR / file).read_text(encoding="utf-8")
    assert len(packed_script(name)) < 600_000


def test_a_script_is_allowed_by_its_hash():
    digest = base64.b64encode(hashlib.sha256("let å = 1;".encode()).digest()).decode()
    assert script_hash("let å = 1;") == f"'sha256-{digest}'"


def test_positions_are_restored_to_half_a_step_and_distant_ones_are_clipped():
    def unpack(positions):
        packed = packed_positions(positions, step=0.002)
        return np.frombuffer(base64.b64decode(packed), dtype="<i2").reshape(positions.shape)

    positions = np.random.default_rng(1).uniform(-20.0, 20.0, size=(3, 4, 3))
    np.testing.assert_allclose(0.002 * unpack(positions), positions, atol=0.001 + 1e-12)
    assert unpack(np.array([1e9])) == 32767
