from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.api import Api


def test_error_has_the_fields_of_every_error(api: Api) -> None:
    problem = api.get("/images/x").json
    assert [*problem] == ["type", "title", "status", "detail", "code", "requestId", "errors"]
    assert problem["type"] == "about:blank"
