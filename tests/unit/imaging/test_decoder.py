from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from imaging.decoder import Decoder
from imaging.isolation import PR_SET_DUMPABLE
from imaging.renditions import render
from imaging.reports import DecoderError, InvalidReport
from imaging.variants import make_variant
from shared.errors import UnacceptableImage, Unavailable
from shared.limits import MAX_DIRECT_BYTES
from shared.renditions import STILLS, Fit, RenditionName
from shared.variants import Variant, VariantFormat
from tests.support.hostile_worker import PR_GET_DUMPABLE, SECRET
from tests.support.pictures import (
    draw_quadrants,
    encode,
    make_photo,
    make_picture,
    make_srgb_profile,
)
from tests.support.reports import WEBP, make_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MEGABYTE = 2**20
SECONDS = 30

type MakeDecoder = Callable[[str], Decoder]


@pytest.fixture
def make_hostile() -> Iterator[MakeDecoder]:
    """Decoders that behave as a function of `tests.support.hostile_worker`."""
    decoders: list[Decoder] = []

    def make(behaviour: str) -> Decoder:
        command = ("-m", "tests.support.hostile_worker", behaviour)
        decoders.append(Decoder(cpu_seconds=1, memory_bytes=200 * MEGABYTE, command=command))
        return decoders[-1]

    yield make
    for decoder in decoders:
        decoder.stop()


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(cpu_seconds=10, memory_bytes=500 * MEGABYTE)
    yield decoder
    decoder.stop()


@pytest.mark.parametrize(
    "data",
    [
        *(make_picture(image_format) for image_format in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIC")),
        *(make_photo(6, image_format) for image_format in ("JPEG", "PNG", "WEBP", "AVIF", "HEIC")),
        encode(draw_quadrants(300, 200), "HEIC", tile_size=64),
    ],
)
def test_image_is_rendered_as_in_one_process(decoder: Decoder, data: bytes) -> None:
    """The process can open no file, so everything that any format needs must be imported before."""
    assert decoder.render(data, SECONDS) == render(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("variant_format", VariantFormat)
def test_variant_is_made_as_in_one_process(
    decoder: Decoder, variant_format: VariantFormat, fit: Fit, mode: str
) -> None:
    image = draw_quadrants(mode=mode)
    image.putalpha(128 if mode == "RGBA" else 255)
    data = encode(image, "WEBP")
    variant = Variant(32, 20, fit, variant_format)
    assert decoder.make_variant(data, variant, SECONDS) == make_variant(data, variant)


def test_variant_of_what_is_no_image_is_refused(decoder: Decoder) -> None:
    with pytest.raises(UnacceptableImage):
        decoder.make_variant(b"x", Variant(1, 1, Fit.INSIDE, VariantFormat.WEBP), SECONDS)


@pytest.mark.parametrize("data", [make_picture("TIFF"), make_picture()[:-100], b"not an image"])
def test_image_is_refused_as_in_one_process(decoder: Decoder, data: bytes) -> None:
    details = []
    for render_it in (render, lambda data: decoder.render(data, SECONDS)):
        with pytest.raises(UnacceptableImage) as raised:
            render_it(data)
        details.append(raised.value.detail)
    assert details[0] == details[1]


def test_profile_is_applied_as_in_one_process(decoder: Decoder) -> None:
    data = encode(draw_quadrants(), "JPEG", icc_profile=make_srgb_profile())
    assert decoder.render(data, SECONDS) == render(data)


def test_image_of_the_largest_upload_goes_through(decoder: Decoder) -> None:
    picture = make_picture()
    data = picture + bytes(MAX_DIRECT_BYTES - len(picture))
    assert decoder.render(data, SECONDS) == render(data)


def test_rendition_of_more_than_a_megabyte_goes_through(decoder: Decoder) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((2000, 2000), 120) for _ in range(3)])
    rendered = decoder.render(encode(noise, "JPEG"), SECONDS)
    assert len(rendered.renditions[RenditionName.LARGE].data) > MEGABYTE


def test_decoder_gets_these_variables_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANG", "LD_LIBRARY_PATH", "TZ", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "x")
    environments: list[dict[str, str]] = []

    def popen(*_: object, env: dict[str, str], **__: object) -> None:
        environments.append(env)
        raise OSError

    monkeypatch.setattr("imaging.decoder.subprocess.Popen", popen)
    with pytest.raises(Unavailable):
        Decoder(cpu_seconds=1, memory_bytes=MEGABYTE).render(b"x", 1)
    assert environments[0].keys() == {"LANG", "LD_LIBRARY_PATH", "PATH", "TZ", "PYTHONPATH"}


@pytest.mark.parametrize(
    "behaviour", ["send_pickle", "send_pickle_in_a_frame", "announce_too_much", "send_without_end"]
)
def test_bytes_that_are_no_report_are_refused_and_run_no_code(
    make_hostile: MakeDecoder, tmp_path: Path, behaviour: str
) -> None:
    with pytest.raises(InvalidReport):
        make_hostile(behaviour).render(str(tmp_path / "taken-over").encode(), SECONDS)
    assert list(tmp_path.iterdir()) == []


def test_report_that_is_not_right_is_refused(make_hostile: MakeDecoder) -> None:
    with pytest.raises(InvalidReport, match="every rendition"):
        make_hostile("send_what_the_test_says").render(make_report(renditions={}), SECONDS)


def test_process_of_a_report_that_is_not_right_is_not_used_again(make_hostile: MakeDecoder) -> None:
    decoder = make_hostile("send_what_the_test_says")
    with pytest.raises(InvalidReport):
        decoder.render(make_report(renditions={}), SECONDS)
    assert decoder._worker is None  # noqa: SLF001 - its process shows nowhere else


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([make_report()], "another order"),
        ([b'{"outcome": "made", "size": 1}'], "not valid"),
        ([b'{"outcome": "made"}', b"x"], "not an image"),
        ([b'{"outcome": "made"}', WEBP], "not the one"),
        ([b'{"outcome": "made"}', make_picture("PNG", 40, 20)], "not the one"),
        ([b'{"outcome": "made"}', WEBP[:-2]], "not an image"),
    ],
)
def test_variant_that_is_not_right_is_refused(
    make_hostile: MakeDecoder, frames: list[bytes], reason: str
) -> None:
    variant = Variant(40, 20, Fit.INSIDE, VariantFormat.WEBP)
    with pytest.raises(InvalidReport, match=reason):
        make_hostile("send_what_the_test_says").make_variant(b"\n\n".join(frames), variant, SECONDS)


def test_report_that_is_right_is_taken(make_hostile: MakeDecoder) -> None:
    frames = [make_report(), *(WEBP for _ in STILLS)]
    rendered = make_hostile("send_what_the_test_says").render(b"\n\n".join(frames), SECONDS)
    assert {rendition.data for rendition in rendered.renditions.values()} == {WEBP}


def test_mistake_of_ours_is_raised_with_its_traceback(make_hostile: MakeDecoder) -> None:
    frame = b'{"outcome": "failed", "traceback": "ZeroDivisionError"}'
    with pytest.raises(DecoderError, match="ZeroDivisionError"):
        make_hostile("send_what_the_test_says").render(frame, SECONDS)


def test_decoder_that_is_taken_over_cannot_get_out(
    make_hostile: MakeDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credentials, no file, no connection, no process, no thread, and no other process's memory."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(UnacceptableImage) as raised:
        make_hostile("try_to_get_out").render(str(os.getpid()).encode(), SECONDS)
    assert raised.value.detail == "got out by [], 1 inherited"


def test_ways_out_are_open_without_isolation() -> None:
    """Otherwise the test above would show nothing."""
    code = """
import json, resource, socket, subprocess
from imaging.frames import Channel
from tests.support.animations import GifFrame, make_gif
from tests.support.hostile_worker import find_ways_out
victim = subprocess.Popen(["sleep", "60"])
print(json.dumps(find_ways_out(Channel(socket.socketpair()[0]), {"other": victim.pid})))
victim.kill()
"""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"], SECRET: "secret"}
    output = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True
    )
    ways = {*json.loads(output.stdout)}
    assert ways >= {"environment", "file to read", "file to write", "file in memory", "internet socket"}
    assert ways >= {"local socket", "pipe", "duplicate", "process", "thread", "wider RLIMIT_CPU"}
    assert ways >= {f"{way} of other" for way in ("environ", "mem", "maps", "fd", "debugger", "memory")}


def test_image_does_not_outlive_the_function(make_hostile: MakeDecoder) -> None:
    worker = make_hostile("sleep")._get_worker()  # noqa: SLF001 - the end of a function shows nowhere else
    ours, theirs = socket.socketpair()
    with ours, theirs:
        socket.send_fds(worker.control, [b"\0"], [theirs.fileno()])
        child = int.from_bytes(worker.control.recv(8, socket.MSG_WAITALL))
        worker.control.close()
        worker.process.wait(SECONDS)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_memory_of_function_and_of_decoder_is_hidden(make_hostile: MakeDecoder) -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    with pytest.raises(UnacceptableImage, match="dumpable: 0"):
        make_hostile("tell_dumpable").render(b"x", SECONDS)
    assert libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0


@pytest.mark.parametrize("behaviour", ["end_at_once", "end_amid_a_frame", "kill_itself", "kill_its_parent"])
def test_process_that_ends_early_is_no_fault_of_the_image(make_hostile: MakeDecoder, behaviour: str) -> None:
    decoder = make_hostile(behaviour)
    for _ in range(2):  # the second one gets a new process where that is needed
        with pytest.raises(Unavailable):
            decoder.render(b"x", 1)


def test_image_that_takes_too_long_is_refused(make_hostile: MakeDecoder) -> None:
    with pytest.raises(UnacceptableImage, match="too long"):
        make_hostile("spin").render(b"x", SECONDS)


def test_image_that_ignores_the_end_of_its_time_is_ended(make_hostile: MakeDecoder) -> None:
    with pytest.raises(Unavailable, match="interrupted"):
        make_hostile("spin_on").render(b"x", SECONDS)


@pytest.mark.parametrize(
    ("megabytes", "detail"), [(b"100", "grew to"), (b"195", "grew to"), (b"300", "no memory")]
)
def test_memory_is_bounded(make_hostile: MakeDecoder, megabytes: bytes, detail: str) -> None:
    with pytest.raises(UnacceptableImage, match=detail):
        make_hostile("grow").render(megabytes, SECONDS)


def test_image_beyond_the_memory_is_refused() -> None:
    decoder = Decoder(cpu_seconds=10, memory_bytes=20 * MEGABYTE)
    try:
        with pytest.raises(UnacceptableImage, match="memory"):
            decoder.render(make_picture("PNG", 4000, 4000), SECONDS)
    finally:
        decoder.stop()


def test_time_that_passes_without_work_is_no_fault_of_the_image(make_hostile: MakeDecoder) -> None:
    decoder = make_hostile("sleep")
    for seconds in (0.1, 0, -1):
        with pytest.raises(Unavailable, match="not enough time"):
            decoder.render(b"x", seconds)


def test_next_image_is_rendered_after_one_that_broke_the_process(decoder: Decoder) -> None:
    decoder.stop()
    decoder.stop()
    assert decoder.render(make_picture(), SECONDS) == render(make_picture())
