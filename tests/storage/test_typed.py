"""Records come back from their tables as they were, also what JSON cannot write."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.files import jsonable
from openmm_mlff.storage.typed import array, from_tables, record, to_tables


@dataclass(frozen=True)
class Part:
    angstrom: float
    name: str = ""


@record
class Record:
    forces: np.ndarray = array("N", 3)
    value: float
    limits: tuple[float, float] = (0.0, 1.0)
    parts: tuple[Part, ...] = ()
    by_name: dict[str, float] | None = None


def stored(value):
    data, arrays = to_tables(value)
    return json.loads(json.dumps(jsonable(data), allow_nan=False)), arrays


def test_numbers_that_are_not_finite_return_wherever_they_stand():
    found = from_tables(
        Record,
        *stored(
            Record(
                forces=np.ones((2, 3)),
                value=math.nan,
                limits=(-math.inf, math.inf),
                parts=(Part(math.nan, "hole"), Part(1.5)),
                by_name={"a": math.inf},
            )
        ),
        origin="record.json",
    )
    assert math.isnan(found.value)
    assert found.limits == (-math.inf, math.inf)
    assert math.isnan(found.parts[0].angstrom)
    assert (found.parts[0].name, found.parts[1]) == ("hole", Part(1.5))
    assert found.by_name == {"a": math.inf}


@pytest.mark.parametrize("change", [{"value": "much"}, {"unknown": 1}, {"limits": [1.0]}])
def test_what_is_no_record_is_refused(change):
    data, arrays = stored(Record(forces=np.ones((2, 3)), value=1.0))
    with pytest.raises(RunDirectoryError, match=r"record\.json"):
        from_tables(Record, data | change, arrays, origin="record.json")


def test_a_null_of_an_earlier_release_is_no_number():
    data, arrays = stored(Record(forces=np.ones((2, 3)), value=1.0))
    found = from_tables(Record, data | {"value": None}, arrays, origin="record.json")
    assert math.isnan(found.value)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="expected"):
        Record(forces=np.ones((2, 2)), value=1.0)
