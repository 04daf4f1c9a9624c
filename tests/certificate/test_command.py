"""`openmm-mlff verify`: 0 yes, 1 no, 2 unusable."""

import json

import pytest

from openmm_mlff.cli import main


@pytest.fixture
def verify(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(["verify", *map(str, arguments)])
        captured = capsys.readouterr()
        return stopped.value.code, " ".join(captured.out.split()), captured.err

    return run


def test_yes_is_0_as_text_and_as_json(verify, certificate_file, student):
    code, out, _ = verify(certificate_file.parent, student, "--platform", "Reference")
    assert code == 0
    assert "YES: the certificate holds" in out
    assert "water on Reference" in out
    code, out, _ = verify(certificate_file, student, "--json", "--platform", "Reference")
    assert (code, json.loads(out)["verified"]) == (0, True)


def test_another_model_and_a_changed_certificate_are_1(
    verify, certificate_file, student, other_student
):
    code, out, _ = verify(certificate_file, other_student)
    assert code == 1
    assert "is not the certified model s3" in out
    assert verify(certificate_file, other_student, "--quiet")[1] == f"{other_student}: NO"
    text = certificate_file.read_text()
    certificate_file.write_text(text.replace('"max_timestep_fs": 0.5', '"max_timestep_fs": 2.0'))
    code, out, _ = verify(certificate_file, student)
    assert code == 1
    assert "was changed after it was written" in out


@pytest.mark.parametrize("which", ["certificate", "model"])
def test_unusable_input_is_2_and_one_line(verify, certificate_file, student, tmp_path, which):
    paths = {"certificate": certificate_file, "model": student, which: tmp_path / "absent.pt"}
    code, out, err = verify(paths["certificate"], paths["model"])
    assert (code, out, len(err.splitlines())) == (2, "", 1)
