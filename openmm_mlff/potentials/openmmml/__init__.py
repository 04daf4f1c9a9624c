"""openmm-ml both ways: our potentials as its plugins, its potentials as ours.

``impl`` and ``plugin`` let ``MLPotential("student-original")`` run ours; ``foreign`` serves the
specs ``openmm-ml:NAME``; ``mixing`` and ``fading`` make ML/MM Systems of forces that OpenMM cannot
copy.
"""

from openmm_mlff.errors import MissingDependencyError

# openmm-ml loads our plugin while it is itself imported.  It must come first: were the plugin to
# import openmm-ml, openmm-ml would find the plugin half made.
try:
    import openmmml  # noqa: F401
except ImportError as error:
    raise MissingDependencyError(
        f"openmm-ml, or a plugin of it, cannot be imported ({error}); run: "
        "pip install 'openmmml>=1.8', or conda install openmm-ml"
    ) from error
