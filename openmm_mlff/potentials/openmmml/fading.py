"""Forces whose energy is multiplied by a global parameter."""

import openmm

from openmm_mlff.errors import PotentialError


def faded(force: openmm.Force, parameter: str) -> openmm.Force:
    """Multiply a force by a global parameter with default 1.

    The force must not belong to a System, nor use the parameter. A `TorchForce` uses the parameter
    directly. Any other force is wrapped in a `CustomCVForce`, which copies it through XML. Copying
    a `TorchForce` works only if the plugin was built for the running OpenMM, and otherwise ends the
    process.

    Raises:
        PotentialError: OpenMM cannot copy it (a `PythonForce` whose function cannot be pickled).
    """
    if type(force).__name__ == "TorchForce":
        return _faded_torch_force(force, parameter)
    try:
        openmm.XmlSerializer.serialize(force)
    except openmm.OpenMMException as error:
        raise PotentialError(
            f"OpenMM cannot copy this potential's force, which interpolation requires ({error}); "
            "mix without interpolation"
        ) from error
    product = openmm.CustomCVForce(f"{parameter}*potential")
    product.addGlobalParameter(parameter, 1.0)
    product.addCollectiveVariable("potential", force)
    return product


def _faded_torch_force(force: openmm.Force, parameter: str) -> openmm.Force:
    """Wrap the module of a `TorchForce`, with any number of arguments."""
    import torch

    from openmm_mlff.potentials.torch_plugin import import_openmmtorch

    given = [force.getGlobalParameterName(i) for i in range(force.getNumGlobalParameters())]
    periodic, gives_forces = force.usesPeriodicBoundaryConditions(), force.getOutputsForces()
    arguments = ["positions", *(["box"] if periodic else []), *(f"p{i}" for i in range(len(given)))]
    inner = force.getModule()

    class Faded(torch.jit.ScriptModule):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner
            self.define(_source(arguments, gives_forces=gives_forces))

    product = import_openmmtorch().TorchForce(Faded())
    product.setUsesPeriodicBoundaryConditions(periodic)
    product.setOutputsForces(gives_forces)
    for index, name in enumerate(given):
        product.addGlobalParameter(name, force.getGlobalParameterDefaultValue(index))
    product.addGlobalParameter(parameter, 1.0)
    for name, value in dict(force.getProperties()).items():
        product.setProperty(name, value)
    # A captured graph would keep the parameter's first value.
    product.setProperty("useCUDAGraphs", "false")
    return product


def _source(arguments: list[str], *, gives_forces: bool) -> str:
    """Return the TorchScript source of a wrapper whose last argument multiplies the results."""
    given = ", ".join(arguments)
    head = f"def forward(self, {given}, fading):"
    if gives_forces:
        return f"{head}\n    energy, forces = self.inner({given})\n" + (
            "    return energy * fading, forces * fading\n"
        )
    return f"{head}\n    return self.inner({given}) * fading\n"
