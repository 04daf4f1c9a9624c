"""`openmm-mlff verify`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from openmm_mlff.cli.completion import complete_platform, complete_potential
from openmm_mlff.cli.output import AsJson, Quiet, print_only
from openmm_mlff.isolation.printed import stdout_to_stderr

if TYPE_CHECKING:
    from openmm_mlff.certificate.record import Certificate
    from openmm_mlff.certificate.verification import SampleOutcome, Verification

EXIT_NO = 1


def verify_command(
    certificate: Annotated[
        Path, typer.Argument(metavar="CERTIFICATE", help="certificate.json, or its folder")
    ],
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Potential to verify, as for validate",
            autocompletion=complete_potential,
        ),
    ],
    *,
    platform: Annotated[
        str,
        typer.Option(
            help="auto (the certified one), CUDA, OpenCL, HIP, CPU or Reference",
            autocompletion=complete_platform,
        ),
    ] = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Check whether MODEL is the certified one, and whether this machine reproduces its values.

    Exit code 0: yes; 1: no (another model, other values, or a changed certificate); 2: unusable
    input. The certificate's hash detects changes of the file; it is not a signature and does not
    identify the author.

    Returns:
        The exit code.
    """
    from openmm_mlff.certificate.record import CERTIFICATE_FILE, read_certificate
    from openmm_mlff.certificate.verification import verify

    path = certificate / CERTIFICATE_FILE if certificate.is_dir() else certificate
    read, intact = read_certificate(path)
    with stdout_to_stderr():
        found = verify(read, model, intact=intact, platform=platform)
    if as_json:
        print_only(json.dumps(found.as_dict(), indent=1))
    else:
        _print(found, read, model=model, quiet=quiet)
    return 0 if found.verified else EXIT_NO


def _print(found: "Verification", certificate: "Certificate", *, model: str, quiet: bool) -> None:
    console = Console()
    answer, style = ("YES", "green") if found.verified else ("NO", "bold red")
    if quiet:
        console.print(Text.assemble(f"{model}: ", (answer, style)), soft_wrap=True)
        return
    for ok, text in _lines(found, certificate, model=model):
        console.print(Text.assemble((" ✔ ", "green") if ok else (" ✘ ", "bold red"), text))
    holds = "holds" if found.verified else "does not hold"
    console.print(
        Text.assemble(
            " ", (answer, style), f": the certificate {holds} for {model} on this machine."
        )
    )
    if found.verified:
        console.print(Text(f" {certificate.label}: {certificate.recommendation}", style="dim"))


def _lines(
    found: "Verification", certificate: "Certificate", *, model: str
) -> Iterator[tuple[bool, str]]:
    """Yield whether each part holds, and its description."""
    if found.intact:
        yield True, "The certificate is unchanged."
    else:
        yield False, "The certificate was changed after it was written; get the original."
    if found.same_model:
        note = f", but for {found.difference}" if found.difference else ""
        yield True, f"{model} is the certified model (fingerprint {found.sha256[:12]}){note}."
    else:
        yield (
            False,
            f"{model} is not the certified model {certificate.model.name}: {found.difference} "
            "differs; validate it separately.",
        )
    if found.intact and found.same_model:
        yield from ((sample.agrees, _sample_text(sample)) for sample in found.samples)
        if not found.samples:
            yield False, "The certificate has no values that can be reproduced."


def _sample_text(sample: "SampleOutcome") -> str:
    if sample.problem:
        return f"{sample.system}: not computed: {sample.problem}; see openmm-mlff doctor"
    return (
        f"{sample.system} on {sample.platform}: energies off by up to "
        f"{sample.energy_error_ev_per_atom:.1e} eV/atom, forces off by up to "
        f"{sample.force_error_ev_per_angstrom:.1e} eV/Å, "
        f"{'within' if sample.agrees else 'beyond'} the tolerance."
    )
