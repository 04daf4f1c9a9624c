import inspect

from openmm_mlff import errors


def test_errors_have_one_root_and_only_mistakes_of_users_are_user_errors():
    found = [
        error
        for _, error in inspect.getmembers(errors, inspect.isclass)
        if error.__module__ == errors.__name__
    ]
    assert all(issubclass(error, errors.MlffError) and error.__doc__ for error in found)
    others = {error.__name__ for error in found if not issubclass(error, errors.UserError)}
    assert others == {"MlffError", "ExportError", "SimulationError", "EvaluationRefusedError"}
    assert not issubclass(errors.MlffError, (ValueError, OSError))
