"""Load what is validated beside the potential, and evaluate each once before anything runs."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from openmm_mlff.config import NO_REFERENCE
from openmm_mlff.errors import ConfigError, EvaluationRefusedError, PotentialError, UserError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.request import ValidationRequest
from openmm_mlff.storage.files import inside
from openmm_mlff.storage.text import one_line


def check_evaluates(
    potential: Potential, molecules: Iterable[MolecularSystem], *, precision: str, role: str = ""
) -> None:
    """Evaluate the first system, and each further one with new elements or another boundary.

    Each further one is evaluated by a new instance of the potential.  The `role` of the potential
    is for messages; it is empty for the one under test.

    Raises:
        PotentialError: the evaluation fails, or its results are not finite.
    """
    # Computed first, because an evaluation may change the state of a calculator.
    _ = potential.fingerprint
    tried: list[tuple[set[int], bool]] = []
    for molecule in molecules:
        elements, periodic = set(molecule.atomic_numbers.tolist()), molecule.is_periodic
        if any(elements <= known and periodic is same for known, same in tried):
            continue
        name = f"{role} {potential.spec}".strip()
        _try(potential if not tried else potential.fresh(), molecule, precision, name=name)
        tried.append((elements, periodic))


def check_all_evaluate(
    potential: Potential, molecules: Iterable[MolecularSystem], *, precision: str
) -> None:
    """Evaluate the potential, its own calculator, its committee and its second reference.

    Raises:
        PotentialError: see :func:`check_evaluates`.
    """
    molecules = list(molecules)
    for role, one in (
        ("", potential),
        ("the calculator", potential.own),
        *(("the committee's model", model) for model in potential.committee),
        ("the second reference", potential.second_reference),
    ):
        if one is not None:
            check_evaluates(one, molecules, precision=precision, role=role)


def load_companions(
    potential: Potential, request: ValidationRequest, molecules: Mapping[str, MolecularSystem]
) -> None:
    """Load a model's own calculator, its committee and its second reference, as requested.

    Raises:
        ConfigError: one was named for an ML/MM system, or a second reference without a first.
        UserError: one cannot be loaded, or does not support a system.
    """
    if request.second_reference is not None and request.reference == NO_REFERENCE:
        raise ConfigError(
            "--second-reference was given with --reference none; name the first one with "
            "--reference"
        )
    for flag, given in (
        ("--own-calculator", request.own_calculator is not None),
        ("--committee", bool(request.committee)),
        ("--second-reference", request.second_reference is not None),
    ):
        if given and request.options.ml_atoms:
            raise ConfigError(
                f"{flag} was given with --ml-atoms; use only one of them: validate the potential "
                "alone first"
            )
    if request.own_calculator is not None:
        potential.own = load_potential(request.own_calculator)
    potential.committee = tuple(
        load_potential(spec, options=request.options) for spec in request.committee
    )
    if request.second_reference is not None:
        potential.second_reference = load_potential(request.second_reference)
    for molecule in molecules.values():
        for model in potential.committee:
            model.check_molecule(molecule)
        if potential.second_reference is not None:
            potential.second_reference.check_reference(molecule)


def _try(potential: Potential, molecule: MolecularSystem, precision: str, *, name: str) -> None:
    boundary = "in a periodic box" if molecule.is_periodic else "without a box"
    where = f"{molecule.name} ({molecule.formula}, {boundary})"
    try:
        # Files that a calculator leaves must not reach another system or the user's folder.
        with TemporaryDirectory() as folder, inside(Path(folder)):
            found = potential.evaluate(
                molecule, molecule.positions_angstrom[None], precision=precision
            )
    except UserError:
        raise
    except EvaluationRefusedError as refusal:
        raise PotentialError(f"{name} refuses {where}: {refusal}; {_ADVICE}") from refusal
    # Third-party code may raise any exception.
    except Exception as error:
        said = one_line(error, with_type=True).rstrip(": ")
        raise PotentialError(f"{name} cannot be evaluated on {where}: {said}; {_ADVICE}") from error
    given = {"an energy": found.energies_ev, "forces": found.forces_ev_per_angstrom}
    for quantity, values in given.items():
        if not np.isfinite(values).all():
            raise PotentialError(
                f"{name} returns {quantity} for {where} that is not finite; {_ADVICE}"
            )


_ADVICE = "expected energy and forces: choose a system that it supports, or another potential"
