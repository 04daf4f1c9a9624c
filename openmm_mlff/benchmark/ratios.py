"""Ratios of what was measured in one run, which a busy machine disturbs far less; pure."""

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
    """Compare what was timed of one model on one system.

    Args:
        times: of ``openmm``, ``reporters`` and ``model``.
        plain: OpenMM step of the same model through the plain export, None where not measured.
        teacher: one call of the first peer, None where not measured.

    Returns:
        ``step_over_model`` and ``reporters_over_model``: what OpenMM, and writing, add (1 where
        nothing); ``plain_over_step``: how many times faster than the plain export;
        ``teacher_over_step``: how many steps in the time of one call of the teacher.
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
