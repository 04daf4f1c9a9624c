"""The reference that each system is compared with, or the reason why there is none."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from openmm_mlff.config import AUTO_REFERENCE, GFN2_XTB, NO_REFERENCE
from openmm_mlff.errors import MissingDependencyError, PotentialError
from openmm_mlff.measuring.reference import PRECISION
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.pipeline.trial import check_evaluates
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.potentials.frames import LabelledFrames, names_labelled_frames

HOW_TO_NAME = (
    f"name one with --reference: a potential (--reference '{GFN2_XTB}') or a file of labelled "
    "frames (--reference labels.extxyz)"
)


@dataclass(frozen=True)
class ReferenceChoice:
    """Reference of a validation.

    Attributes:
        source: a potential or labelled frames; None without a reference.
        missing: why a system is not compared, by name of the system.
        not_asked: as `missing`, for systems whose accuracy is not part of the validation.
    """

    source: Potential | LabelledFrames | None
    missing: dict[str, str] = field(default_factory=dict)
    not_asked: dict[str, str] = field(default_factory=dict)


def choose_reference(
    asked: str | None,
    potential: Potential,
    molecules: Mapping[str, MolecularSystem],
    *,
    tried: bool = False,
) -> ReferenceChoice:
    """Load the reference of a validation and evaluate each system with it once.

    A named reference must describe all systems; the potential's own teacher, used by default, is
    omitted for systems that it cannot describe.  With `tried`, a named reference has already been
    evaluated.

    Raises:
        UserError: a named reference cannot be loaded, or cannot describe a system.
    """
    reason = no_reference_reason(asked, potential)
    if reason:
        reasons = dict.fromkeys(molecules, reason)
        return ReferenceChoice(None, missing=reasons, not_asked=reasons)
    if asked != AUTO_REFERENCE:
        source = load_reference(str(asked))
        if isinstance(source, Potential) and not tried:
            _check(source, molecules.values())
        return ReferenceChoice(source)
    try:
        teacher = load_potential(str(potential.teacher))
    except MissingDependencyError as error:
        # Comparison was intended, so the accuracy remains undecided.
        reason = f"the teacher of {potential.spec} cannot be loaded: {error}"
        return ReferenceChoice(None, missing=dict.fromkeys(molecules, reason))
    refused = {name: _refusal(teacher, molecule) for name, molecule in molecules.items()}
    reasons = {name: reason for name, reason in refused.items() if reason}
    compared = len(reasons) < len(molecules)
    return ReferenceChoice(teacher if compared else None, missing=reasons, not_asked=reasons)


def no_reference_reason(asked: str | None, potential: Potential) -> str:
    """Return why no reference is used; empty if one is."""
    kind, _, reason = (asked or NO_REFERENCE).partition(":")
    if kind == NO_REFERENCE:
        return f"no reference was requested ({reason.strip() or '--reference none'})"
    if asked == AUTO_REFERENCE and potential.teacher is None:
        return f"{potential.spec} names no teacher, so no reference was assumed; {HOW_TO_NAME}"
    return ""


def load_reference(reference: str) -> Potential | LabelledFrames:
    """Load a reference from a spec string or a file of labelled frames."""
    if names_labelled_frames(reference):
        return LabelledFrames.from_file(reference)
    return load_potential(reference)


def _refusal(teacher: Potential, molecule: MolecularSystem) -> str:
    """Return why a teacher cannot describe a molecule; empty if it can."""
    try:
        _check(teacher, [molecule])
    except PotentialError as error:
        return str(error)
    return ""


def _check(reference: Potential, molecules: Collection[MolecularSystem]) -> None:
    """Raise PotentialError if a reference cannot describe one of the molecules."""
    for molecule in molecules:
        reference.check_reference(molecule)
    check_evaluates(reference, molecules, precision=PRECISION, role="the reference")
