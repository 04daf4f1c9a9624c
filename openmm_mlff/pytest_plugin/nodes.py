"""The tests `mlff::SYSTEM::CHECK` and `mlff::verdict`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from openmm_mlff.pytest_plugin.session import ROOT, VALIDATION

if TYPE_CHECKING:
    from openmm_mlff.checks.cases import Case, Judgement
    from openmm_mlff.results import ValidationReport

VERDICT = "verdict"


def report_for(session: pytest.Session) -> "ValidationReport":
    """Return the report on all collected tests; the first call runs the validation."""
    validation = session.config.stash[VALIDATION]
    whole = any(
        isinstance(item, VerdictItem) or "mlff_report" in getattr(item, "fixturenames", ())
        for item in session.items
    )
    chosen = [item.case for item in session.items if isinstance(item, CheckItem)]
    wanted: dict[str, list[str]] = {}
    for case in validation.cases if whole else chosen:
        wanted.setdefault(case.system, []).append(case.spec.id)
    return validation.report(wanted)


class Checks(pytest.Collector):
    """The tests of all systems, and the verdict."""

    def collect(self) -> "Iterator[pytest.Item | pytest.Collector]":
        """Yield a collector for each system, then the verdict."""
        validation = self.config.stash[VALIDATION]
        for name in validation.molecules:
            yield SystemChecks.from_parent(self, name=name)
        verdict = VerdictItem.from_parent(self, name=VERDICT)
        if validation.chooses(verdict.nodeid):
            yield verdict


class SystemChecks(pytest.Collector):
    """The tests of one system."""

    def collect(self) -> "Iterator[pytest.Item]":
        """Yield one test for each check and condition."""
        validation = self.config.stash[VALIDATION]
        for case in validation.cases:
            if case.system == self.name:
                item = CheckItem.from_parent(self, name=case.label, case=case)
                if validation.chooses(item.nodeid):
                    yield item


class MlffItem(pytest.Item):
    """A test that reads the report of the session."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_marker(pytest.mark.mlff)
        # The first test runs the whole validation, so one process of pytest-xdist is enough.
        known = {line.split(":")[0].split("(")[0] for line in self.config.getini("markers")}
        if "timeout" in known:
            self.add_marker(pytest.mark.timeout(0))
        if "xdist_group" in known:
            self.add_marker(pytest.mark.xdist_group(ROOT))

    def setup(self) -> None:
        """Run the validation, unless an earlier test has."""
        report_for(self.session)

    def runtest(self) -> None:
        """Pass, fail with the message of the report, or skip with its reason."""
        judgement = self.judge(report_for(self.session))
        if judgement.kind == "skipped":
            pytest.skip(judgement.text)
        if judgement.kind == "failed":
            pytest.fail(judgement.text, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the name without its root, which takes the place of a file."""
        return self.path, None, self.nodeid.partition("::")[2]

    def judge(self, report: "ValidationReport") -> "Judgement":
        """Return the outcome of this test."""
        raise NotImplementedError


class CheckItem(MlffItem):
    """One check on one system."""

    def __init__(self, *, case: "Case", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        if case.is_parity:
            self.add_marker(pytest.mark.parity)

    def judge(self, report: "ValidationReport") -> "Judgement":
        """Return the outcome of the check; add its numbers to the properties in JUnit XML."""
        from openmm_mlff.checks.cases import find_result, judge_case

        result = find_result(self.case, report.checks)
        if result is not None:
            for name in ("status", "value", "threshold", "unit"):
                value = getattr(result, name)
                if value is not None:
                    self.user_properties.append((name, getattr(value, "value", value)))
        return judge_case(self.case, report.checks)


class VerdictItem(MlffItem):
    """The verdict on all systems."""

    def judge(self, report: "ValidationReport") -> "Judgement":
        """Return the outcome of the verdict."""
        from openmm_mlff.pipeline.selected import judge_verdict

        return judge_verdict(report, self.config.stash[VALIDATION].cases)
