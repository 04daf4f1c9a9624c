"""The wheel carries all that it needs: installed elsewhere, it validates."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest

from openmm_mlff.config import list_protocols
from openmm_mlff.molecules import list_systems, systems_root
from openmm_mlff.students.shipped import shipped_students

PROTOCOL = """
extends = "quick"
name = "short"
required = ["openmm_parity", "geometry_accuracy"]
reported = []
[probes]
geometries = 2
"""
VALIDATE = """
import sys, openmm_mlff as mlff
from pathlib import Path
report = mlff.validate("student:tiny", systems=["water"], protocol="short.toml", output="out")
print(Path(mlff.__file__).parent)
print(report.verdict.status.value)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, repository):
    """Build the wheel from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(repository)], check=True, capture_output=True, text=True)
    (path,) = folder.glob("*.whl")
    return path


def test_it_carries_systems_protocols_and_weights(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = [f"openmm_mlff/systems/{name}/system.toml" for name in list_systems()]
    wanted += [
        f"openmm_mlff/systems/{path.parent.name}/{path.name}"
        for path in systems_root().glob("*/structure.*")
    ]
    wanted += ["openmm_mlff/systems/ethanol_in_water/ethanol.xml"]
    wanted += [f"openmm_mlff/protocols/{name}.toml" for name in list_protocols()]
    wanted += [f"openmm_mlff/students/weights/{name}.safetensors" for name in shipped_students()]
    wanted += ["openmm_mlff/py.typed"]
    assert set(wanted) <= names
    assert not [name for name in names if name.startswith(("tests/", "runs/"))]


def test_installed_outside_the_checkout_it_validates(wheel, tmp_path):
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    # The dependencies are shared by a path file: no second copy of torch.
    site = home / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (site / "shared.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, "--target", str(site), str(wheel)], check=True, capture_output=True)
    (tmp_path / "short.toml").write_text(PROTOCOL)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    found = subprocess.run(
        [str(home / "bin" / "python"), "-c", VALIDATE],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    package, verdict = found.stdout.strip().splitlines()[-2:]
    assert package.startswith(str(site))
    assert verdict == "INCONCLUSIVE"
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert not [c["id"] for c in report["checks"] if c["status"] in ("FAIL", "ERROR")]
