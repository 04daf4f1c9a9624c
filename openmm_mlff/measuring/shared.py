"""The table of shared measurements: what each is, and how it is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from openmm_mlff.measuring.box import measure_box, measure_npt
from openmm_mlff.measuring.hessian import measure_hessian
from openmm_mlff.measuring.minimum import measure_minimum
from openmm_mlff.measuring.noise import measure_noise
from openmm_mlff.measuring.reference import (
    measure_reference,
    measure_reference_labels,
    measure_reference_minimum,
)
from openmm_mlff.measuring.short_runs import measure_short_runs
from openmm_mlff.measuring.trajectories import measure_trajectories
from openmm_mlff.storage.shared import (
    OWN_GEOMETRIES,
    Box,
    BoxRun,
    Hessian,
    Labels,
    Minimum,
    Noise,
    ReferenceMinimum,
    Samples,
    ShortRuns,
)

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

T = TypeVar("T")


@dataclass(frozen=True)
class SharedMeasurement:
    """How a shared measurement is made from others; record is None where none is stored."""

    measure: "Callable[[Subject], Any]"
    record: type | None
    needs: tuple[str, ...] = ()


SHARED: Mapping[str, SharedMeasurement] = {
    "box": SharedMeasurement(measure_box, Box),
    "npt": SharedMeasurement(measure_npt, BoxRun, ("box",)),
    "minimum": SharedMeasurement(measure_minimum, Minimum),
    "noise": SharedMeasurement(measure_noise, Noise, ("minimum",)),
    # Each simulation has its own folder.
    "trajectories": SharedMeasurement(measure_trajectories, None, ("minimum",)),
    "samples": SharedMeasurement(lambda one: one.experiments.sample(), Samples, ("minimum",)),
    "short_runs": SharedMeasurement(measure_short_runs, ShortRuns, ("minimum", "samples")),
    "hessian": SharedMeasurement(measure_hessian, Hessian, OWN_GEOMETRIES),
    "reference": SharedMeasurement(measure_reference, None, ("minimum",)),
    "reference_minimum": SharedMeasurement(
        measure_reference_minimum, ReferenceMinimum, ("minimum", "reference")
    ),
    "reference_labels": SharedMeasurement(measure_reference_labels, Labels, OWN_GEOMETRIES),
}
"""By name, as checks name them in their ``needs``."""


def needs_in_order(names: tuple[str, ...]) -> list[str]:
    """Return shared measurements and what they need, each once, in the order to make them."""
    needed = [one for name in names for one in (*needs_in_order(SHARED[name].needs), name)]
    return list(dict.fromkeys(needed))


class Shared(Generic[T]):
    """An attribute of a subject: a shared measurement, which is made when it is first read."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, subject: "Subject", owner: type) -> T:
        return cast("T", subject.obtain(self._name))
