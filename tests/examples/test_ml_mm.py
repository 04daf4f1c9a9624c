"""A mixed system conserves energy and keeps its constraints."""

import re


def test_it_prints_the_drift_and_the_constraint_error(run_example):
    said = "\n".join(run_example("ml_mm.py", 50))
    assert "741 atoms, 9 of them by original" in said
    change = re.search(r"after 50 steps: ([+-][\d.]+) meV/atom", said)
    error = re.search(r"constraint error: (\S+)", said)
    assert change is not None
    assert error is not None
    # A thousandth of the thermal energy of 300 K, 26 meV; and what the integrator was asked for.
    assert abs(float(change[1])) < 0.026
    assert float(error[1]) < 1e-5
