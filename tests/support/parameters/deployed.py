"""A named set of parameters, deployed as a stack of its own into a running emulated AWS."""

from __future__ import annotations

import base64
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from local import deployment
from local.stack import Stack
from operations.connection import connect
from operations.tokens import make_token
from tests.support.client import await_end, await_value, upload_form
from tests.support.parameters.emulation import localize
from tests.support.pictures import make_photo
from tests.support.template import load
from tests.support.tokens import make_token as sign_token
from tests.support.variables import change_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.parameters.choices import Parameters
    from tests.support.parameters.named import ParameterSet

USER = "ann"
WEBHOOK_SECRET = f"whsec_{base64.b64encode(bytes(range(24))).decode()}"


@dataclass(frozen=True)
class Place:
    """The emulated AWS as a set finds it: with the data of an earlier stack, a receiver and an issuer."""

    stack: Stack
    template_url: str
    """The template as `sam deploy` has packaged it for the earlier stack."""
    kept: Mapping[str, str]
    """Values of the parameters that name what an earlier stack has left."""
    image_id: str
    """A public image in that data."""
    webhook_url: str
    webhook_secret_arn: str
    discovery_url: str


@dataclass(frozen=True)
class DeployedSet(Stack):
    """The stack of a set. `parameters` has the defaults of the template, too."""

    name: str
    parameters: Mapping[str, str] = field(repr=False)

    @cached_property
    def outputs(self) -> dict[str, str]:
        return deployment.read_outputs(self.client, self.name)

    @property
    def has_cdn(self) -> bool:
        return self.parameters["Cdn"] == "enabled"

    @property
    def is_open(self) -> bool:
        return self.parameters["AuthMode"] == "open"

    @cached_property
    def credentials_of_user(self) -> dict[str, str]:
        """The header by which the API knows a user."""
        if self.is_open:
            return {"X-User-Id": USER}
        if self.parameters["OidcIssuer"]:
            names = {"iss": "OidcIssuer", "client_id": "OidcAudience"}
            token = sign_token(USER, **{claim: self.parameters[name] for claim, name in names.items()})
        else:
            token = make_token(self.client, self.outputs, USER)
        return {"Authorization": f"Bearer {token}"}

    def open_client(self, headers: Mapping[str, str] | None = None) -> httpx.Client:
        """Make a client that calls the API as people do: through the CDN if there is one."""
        url = self.aws_url if self.has_cdn else self.api_url
        host = {"Host": self.outputs["DistributionDomain"]} if self.has_cdn else {}
        return httpx.Client(base_url=url, headers={**host, **(headers or {})}, timeout=60)

    def describe_function(self, name: str = "ApiFunction") -> Any:  # noqa: ANN401 - of boto3
        return self.client("lambda").get_function_configuration(FunctionName=self.outputs[f"{name}Name"])


def leave_data(stack: Stack, webhook_url: str, discovery_url: str) -> Place:
    """Put an image into a stack, and delete the stack, which leaves its data."""
    with httpx.Client(base_url=stack.api_url, timeout=60) as api:
        image_id = upload_form(api, make_photo(6), visibility="public")["id"]
        await_end(api, image_id)
    secret = stack.client("secretsmanager").create_secret(Name="webhooks", SecretString=WEBHOOK_SECRET)
    place = Place(
        stack, find_template(stack), find_kept(stack), image_id, webhook_url, secret["ARN"], discovery_url
    )
    delete_stack(stack, deployment.STACK_NAME)
    return place


def find_kept(stack: Stack) -> Parameters:
    outputs = stack.outputs
    table = stack.client("dynamodb").describe_table(TableName=outputs["ImagesTableName"])["Table"]
    return {
        "KeptImagesTableName": outputs["ImagesTableName"],
        "KeptImagesStreamArn": table["LatestStreamArn"],
        "KeptItemsTableName": outputs["ItemsTableName"],
        "KeptBucketName": outputs["BucketName"],
        "KeptUserPoolId": outputs["UserPoolId"],
        "LinkSecretArn": outputs["LinkSecretArn"],
    }


@contextmanager
def run_set(named: ParameterSet, place: Place) -> Iterator[DeployedSet]:
    """Deploy a set as far as the emulated AWS goes, and delete its stack after the block."""
    stack, name = place.stack, f"set-{named.name}"
    parameters = localize(named.parameters) | list_values(named, place)
    defaults = {key: str(parameter["Default"]) for key, parameter in load()["Parameters"].items()}
    create_stack(place, name, parameters)
    deployed = DeployedSet(stack.port, stack.aws_port, stack.state, name, defaults | parameters)
    try:
        if "KeptBucketName" in named.parameters:
            connect(deployed.client, deployed.outputs)
        # The issuer of a set is at an address of HTTPS, where nobody is.
        discovery = {"OIDC_DISCOVERY_URL": place.discovery_url}
        with change_variables(deployed, discovery) if "OidcIssuer" in named.parameters else nullcontext():
            yield deployed
    finally:
        delete_stack(stack, name)


def list_values(named: ParameterSet, place: Place) -> Parameters:
    """Return the values of parameters that name what there is in the emulated AWS."""
    values = {
        **place.kept,
        "WebhookUrl": place.webhook_url,
        "WebhookSecretArn": place.webhook_secret_arn,
    }
    chosen = {key: value for key, value in values.items() if key in named.parameters}
    chosen |= {"S3PublicUrl": place.stack.aws_url, "LocalPort": str(place.stack.port)}
    return chosen if named.parameters.get("Cdn") == "enabled" else chosen | {"PublicUrl": place.stack.api_url}


def find_template(stack: Stack) -> str:
    """Return the URL of the template that was deployed."""
    bucket = deployment.SETTINGS["s3_bucket"]
    keys = [found["Key"] for found in stack.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    (key,) = (key for key in keys if key.endswith(".template"))
    return f"{stack.aws_url}/{bucket}/{key}"


def create_stack(place: Place, name: str, parameters: Mapping[str, str]) -> None:
    """Let CloudFormation make a stack. `sam deploy` does the same, and takes ten times as long here."""
    cloudformation = place.stack.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateURL=place.template_url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )

    def get_end() -> str | None:
        status: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if status.endswith("_IN_PROGRESS") else status

    if await_value(get_end) != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        raise AssertionError({event["ResourceStatusReason"] for event in events})


def delete_stack(stack: Stack, name: str) -> None:
    stack.client("cloudformation").delete_stack(StackName=name)

    def is_gone() -> bool | None:
        found = deployment.describe(stack.client, name)
        return True if found is None or found["StackStatus"] == "DELETE_COMPLETE" else None

    await_value(is_gone)
