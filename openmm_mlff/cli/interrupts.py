"""Ctrl-C in a command that can be resumed, and the command that resumes it."""

import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from openmm_mlff.errors import MlffError
from openmm_mlff.request import settings

RESUME, OUTPUT = "--resume", "--output"


class InterruptedCommandError(MlffError):
    """Ctrl-C in a command that resumes if given again."""

    def resume_command(self, arguments: Sequence[str]) -> str:
        """Return the shell command that resumes, from the arguments of the interrupted one."""
        return shlex.join(["openmm-mlff", *arguments])


class InterruptedRunError(InterruptedCommandError):
    """Ctrl-C in a run, which resumes in its folder."""

    def __init__(self, root: Path, *, spec: str) -> None:
        super().__init__(f"interrupted; {root} can be resumed")
        self.root = root
        self.spec = spec

    def resume_command(self, arguments: Sequence[str]) -> str:
        """Return the shell command that resumes, from the arguments of the interrupted one."""
        kept = [argument for argument in arguments if argument != RESUME]
        if any(one == OUTPUT or one.startswith(f"{OUTPUT}=") for one in kept):
            return shlex.join(["openmm-mlff", *kept, RESUME])
        # Without --output each potential has its own folder, which was named at the start.
        valued = {
            flag
            for setting in settings()
            if setting.kind is not bool
            for flag in (setting.flag, setting.option.short)
        }
        words = kept[:1]
        for before, word in pairwise(kept):
            is_potential = not word.startswith("-") and before not in valued
            if word == self.spec or not is_potential:
                words.append(word)
        return shlex.join(["openmm-mlff", *words, OUTPUT, str(self.root), RESUME])
