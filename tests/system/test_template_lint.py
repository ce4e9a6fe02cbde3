"""CloudFormation's linter takes the template with every set of parameters that someone deploys."""

from __future__ import annotations

import subprocess

import pytest

from local.layout import ENVIRONMENTS, TEMPLATE
from tests.support.template import list_configured_parameters

LINTER = ENVIRONMENTS / "sam" / "bin" / "cfn-lint"
SETS = list_configured_parameters()


def test_all_environments_and_the_examples_of_the_documents_are_there() -> None:
    assert {parameters["Environment"] for parameters in SETS} == {"local", "dev", "prod"}
    assert any("OidcIssuer" in parameters for parameters in SETS)
    assert any("KeptBucketName" in parameters for parameters in SETS)


@pytest.mark.parametrize("parameters", SETS, ids=lambda parameters: "-".join(parameters)[:60])
def test_linter_takes_the_template_with_these_parameters(parameters: dict[str, str]) -> None:
    if not LINTER.exists():
        pytest.skip("cfn-lint is not installed; run make test")
    pairs = [f"{name}={value}" for name, value in parameters.items()]
    ran = subprocess.run(  # noqa: S603 - our own
        [LINTER, "--regions", "us-east-1", "--parameters", *pairs, "--", TEMPLATE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "")
