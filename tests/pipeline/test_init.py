"""What the package costs."""

import subprocess
import sys


def test_importing_it_loads_neither_torch_nor_openmm():
    code = (
        "import sys, openmm_mlff.pipeline.judge; "
        "print(sorted({'torch', 'openmm', 'matplotlib'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
