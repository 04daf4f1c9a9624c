"""A potential with each of its backends."""

from collections.abc import Sequence
from dataclasses import dataclass

from openmm_mlff.benchmark.entries import Skipped
from openmm_mlff.benchmark.plan import COMPILED, DEFAULT_BACKENDS
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.potentials.student import StudentPotential

NATIVE = "native"
"""Backend name of a potential without a choice of backends."""


@dataclass(frozen=True, eq=False)
class Variant:
    """A potential and its backend.

    Attributes:
        backend: one of :data:`openmm_mlff.benchmark.plan.BACKENDS`, or ``native``.
    """

    potential: Potential
    backend: str

    @property
    def spec(self) -> str:
        """Spec of the potential."""
        return self.potential.spec

    @property
    def label(self) -> str:
        """A unique label."""
        return f"{self.spec} [{self.backend}]"

    def skipped(self, molecule: MolecularSystem, reason: str) -> Skipped:
        """Return the entry of a measurement that is not possible."""
        return Skipped(self.spec, self.backend, molecule.name, reason)


def options_of(backend: str) -> PotentialOptions:
    """Return the options of a backend."""
    if backend == COMPILED:
        return PotentialOptions(backend="python", compiled=True)
    if backend in DEFAULT_BACKENDS:
        return PotentialOptions.model_validate({"backend": backend})
    return PotentialOptions()


def load_variants(spec: str, *, backends: Sequence[str]) -> list[Variant]:
    """Load a potential once for each backend.

    Returns:
        A student: all backends. A TorchScript file: those that can run it. Any other potential, or
            one without a matching backend: its native variant.

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
    """Return the backends that can run a molecule, and the reason for each of the others.

    Raises:
        PotentialError: no backend can.
    """
    usable: list[Variant] = []
    skipped: list[Skipped] = []
    for variant in variants:
        try:
            variant.potential.check_molecule(molecule)
        except PotentialError as error:
            skipped.append(variant.skipped(molecule, str(error)))
            refusal = error
        else:
            usable.append(variant)
    if not usable:
        raise refusal
    return usable, skipped
