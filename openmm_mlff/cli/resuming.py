"""Resume an interrupted run."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from openmm_mlff.errors import MlffError

RESUME, OUTPUT = "--resume", "--output"
VALIDATE = "validate"


class InterruptedRunError(MlffError):
    """Ctrl-C in a run that can be resumed."""

    def __init__(self, root: Path, *, spec: str) -> None:
        super().__init__(f"interrupted; {root} can be gone on with")
        self.root = root
        self.spec = spec


class InterruptedCampaignError(MlffError):
    """Ctrl-C in a campaign, which the same command resumes."""


def resume_command(arguments: Sequence[str], *, root: Path, spec: str) -> str:
    """Return the shell command that resumes an interrupted run.

    ``arguments`` are those of the interrupted command, without the program's name; ``spec`` is the
    potential that was running.
    """
    kept = [argument for argument in arguments if argument != RESUME]
    if any(one == OUTPUT or one.startswith(f"{OUTPUT}=") for one in kept):
        return shlex.join(["openmm-mlff", *kept, RESUME])
    # Without --output each potential has its own folder, which was named at the start.
    potentials = _potentials(kept)
    kept = [one for place, one in enumerate(kept) if place not in potentials or one == spec]
    return shlex.join(["openmm-mlff", *kept, OUTPUT, str(root), RESUME])


def _potentials(arguments: Sequence[str]) -> set[int]:
    """Return the indices of the potentials among the arguments of `validate`."""
    import typer
    from typer.main import get_command

    from openmm_mlff.cli.app import app

    command = get_command(app).commands[VALIDATE]  # type: ignore[attr-defined]
    context = typer.Context(command)
    takes_value = {
        name
        for option in command.get_params(context)
        for name in option.opts
        if option.param_type_name == "option" and not getattr(option, "is_flag", False)
    }
    places, takes = set(), False
    for place, argument in enumerate(arguments):
        if place and not takes and not argument.startswith("-"):
            places.add(place)
        takes = not takes and argument in takes_value
    return places
