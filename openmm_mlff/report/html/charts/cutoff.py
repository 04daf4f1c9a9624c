"""Charts of the energy near the cutoff: isolated pairs of atoms, and the judged scans."""

from collections.abc import Sequence

import numpy as np

from openmm_mlff.report.cutoff_figures import (
    LABELS,
    MOST_PAIRS,
    allowed_mev,
    scan_end,
    scan_limits,
    scan_start,
)
from openmm_mlff.report.cutoff_scans import DrawnScan, read_scans
from openmm_mlff.report.html.charts.model import (
    MOST_POINTS,
    Chart,
    Trace,
    axes,
    dash,
    line,
    numbers,
    palette,
)
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence

DIRECTION = {
    "dimer": "two molecules pulled apart",
    "breathing": "the molecule breathing",
    "atom drawn apart": "an atom drawn out",
    "molecule moved": "a molecule moved",
    "atom moved": "an atom moved",
}


def pair_chart(evidence: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the energy of isolated pairs against distance; None where no pair was scanned."""
    scans = read_scans(evidence, alone=True, least_jump_mev=allowed_mev(result))[:MOST_PAIRS]
    if not scans:
        return None
    limits = scan_limits(scans, jumping=_jumping(scans))
    x_axis = {"range": numbers([scan_start(scans, limits=limits), scan_end(scans)])}
    y_axis = {"range": numbers([limits.low, limits.high])}
    return Chart(
        kind="cutoff_pairs",
        title="Two atoms alone",
        traces=_scan_lines(scans),
        layout=axes("Distance (Å)", "E(r) − E(far) (meV)", x=x_axis, y=y_axis),
    )


def scan_charts(evidence: Evidence, *, result: CheckResult | None) -> list[Chart]:
    """Draw the scans judged by `cutoff_continuity`, one chart per kind, with jumps marked."""
    scans = read_scans(evidence, alone=False, least_jump_mev=allowed_mev(result))
    kinds = list(dict.fromkeys(scan.kind for scan in scans))
    return [
        _scan_chart([scan for scan in scans if scan.kind == kind], kind=kind, result=result)
        for kind in kinds
    ]


def _scan_chart(scans: Sequence[DrawnScan], *, kind: str, result: CheckResult | None) -> Chart:
    limits = scan_limits(scans, jumping=_jumping(scans))
    x_axis = {"range": numbers([scan_start(scans, limits=limits), scan_end(scans)])}
    y_axis = {"range": numbers([limits.low, limits.high])}
    jumps = [jump for scan in scans for jump in scan.jumps]
    allowed = number(allowed_mev(result))
    found = (
        f"{len(jumps)} jump{'s' if len(jumps) > 1 else ''} of more than the {allowed} meV allowed, "
        f"the largest of {number(max(jump.energy_mev for jump in jumps))} meV"
        if jumps
        else f"no jump of more than the {allowed} meV allowed"
    )
    what = DIRECTION.get(kind, kind)
    return Chart(
        kind="cutoff_scans",
        title=f"Scan over the cutoff: {what}",
        traces=_scan_lines(scans),
        layout=axes(LABELS.get(kind, kind), "E − E(far) (meV)", x=x_axis, y=y_axis),
        caption=f"Energy along a scan, {what}, relative to its far end: {found}.",
    )


def _jumping(scans: Sequence[DrawnScan]) -> DrawnScan | None:
    """Return the scan with the largest jump."""
    jumping = [scan for scan in scans if scan.jumps]
    return max(jumping, key=lambda scan: scan.jumps[0].energy_mev, default=None)


def _scan_lines(scans: Sequence[DrawnScan]) -> tuple[Trace, ...]:
    """Draw each scan with gaps at its jumps, and the jumps."""
    traces = []
    for k, scan in enumerate(scans):
        coordinate, energies_mev = scan.broken()
        traces.append(
            line(
                *_short(coordinate, energies_mev),
                name=scan.name,
                colour=palette(k),
                dashes=dash(k),
                connectgaps=False,
            )
        )
    traces += _jump_lines(scans)
    return tuple(traces)


def _jump_lines(scans: Sequence[DrawnScan]) -> list[Trace]:
    places: list[float] = []
    energies: list[float] = []
    words: list[str] = []
    for scan in scans:
        for jump in scan.jumps:
            places += [jump.coordinate, jump.coordinate, np.nan]
            energies += [*scan.sides_mev(jump), np.nan]
            words += [f"jump of {number(jump.energy_mev)} meV"] * 2 + [""]
    if not places:
        return []
    trace = line(places, energies, name="jump", colour="@bad", width=3.0)
    return [trace | {"text": words, "hovertemplate": "%{text} at %{x}<extra></extra>"}]


def _short(coordinate: np.ndarray, energies_mev: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Thin a long scan evenly, except beside a gap."""
    step = max(1, -(-len(coordinate) // (MOST_POINTS // 2)))
    kept = np.arange(len(coordinate)) % step == 0
    gap = ~np.isfinite(energies_mev)
    for shift in (-1, 0, 1):
        kept |= np.roll(gap, shift)
    kept[-1] = True
    return coordinate[kept], energies_mev[kept]
