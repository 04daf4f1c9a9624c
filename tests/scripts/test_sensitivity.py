"""The table of what the checks see and predict, of students whose outcome is planted."""

import json

import pytest
from sensitivity_page import BITS, NOISE, SOUND, correlation, draw, load_students, page

SURVIVED = {SOUND: 100.0, (NOISE, 0.01): 100.0, (NOISE, 0.03): 60.0, (NOISE, 0.1): 20.0}
SURVIVED |= {(NOISE, 0.3): 0.0, (BITS, 8): 100.0, (BITS, 6): 90.0, (BITS, 5): 50.0, (BITS, 4): 10.0}


@pytest.fixture
def students(tmp_path):
    """`softening` uses the more of its limit the sooner a student breaks; `unit_scale` does not."""
    lines = []
    # Not in order, as a run that was interrupted and resumed leaves them.
    for (damage, degree), survived in reversed(SURVIVED.items()):
        used = 2.0 - survived / 50.0
        status = "FAIL" if used > 1.0 else "PASS"
        checks = {"softening": (status, used), "unit_scale": ("PASS", 0.5), "speed": ("FAIL", 9.0)}
        if (damage, degree) == (BITS, 5):
            checks["unit_scale"] = ("FAIL", 0.5)
        found = {"damage": damage, "degree": degree, "checks": checks, "survived_ps": [survived]}
        lines.append(json.dumps(found))
    path = tmp_path / "students.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return load_students(path)


def test_students_are_ordered_by_damage_the_mildest_first(students):
    assert [(one.damage, one.degree) for one in students] == list(SURVIVED)


def test_a_check_that_predicts_has_minus_one_and_one_that_does_not_has_none(students):
    rho, low, high = correlation("softening", students)
    assert (rho, low) == (pytest.approx(-1.0), pytest.approx(-1.0))
    assert high < -0.9
    assert correlation("unit_scale", students) is None


def test_the_table_names_the_mildest_degree_and_who_sees_it_alone(students, tmp_path):
    lines = [line for line in page(students).splitlines() if line.startswith("|")]
    rows = {line.split("|")[1].strip(): line for line in lines}
    cells = [cell.strip() for cell in rows["`softening`"].split("|")]
    assert cells[2:4] == ["0.1", "4"]
    # Fails on three: 0.1 and 0.3 of noise, and 4 bits, each seen by nothing else.
    assert cells[6:8] == ["3", "3"]
    assert "`speed`" not in rows
    assert "`unit_scale`" in rows
    draw(students, tmp_path / "matrix.png")
    assert (tmp_path / "matrix.png").read_bytes().startswith(b"\x89PNG")
