import json

import pytest

from openmm_mlff.certificate.record import read_certificate
from openmm_mlff.errors import RunDirectoryError


def changed(path, change):
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))


def test_what_was_written_is_intact_also_in_another_layout(certificate_file):
    assert read_certificate(certificate_file)[1]
    table = json.loads(certificate_file.read_text())
    certificate_file.write_text(json.dumps(dict(reversed(table.items())), indent=4))
    certificate, intact = read_certificate(certificate_file)
    assert intact
    assert "not a signature" in certificate.notice


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table["scope"].update(max_timestep_fs=2.0),
        lambda table: table["checks"][0].update(value=0.0),
        lambda table: table["model"].update(sha256="0" * 64),
        lambda table: table["samples"][0]["energies_ev"].__setitem__(0, 1.0),
        lambda table: table["tolerance"].update(force_ev_per_angstrom=9.0),
        lambda table: table.update(notice="Signed."),
        lambda table: table.update(sha256="0" * 64),
        lambda table: table.update(sha256=""),
        lambda table: table.pop("notice"),
    ],
)
def test_every_change_is_noticed(certificate_file, change):
    changed(certificate_file, change)
    assert not read_certificate(certificate_file)[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"cannot read .*; expected a certificate.json"),
        ("{", "not valid JSON"),
        ("[]", "not a certificate"),
        ('{"kind": "x"}', "not a certificate"),
    ],
)
def test_what_is_no_certificate_is_refused(tmp_path, text, message):
    path = tmp_path / "c.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RunDirectoryError, match=message) as refused:
        read_certificate(path)
    assert "\n" not in str(refused.value)


def test_an_unknown_key_is_refused(certificate_file):
    changed(certificate_file, lambda table: table.update(approved_for="everything"))
    with pytest.raises(RunDirectoryError, match="approved_for"):
        read_certificate(certificate_file)
