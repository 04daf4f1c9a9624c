"""One potential through each of the backends that it can be run by."""

from collections.abc import Sequence
from dataclasses import dataclass

from openmm_mlff.benchmark.plan import COMPILED, DEFAULT_BACKENDS
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.potentials.student import StudentPotential

NATIVE = "native"
"""Name of the one way in which a potential without a choice of backends is run."""


@dataclass(frozen=True)
class Variant:
    """A potential and how OpenMM runs it.

    Attributes:
        potential: made for that backend.
        backend: one of :data:`openmm_mlff.benchmark.plan.BACKENDS`, or ``native``.
    """

    potential: Potential
    backend: str

    @property
    def label(self) -> str:
        """What tells it apart from all others."""
        return f"{self.potential.spec} [{self.backend}]"


@dataclass(frozen=True)
class Skipped:
    """What was asked for and could not be measured.

    Attributes:
        model: spec string of the potential or peer.
        backend: how it would have been run.
        system: name of the molecule.
        reason: one sentence.
    """

    model: str
    backend: str
    system: str
    reason: str


def options_of(backend: str) -> PotentialOptions:
    """Give the options with which a potential runs through a backend."""
    if backend == COMPILED:
        return PotentialOptions(backend="python", compiled=True)
    if backend in DEFAULT_BACKENDS:
        return PotentialOptions.model_validate({"backend": backend})
    return PotentialOptions()


def load_variants(spec: str, *, backends: Sequence[str]) -> list[Variant]:
    """Load a potential once for each backend.

    Args:
        spec: of the potential.
        backends: asked for.

    Returns:
        A student: all of them.  A TorchScript file: those that it can be run by.  Any other
        potential, or one that none of them fits: the one way that it has.

    Raises:
        UserError: it cannot be loaded.
    """
    potential = load_potential(spec)
    if isinstance(potential, StudentPotential):
        offered = tuple(backends)
    else:
        others = tuple(potential.other_backends())
        offered = tuple(one for one in backends if others and one in ("torchforce", *others))
    if not offered:
        return [Variant(potential, NATIVE)]
    return [Variant(load_potential(spec, options=options_of(one)), one) for one in offered]


def usable_variants(
    variants: Sequence[Variant], molecule: MolecularSystem
) -> tuple[list[Variant], list[Skipped]]:
    """Sort out the backends that cannot run a molecule.

    Args:
        variants: of one potential.
        molecule: what is to be run.

    Returns:
        Those that can, and why the others cannot.

    Raises:
        PotentialError: none can.
    """
    usable: list[Variant] = []
    skipped: list[Skipped] = []
    for variant in variants:
        try:
            variant.potential.check_molecule(molecule)
        except PotentialError as error:
            skipped.append(
                Skipped(variant.potential.spec, variant.backend, molecule.name, str(error))
            )
            refusal = error
        else:
            usable.append(variant)
    if not usable:
        raise refusal
    return usable, skipped
