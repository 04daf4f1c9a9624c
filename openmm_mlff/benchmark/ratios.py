"""Ratios of times within one run, which are robust to other load; pure."""

from collections.abc import Mapping

from openmm_mlff.benchmark.entries import Ratio, Timing
from openmm_mlff.benchmark.statistics import ratio

STEP_OVER_MODEL = "step_over_model"
REPORTERS_OVER_MODEL = "reporters_over_model"
PLAIN_OVER_STEP = "plain_over_step"
TEACHER_OVER_STEP = "teacher_over_step"


def entry_ratios(
    times: Mapping[str, Timing], *, plain: Timing | None, teacher: Timing | None
) -> dict[str, Ratio]:
    """Return the ratios of one model on one system.

    ``times`` are ``openmm``, ``reporters`` and ``model``; ``plain`` is a step of the plain export,
    and ``teacher`` a call of the first peer; None where not measured.

    Returns:
        ``step_over_model`` and ``reporters_over_model``: overhead of OpenMM and of writing (1
            without overhead); ``plain_over_step``: speedup over the plain export;
            ``teacher_over_step``: steps per call of the teacher.
    """
    step = times["openmm"]
    found = {
        STEP_OVER_MODEL: ratio(step, times["model"]),
        REPORTERS_OVER_MODEL: ratio(times["reporters"], times["model"]),
    }
    if plain is not None:
        found[PLAIN_OVER_STEP] = ratio(plain, step)
    if teacher is not None:
        found[TEACHER_OVER_STEP] = ratio(teacher, step)
    return found
