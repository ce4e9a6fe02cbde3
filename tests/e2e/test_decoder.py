"""A decoder that an image has taken over, in the processor's function as it is deployed.

The test deploys the same package with the same role and variables, and a hostile decoder in it.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local import commands, sam_local
from local.build import provide_build

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from local.stack import Stack

    type Invoke = Callable[[dict[str, str]], dict[str, Any]]

ROOT = Path(__file__).parents[2]
HOSTILE = ("tests/support/hostile_function.py", "tests/support/hostile_worker.py")
HANDLER = "tests.support.hostile_function.lambda_handler"
NAME = "hostile-processor"
CALL = """
import json, sys
from tests.support.hostile_function import lambda_handler
print(json.dumps(lambda_handler(json.loads(sys.argv[1]), None)))
"""


@pytest.fixture(scope="module")
def embedded(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invoke]:
    functions = stack.client("lambda")
    deployed = functions.get_function_configuration(FunctionName=stack.outputs["ProcessorFunctionName"])
    functions.create_function(
        FunctionName=NAME,
        Handler=HANDLER,
        Code={"ZipFile": pack(tmp_path_factory.mktemp("package") / "code.zip")},
        Environment={"Variables": deployed["Environment"]["Variables"]},
        **{key: deployed[key] for key in ("Runtime", "Role", "MemorySize", "Timeout")},
    )

    def invoke(event: dict[str, str]) -> dict[str, Any]:
        response = functions.invoke(FunctionName=NAME, Payload=json.dumps(event).encode())
        result: dict[str, Any] = json.load(response["Payload"])
        return result

    yield invoke
    functions.delete_function(FunctionName=NAME)


def pack(archive: Path) -> bytes:
    shutil.copy(provide_build() / "code.zip", archive)
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as package:
        for file in HOSTILE:
            package.write(ROOT / file, file)
    return archive.read_bytes()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a build with the hostile decoder."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(provide_build() / "code", folder / "code", copy_function=copy_by_link)
    for file in HOSTILE:
        (folder / "code" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / "code" / file)
    template = (provide_build() / "template.yaml").read_text()
    assert template.count("processor.main.lambda_handler") == 1
    (folder / "template.yaml").write_text(template.replace("processor.main.lambda_handler", HANDLER))
    return folder


@pytest.fixture(scope="module")
def in_docker(docker_stack: Stack, package: Path) -> Invoke:
    """With AWS's image. There the function is root."""

    def invoke(event: dict[str, str]) -> dict[str, Any]:
        file = package / "event.json"
        file.write_text(json.dumps(event))
        return read_result(
            sam_local.invoke(docker_stack, "ProcessorFunction", file, package / "template.yaml")
        )

    return invoke


@pytest.fixture(scope="module")
def as_user(package: Path) -> Invoke:
    """With AWS's image, as a user with no rights. On Lambda the function is one."""
    obstacle = sam_local.find_obstacle()
    if obstacle:
        pytest.skip(f"Docker cannot run: {obstacle}")
    package.parent.chmod(0o755)
    package.chmod(0o755)

    def invoke(event: dict[str, str]) -> dict[str, Any]:
        options = [
            "--rm",
            "--user",
            "1000",
            "--volume",
            f"{package / 'code'}:/var/task:ro",
        ]
        variables = ["--env", "PYTHONPATH=/var/task", "--env", "AWS_SECRET_ACCESS_KEY=secret"]
        python = ["--entrypoint", "/var/lang/bin/python3.13", sam_local.IMAGE, "-c", CALL, json.dumps(event)]
        return read_result(commands.run("docker", "run", *options, *variables, *python))

    return invoke


def read_result(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return result


def copy_by_link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


@pytest.fixture(params=["embedded", "in_docker", "as_user"])
def invoke(request: pytest.FixtureRequest) -> Invoke:
    found: Invoke = request.getfixturevalue(request.param)
    return found


def test_decoder_that_is_taken_over_cannot_get_out(invoke: Invoke) -> None:
    """It reads no credentials and no memory, and opens no file and no connection, and starts no process."""
    assert invoke({"behaviour": "try_to_get_out"}) == {
        "error": "UnacceptableImage",
        "detail": "got out by [], 1 inherited",
        "has_credentials": True,
    }


@pytest.mark.parametrize(
    ("behaviour", "image", "error", "detail"),
    [
        ("spin", "x", "UnacceptableImage", "The image takes too long to decode."),
        ("spin_on", "x", "Unavailable", "Processing was interrupted."),
        ("grow", "300", "UnacceptableImage", "no memory"),
    ],
)
def test_decoder_that_is_taken_over_does_not_outlive_its_bounds(
    invoke: Invoke, behaviour: str, image: str, error: str, detail: str
) -> None:
    result = invoke({"behaviour": behaviour, "image": image})
    assert (result["error"], result["detail"]) == (error, detail)
