"""What is asked for on pytest's command line, and what comes of it; loaded as it is needed."""

import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from openmm_mlff.checks.cases import Case
    from openmm_mlff.molecules import MolecularSystem
    from openmm_mlff.pipeline.preparing import Plan
    from openmm_mlff.pipeline.selected import Request
    from openmm_mlff.records import ValidationReport

ROOT = "mlff"
"""What the ids of all tests begin with."""

DEFAULT_SYSTEMS = ("water", "methane", "alanine")


class Validation:
    """The one validation of a session.

    Args:
        config: with ``--mlff-potential``.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.potential: str = config.getoption("mlff_potential")
        self.systems: tuple[str, ...] = tuple(config.getoption("mlff_system") or DEFAULT_SYSTEMS)
        self.protocol: str = config.getoption("mlff_protocol")
        self.plugins: tuple[str, ...] = tuple(config.getoption("mlff_plugin") or ())
        self.is_worker = hasattr(config, "workerinput")
        given = config.getoption("mlff_output") or getattr(config, "workerinput", {}).get(ROOT)
        name = f"openmm-mlff-{uuid.uuid4().hex[:12]}"
        self.output = Path(given).absolute() if given else Path(gettempdir()) / name
        self._option: Callable[[str], Any] = config.getoption
        self._problem = ""
        self._report: ValidationReport | None = None
        # pytest would take an id of ours for a file.
        self.chosen_ids = [arg for arg in config.args if arg == ROOT or arg.startswith(f"{ROOT}::")]
        config.args[:] = [arg for arg in config.args if arg not in self.chosen_ids]

    @cached_property
    def molecules(self) -> "dict[str, MolecularSystem]":
        """The systems, by name."""
        from openmm_mlff.molecules import load_systems

        return {molecule.name: molecule for name in self.systems for molecule in load_systems(name)}

    @cached_property
    def cases(self) -> "list[Case]":
        """All that the protocol asks."""
        from openmm_mlff.checks.cases import list_cases
        from openmm_mlff.checks.plugins import with_plugins
        from openmm_mlff.config import load_protocol

        protocol = with_plugins(load_protocol(self.protocol), self.plugins)
        return list_cases(protocol, list(self.molecules))

    @cached_property
    def request(self) -> "Request":
        """The validation as the pipeline takes it."""
        from openmm_mlff.pipeline.selected import Request

        return Request(
            potential=self.potential,
            systems=self.systems,
            protocol=self.protocol,
            reference=self._option("mlff_reference"),
            platform=self._option("mlff_platform"),
            precision=self._option("mlff_precision"),
            seed=self._option("mlff_seed"),
            plugins=self.plugins,
            output=self.output,
        )

    @cached_property
    def plan(self) -> "Plan":
        """All that is needed for a run, loaded."""
        with _warnings_as_usual():
            return self.request.plan()

    def chooses(self, nodeid: str) -> bool:
        """Tell whether the ids among the arguments, if there are any, include a test."""
        return not self.chosen_ids or any(_includes(id_, nodeid) for id_ in self.chosen_ids)

    def strangers(self, nodeids: list[str]) -> list[str]:
        """Name the ids among the arguments that include none of the tests."""
        return [
            chosen
            for chosen in self.chosen_ids
            if not any(_includes(chosen, nodeid) for nodeid in nodeids)
        ]

    def report(self, wanted: dict[str, list[str]]) -> "ValidationReport":
        """Give the report; the first call runs what is wanted, and later ones take its report.

        Args:
            wanted: ids of checks, by name of the system.

        Returns:
            The report.
        """
        if self._problem:
            pytest.fail(f"the validation could not be run: {self._problem}", pytrace=False)
        if self._report is None:
            from openmm_mlff.errors import UserError
            from openmm_mlff.pipeline.selected import run_once

            plan = None if self.is_worker else self.plan
            try:
                with _warnings_as_usual():
                    self._report = run_once(self.request, wanted, plan=plan)
            except UserError as error:
                self._problem = str(error)
                pytest.fail(self._problem, pytrace=False)
            except Exception as error:
                self._problem = f"{type(error).__name__}: {error}"
                raise
        return self._report


def _includes(chosen: str, nodeid: str) -> bool:
    """Tell whether an id is a test's, or that of what it stands in."""
    return nodeid == chosen or nodeid.startswith((f"{chosen}::", f"{chosen}["))


@contextmanager
def _warnings_as_usual() -> Iterator[None]:
    """Keep the session's warning filters, which are for its own tests, away from a run."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        # TorchScript is what TorchForce runs; nobody who reads this can change it.
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated", DeprecationWarning)
        yield


VALIDATION = pytest.StashKey[Validation]()
