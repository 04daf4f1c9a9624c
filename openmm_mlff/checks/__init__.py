"""The checks: each a pure function from observations and criteria to one result."""

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.registry import CHECKS, get_check, select

__all__ = ["CHECKS", "CheckSpec", "Measure", "get_check", "select"]
