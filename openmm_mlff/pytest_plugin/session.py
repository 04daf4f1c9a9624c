"""The validation requested on the command line of pytest, with its imports on demand."""

import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import pytest

from openmm_mlff.request import request_from, settings, table_of

if TYPE_CHECKING:
    from openmm_mlff.checks.cases import Case
    from openmm_mlff.molecules import MolecularSystem
    from openmm_mlff.pipeline.opening import Validation as OpenedValidation
    from openmm_mlff.results import ValidationReport

ROOT = "mlff"
"""Prefix of the ids of all tests."""

OFFERED = tuple(setting for setting in settings() if setting.path[0] != "resume")
"""Settings with an option; every session starts a new run."""


class Validation:
    """The validation of a session."""

    def __init__(self, config: pytest.Config) -> None:
        given = table_of((one, config.getoption(f"mlff_{one.name}")) for one in OFFERED)
        potential = config.getoption("mlff_potential")
        asked = request_from({"protocol": "quick", **given, "potential": potential})
        self.is_worker = hasattr(config, "workerinput")
        output = asked.output or getattr(config, "workerinput", {}).get(ROOT)
        name = f"openmm-mlff-{uuid.uuid4().hex[:12]}"
        self.output = Path(output).absolute() if output else Path(gettempdir()) / name
        self.request = asked.model_copy(update={"output": self.output})
        self._problem = ""
        self._report: ValidationReport | None = None
        self._opened: OpenedValidation | None = None
        # pytest would interpret these ids as files.
        self.chosen_ids = [arg for arg in config.args if arg == ROOT or arg.startswith(f"{ROOT}::")]
        config.args[:] = [arg for arg in config.args if arg not in self.chosen_ids]

    @cached_property
    def molecules(self) -> "dict[str, MolecularSystem]":
        """The systems by name."""
        from openmm_mlff.pipeline.systems import requested_systems

        return requested_systems(self.request)

    @cached_property
    def cases(self) -> "list[Case]":
        """All cases that the protocol requires."""
        from openmm_mlff.checks.cases import list_cases
        from openmm_mlff.pipeline.protocol import resolve_protocol

        return list_cases(resolve_protocol(self.request), list(self.molecules))

    def open(self) -> None:
        """Load everything a run needs, in a separate process if possible."""
        from openmm_mlff.pipeline.selected import open_new

        with _warnings_as_usual():
            self._opened = open_new(self.request)

    def close(self) -> None:
        """Stop the process of :meth:`open`, and release its folder (idempotent)."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def chooses(self, nodeid: str) -> bool:
        """Return whether the ids among the arguments, if any, include a test."""
        return not self.chosen_ids or any(_includes(id_, nodeid) for id_ in self.chosen_ids)

    def unknown_ids(self, nodeids: list[str]) -> list[str]:
        """Return the ids among the arguments that match no test."""
        return [id_ for id_ in self.chosen_ids if not any(_includes(id_, one) for one in nodeids)]

    def report(self, wanted: dict[str, list[str]]) -> "ValidationReport":
        """Return the report; the first call runs the ``wanted`` checks, ids by name of system."""
        if self._problem:
            pytest.fail(f"the validation could not be run: {self._problem}", pytrace=False)
        if self._report is None:
            from openmm_mlff.errors import UserError
            from openmm_mlff.pipeline.selected import run_once

            try:
                with _warnings_as_usual():
                    self._report = run_once(self.request, wanted, opened=self._opened)
            except UserError as error:
                self._problem = str(error)
                pytest.fail(self._problem, pytrace=False)
            except Exception as error:
                self._problem = f"{type(error).__name__}: {error}"
                raise
        return self._report


def _includes(chosen: str, nodeid: str) -> bool:
    """Return whether an id is that of a test or of its collector."""
    return nodeid == chosen or nodeid.startswith((f"{chosen}::", f"{chosen}["))


@contextmanager
def _warnings_as_usual() -> Iterator[None]:
    """Exempt a run from the warning filters of the session, which are for its own tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        # TorchForce requires TorchScript, so users cannot act on its deprecation.
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated", DeprecationWarning)
        yield


VALIDATION = pytest.StashKey[Validation]()
