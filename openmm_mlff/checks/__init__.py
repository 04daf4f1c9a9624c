"""The checks: each a pure function from observations and criteria to one result."""

from openmm_mlff.checks.base import Check, Measure
from openmm_mlff.checks.registry import CHECKS, get_check, select

__all__ = ["CHECKS", "Check", "Measure", "get_check", "select"]
