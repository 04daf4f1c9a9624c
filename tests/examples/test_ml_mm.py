"""The example as a user runs it."""

import os
import re
import subprocess
import sys


def test_it_prints_the_drift_and_the_constraint_error(repository, tmp_path):
    path = os.pathsep.join(filter(None, [str(repository), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, str(repository / "examples" / "ml_mm.py"), "100"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "741 atoms, 9 of them by original" in done.stdout
    change = re.search(r"after 100 steps: ([+-][\d.]+) meV/atom", done.stdout)
    error = re.search(r"constraint error: (\S+)", done.stdout)
    assert change is not None
    assert error is not None
    # A thousandth of the thermal energy of 300 K, 26 meV; and what the integrator was asked for.
    assert abs(float(change[1])) < 0.026
    assert float(error[1]) < 1e-5
