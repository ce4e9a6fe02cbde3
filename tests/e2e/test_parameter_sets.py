"""Each set of parameters in docs/parameter-sets.md, deployed: what it promises is there, and no more."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from operations.tokens import find_pool
from tests.e2e.conftest import run_new_stack
from tests.support.client import await_value
from tests.support.issuer import run_issuer
from tests.support.parameters.choices import list_choices, list_rules
from tests.support.parameters.deployed import (
    DeployedSet,
    Place,
    create_stack,
    leave_data,
    run_set,
)
from tests.support.parameters.emulation import is_emulated, list_left_out
from tests.support.parameters.named import NAMED, ParameterSet
from tests.support.parameters.pairs import Search
from tests.support.pictures import make_photo
from tests.support.receiver import Receiver, run_receiver
from tests.support.told import add_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.parameters.choices import Parameters, Rule

PHOTO = make_photo(6)
SECONDS = 30
PEOPLE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VERSIONED, UNVERSIONED = "Enabled", None
REFUSED = [
    (rule, dict(zip(refused, values, strict=True)))
    for rule in list_rules()
    for refused in rule.list_refused()
    for values in product(*refused.values())
]
LACKING = ["prod", "address-limit", "careful-releases", "watched", "everything-on"]
"""As in tests/system/test_parameter_sets.py."""


@dataclass(frozen=True)
class Life:
    """An image that was uploaded to a set and has ended, and the queue of what was told about it."""

    image: Any = field(repr=False)
    queue_url: str | None


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def place(receiver: Receiver) -> Iterator[Place]:
    with run_new_stack("open") as stack, run_issuer() as discovery_url:
        yield leave_data(stack, f"{receiver.url}/hooks", discovery_url)


@pytest.fixture(scope="module", params=NAMED, ids=lambda each: each.name)
def deployed(request: pytest.FixtureRequest, place: Place) -> Iterator[DeployedSet]:
    named: ParameterSet = request.param
    if named.parameters.get("Cdn") == "enabled" and not shutil.which("node"):
        pytest.skip("the emulated CDN runs its function in Node")
    with run_set(named, place) as deployed:
        yield deployed


@pytest.fixture
def anyone(deployed: DeployedSet) -> Iterator[httpx.Client]:
    """A client without credentials."""
    with deployed.open_client() as client:
        yield client


@pytest.fixture(scope="module")
def api(deployed: DeployedSet) -> Iterator[httpx.Client]:
    """A client of a user."""
    if deployed.parameters["UserPoolMfa"] == "ON":
        turn_off_mfa(deployed)  # its user has no authenticator app
    with deployed.open_client(deployed.credentials_of_user) as client:
        yield client


def turn_off_mfa(deployed: DeployedSet) -> None:
    cognito, pool = find_pool(deployed.client, deployed.outputs, "ann")
    cognito.set_user_pool_mfa_config(**pool, MfaConfiguration="OFF")


@pytest.fixture(scope="module")
def life(deployed: DeployedSet, api: httpx.Client) -> Life:
    queue = add_queue(deployed, f"{deployed.name}-all") if "EventBusName" in deployed.outputs else None
    response = api.post("/images/upload", files={"file": ("photo.jpg", PHOTO, "image/jpeg")})
    assert response.status_code == 201, response.text
    url = f"/images/{response.json()['id']}"

    def get() -> Any:  # noqa: ANN401 - JSON
        image = api.get(url).json()
        return image if image["status"] not in {"pending", "processing"} else None

    return Life(await_value(get, seconds=SECONDS), queue)


def is_on(deployed: DeployedSet, name: str) -> bool:
    return deployed.parameters[name] == "enabled"


def test_api_is_healthy(deployed: DeployedSet, anyone: httpx.Client) -> None:
    path = "/openapi.json" if deployed.has_cdn else "/health"  # there the emulator has a /health of its own
    assert anyone.get(path).status_code == 200


def test_page_is_there_unless_it_is_switched_off(deployed: DeployedSet, anyone: httpx.Client) -> None:
    content_type = anyone.get("/", headers=PEOPLE).headers["Content-Type"]
    assert content_type.startswith("text/html" if is_on(deployed, "WebPage") else "application/json")


def test_documentation_is_there_unless_it_is_switched_off(
    deployed: DeployedSet, anyone: httpx.Client
) -> None:
    assert anyone.get("/docs", follow_redirects=True).status_code == (
        200 if is_on(deployed, "ApiDocs") else 404
    )
    assert anyone.get("/openapi.json").status_code == 200


def test_header_of_a_user_counts_only_without_tokens(deployed: DeployedSet, anyone: httpx.Client) -> None:
    response = anyone.post("/items", json={"name": "a"}, headers={"X-User-Id": "ann"})
    assert response.status_code == (201 if deployed.is_open else 401)


def test_uploaded_image_becomes_ready_and_shows_its_bytes(life: Life, api: httpx.Client) -> None:
    assert life.image["status"] == "ready"
    shown = api.get(f"/images/{life.image['id']}/content")
    if shown.has_redirect_location:  # to S3, without the credentials
        shown = httpx.get(shown.headers["Location"], timeout=60)
    assert (shown.status_code, shown.content) == (200, PHOTO)


def test_event_is_on_the_bus_of_the_set(deployed: DeployedSet, life: Life) -> None:
    expected = {"none": None, "default": "default"}.get(deployed.parameters["EventBus"], "own")
    bus = deployed.outputs.get("EventBusName")
    assert (bus if bus in {None, "default"} else "own") == expected
    if life.queue_url is None:
        return
    sqs = deployed.client("sqs")

    def find() -> bool | None:
        messages = sqs.receive_message(QueueUrl=life.queue_url, MaxNumberOfMessages=10).get("Messages", [])
        events = [json.loads(message["Body"]) for message in messages]
        found = [event["detail"]["id"] for event in events if event["detail-type"] == "image.ready"]
        return True if life.image["id"] in found else None

    assert await_value(find, seconds=SECONDS)


def test_webhook_is_called_if_there_is_one(deployed: DeployedSet, life: Life, receiver: Receiver) -> None:
    def find() -> bool | None:
        bodies = [request.body for request in [*receiver.requests]]
        return True if any(life.image["id"].encode() in body for body in bodies) else None

    if deployed.parameters["WebhookUrl"]:
        assert await_value(find, seconds=SECONDS)
    else:
        assert "WebhookQueueUrl" not in deployed.outputs
        assert find() is None


def test_legacy_upload_is_there_unless_it_is_switched_off(deployed: DeployedSet, api: httpx.Client) -> None:
    response = api.post("/upload", files={"file": ("a.txt", b"a", "text/plain")})
    assert response.is_success is is_on(deployed, "LegacyUpload"), response.text


def test_limits_name_the_mode_of_variants(deployed: DeployedSet, anyone: httpx.Client) -> None:
    assert anyone.get("/limits").json()["variants"]["mode"] == deployed.parameters["Variants"]


def test_cdn_is_the_only_way_to_the_api(deployed: DeployedSet) -> None:
    direct = httpx.get(f"{deployed.api_url}/health", timeout=60)
    assert direct.status_code == (403 if deployed.has_cdn else 200)
    assert ("DistributionId" in deployed.outputs) is deployed.has_cdn


def test_bucket_keeps_versions_with_recovery_days(deployed: DeployedSet) -> None:
    found = deployed.client("s3").get_bucket_versioning(Bucket=deployed.outputs["BucketName"])
    assert found.get("Status") == (UNVERSIONED if deployed.parameters["RecoveryDays"] == "0" else VERSIONED)


def test_pool_is_that_of_the_set(deployed: DeployedSet) -> None:
    parameters, pool = deployed.parameters, deployed.outputs.get("UserPoolId")
    if parameters["KeptUserPoolId"]:
        assert pool == parameters["KeptUserPoolId"]
    elif parameters["UserPool"] == "none":
        assert pool is None
    else:
        found = deployed.client("cognito-idp").describe_user_pool(UserPoolId=pool)["UserPool"]
        assert found["Name"].startswith(deployed.name)
    uses_pool = not (deployed.is_open or parameters["OidcIssuer"])
    assert ("UserPoolClientId" in deployed.outputs) is uses_pool


def test_functions_run_as_the_set_says(deployed: DeployedSet) -> None:
    for name in ("ApiFunction", "ProcessorFunction", "ChangesFunction"):
        function = deployed.describe_function(name)
        assert function["Architectures"] == [deployed.parameters["Architecture"]]
        assert function["TracingConfig"]["Mode"] == (
            "Active" if is_on(deployed, "Tracing") else "PassThrough"
        )
        has_namespace = function["Environment"]["Variables"]["METRICS_NAMESPACE"] == deployed.name
        assert has_namespace is is_on(deployed, "Metrics")


def test_log_groups_are_those_of_the_set(deployed: DeployedSet) -> None:
    groups = deployed.client("logs").describe_log_groups()["logGroups"]
    days = {group["logGroupName"]: group.get("retentionInDays") for group in groups}
    assert days[f"/aws/lambda/{deployed.name}/api"] == int(deployed.parameters["LogRetentionDays"])
    assert (f"/aws/apigateway/{deployed.name}" in days) is is_on(deployed, "AccessLogs")


def test_dashboard_is_there_if_it_is_switched_on(deployed: DeployedSet) -> None:
    found = deployed.client("cloudwatch").list_dashboards()["DashboardEntries"]
    names = {entry["DashboardName"] for entry in found}
    assert (f"{deployed.name}-us-east-1" in names) is is_on(deployed, "Dashboard")


def test_tables_are_protected_if_the_set_says_so(deployed: DeployedSet) -> None:
    table = deployed.client("dynamodb").describe_table(TableName=deployed.outputs["ImagesTableName"])["Table"]
    assert table["DeletionProtectionEnabled"] is is_on(deployed, "DeletionProtection")


def test_kept_data_is_used_and_shown(deployed: DeployedSet, place: Place, anyone: httpx.Client) -> None:
    is_kept = bool(deployed.parameters["KeptImagesTableName"])
    for output, parameter in {
        "ImagesTableName": "KeptImagesTableName",
        "ItemsTableName": "KeptItemsTableName",
        "BucketName": "KeptBucketName",
        "LinkSecretArn": "LinkSecretArn",
    }.items():
        assert (deployed.outputs[output] == place.kept[parameter]) is is_kept
    assert anyone.get(f"/images/{place.image_id}").status_code == (200 if is_kept else 404)


@pytest.mark.parametrize(
    ("rule", "refused"), REFUSED, ids=[f"{rule.name}-{number}" for number, (rule, _) in enumerate(REFUSED)]
)
def test_cloudformation_refuses_what_cannot_work_and_says_why(
    place: Place, rule: Rule, refused: Parameters
) -> None:
    # The emulator names the first rule that fails, so all others must take the parameters.
    others = [other for other in list_rules() if other != rule and knows(other, refused)]
    parameters = Search(list_choices(), others).complete({"Environment": "local"} | refused, ())
    assert parameters is not None
    with pytest.raises(ClientError) as error:
        create_stack(place, "refused", parameters)
    assert f"rule {rule.name} failed: {rule.message}" in str(error.value)


def knows(rule: Rule, parameters: Parameters) -> bool:
    return all(parameters[name] in rule.choices[name] for name in parameters.keys() & rule.choices.keys())


@pytest.mark.parametrize("each", [each for each in NAMED if each.name in LACKING], ids=lambda each: each.name)
def test_emulator_refuses_the_whole_of_a_set_and_names_what_it_lacks(
    place: Place, each: ParameterSet
) -> None:
    [left_out] = list_left_out([each.parameters])
    lacking = {resource["Type"] for resource in left_out.values() if not is_emulated(resource)}
    with pytest.raises((ClientError, AssertionError)) as error:
        create_stack(place, f"whole-{each.name}", each.parameters)
    named = {*re.findall(r"AWS::\w+::\w+", str(error.value))}
    assert named
    assert named <= lacking
