"""Interface to openmm-ml: our potentials as its plugins, and its potentials as ours.

``impl`` and ``plugin`` let ``MLPotential("student-original")`` run ours; ``foreign`` implements the
specs ``openmm-ml:NAME``; ``fading`` multiplies forces that OpenMM cannot copy by a parameter.
"""

from openmm_mlff.errors import MissingDependencyError

# openmm-ml loads our plugin during its own import, so it is imported first: otherwise the plugin
# would import openmm-ml, which would find a partially initialised plugin.
try:
    import openmmml  # noqa: F401
except ImportError as error:
    raise MissingDependencyError(
        f"openmm-ml, or a plugin of it, cannot be imported ({error}); run: "
        "pip install 'openmmml>=1.8'"
    ) from error
