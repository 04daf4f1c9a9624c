import inspect

import pytest

from openmm_mlff import errors

ALL = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, Exception) and cls.__module__ == errors.__name__
]
USER_ERRORS = {
    "UserError",
    "ConfigError",
    "MoleculeError",
    "CheckpointError",
    "PotentialError",
    "PlatformError",
    "RunDirectoryError",
    "MissingDependencyError",
}


@pytest.mark.parametrize("cls", ALL)
def test_every_error_hangs_on_the_one_root_and_keeps_its_message(cls):
    assert issubclass(cls, errors.MlffError)
    assert cls.__doc__
    assert str(cls("got 3, expected 4")) == "got 3, expected 4"


def test_only_the_users_own_mistakes_are_user_errors():
    assert {cls.__name__ for cls in ALL if issubclass(cls, errors.UserError)} >= USER_ERRORS
    for cls in (errors.SimulationError, errors.ExportError, errors.EvaluationRefusedError):
        assert not issubclass(cls, errors.UserError)


def test_the_root_does_not_swallow_interrupts():
    assert not issubclass(KeyboardInterrupt, errors.MlffError)
    assert not issubclass(errors.MlffError, (ValueError, OSError))
