"""The package as a whole: what importing it needs, and in what order."""

import subprocess
import sys


def _run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_openmm_ml_finds_our_plugins_even_where_they_are_imported_first():
    done = _run(
        "import openmm_mlff.potentials.openmmml.plugin as ours\n"
        "from openmmml import MLPotential\n"
        "print(type(MLPotential._implFactories['student-tiny']) is ours.StudentFactory)"
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


def test_without_openmm_ml_the_message_says_how_to_get_it():
    done = _run(
        "import sys; sys.modules['openmmml'] = None\n"
        "from openmm_mlff.errors import MissingDependencyError\n"
        "try:\n"
        "    import openmm_mlff.potentials.openmmml.foreign\n"
        "except MissingDependencyError as error:\n"
        "    print(error)"
    )
    assert "run: pip install 'openmmml>=1.8'" in done.stdout
