"""CloudFormation's linter takes the template with every set of parameters that is supported.

With parameters on its command line, the linter overlooks wrong values. So it gets the template as
CloudFormation makes it with each set. No parameter and no condition is left in it.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest

from local.layout import ENVIRONMENTS
from tests.support.parameters.named import NAMED
from tests.support.parameters.pairs import cover_template
from tests.support.parameters.translation import settle, translate
from tests.support.template import Node, list_configured_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LINTER = ENVIRONMENTS / "sam" / "bin" / "cfn-lint"
REGION, CHINA = "us-east-1", "cn-northwest-1"
SETS: dict[str, Mapping[str, str]] = {
    **{each.name: each.parameters for each in NAMED},
    **{f"configured-{number}": each for number, each in enumerate(list_configured_parameters())},
    **{f"pairs-{number}": each for number, each in enumerate(cover_template().sets)},
}


@cache
def settle_all() -> Mapping[str, Node]:
    """Return the template of each set, as CloudFormation makes it."""
    templates = translate([*SETS.values()])
    return {
        name: settle(template, parameters)
        for (name, parameters), template in zip(SETS.items(), templates, strict=True)
    }


def lint(folder: Path, templates: Mapping[str, Node], region: str = REGION) -> list[str]:
    """Return what the linter says: the name of the template and the message."""
    if not LINTER.exists():
        pytest.skip("cfn-lint is not installed; run make test")
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template), encoding="utf-8")
    paths = [folder / f"{name}.json" for name in templates]
    ran = subprocess.run(  # noqa: S603 - our own
        [LINTER, "--format", "json", "--regions", region, "--", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    return [f"{found['Filename']}: {found['Message']}" for found in json.loads(ran.stdout)]


def test_all_environments_and_the_examples_of_the_documents_are_there() -> None:
    configured = list_configured_parameters()
    assert {parameters["Environment"] for parameters in configured} == {"local", "dev", "prod"}
    assert any("OidcIssuer" in parameters for parameters in configured)
    assert any("KeptBucketName" in parameters for parameters in configured)


@pytest.mark.parametrize("prefix", ["pairs-", ""], ids=["pairs", "named"])
def test_linter_takes_the_template_with_every_set(prefix: str, tmp_path: Path) -> None:
    chosen = {
        name: template for name, template in settle_all().items() if name.startswith("pairs-") is bool(prefix)
    }
    assert len(chosen) > 20
    assert lint(tmp_path, chosen) == []


def test_linter_takes_a_set_without_cognito_in_china(tmp_path: Path) -> None:
    assert lint(tmp_path, {"own-issuer": settle_all()["own-issuer"]}, CHINA) == []
    [*found] = lint(tmp_path, {"second-factor": settle_all()["second-factor"]}, CHINA)
    assert any("'AWS::Cognito::UserPool' does not exist" in message for message in found)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"LogRetentionDays": "2"}, "2 is not one of"),
        ({"ApiConcurrency": "-5"}, "-5 is less than the minimum"),
        ({"Architecture": "mips"}, "'mips' is not one of"),
    ],
    ids=["retention", "concurrency", "architecture"],
)
def test_linter_finds_a_value_that_is_wrong_in_one_set(
    parameters: dict[str, str], message: str, tmp_path: Path
) -> None:
    [template] = translate([parameters])
    found = lint(tmp_path, {"planted": settle(template, parameters)})
    assert found
    assert all(message in each for each in found)
