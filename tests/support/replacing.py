"""Random replacements of the bytes of images, against the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis.stateful import Bundle, multiple, rule

from tests.support.comparison import Attempt, Comparison, flags
from tests.support.lives import FILENAME, Image
from tests.support.service import add_headers, write_json
from tests.support.strategies import Posts, attempts, pictures, posts, replacers, rounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.api import ApiResponse
    from tests.support.service import Options
    from tests.support.specimens import Picture


@dataclass(frozen=True)
class Form:
    """A form for other bytes of an image."""

    image: Image
    revision: int
    promised: Picture


class ReplacementRules(Comparison):
    """The requests of clients that replace bytes, here or straight in S3."""

    images: Bundle[Image] = Bundle("images")
    content_forms: Bundle[Form] = Bundle("content_forms")

    @rule(image=images, attempt=attempts, picture=pictures, send=replacers, is_keyed=flags, rounds=rounds)
    def replace(  # noqa: PLR0913, PLR0917 - what a request is made of
        self,
        image: Image,
        attempt: Attempt,
        picture: Picture,
        send: Callable[..., Any],
        is_keyed: bool,
        rounds: int,
    ) -> None:
        query, options = send(picture)
        url = f"/images/{image.id}/content{query}"
        refusal = None if picture.is_accepted else 415
        refusal = refusal or self._refuse(image, attempt, picture)
        response = self._send("PUT", url, image, attempt, options, is_keyed=is_keyed)
        assert response.status == (refusal or 202)
        if not refusal:
            image.begin_replacement(picture)
            self.settle(image, rounds)

    @rule(
        target=content_forms,
        image=images,
        attempt=attempts,
        picture=pictures,
        is_bound=flags,
        is_keyed=flags,
        posts=posts,
    )
    def begin_replacement(  # noqa: PLR0913, PLR0917 - same
        self,
        image: Image,
        attempt: Attempt,
        picture: Picture,
        is_bound: bool,
        is_keyed: bool,
        posts: Posts,
    ) -> Any:  # noqa: ANN401 - a form, or none
        body = {"filename": FILENAME, "contentType": picture.content_type, "size": len(picture.data)}
        if is_bound:
            body["sha256"] = picture.sha256
        url = f"/images/{image.id}/content/uploads"
        refusal = self._refuse(image, attempt, picture)
        response = self._send("POST", url, image, attempt, write_json(body), is_keyed=is_keyed)
        assert response.status == (refusal or 201)
        if refusal:
            return multiple()
        image.announce_replacement(picture, is_bound=is_bound)
        form = Form(image, image.latest_revision, picture)
        self.post_to_content_form(form, posts)
        return form

    @rule(form=content_forms, posts=posts)
    def post_to_content_form(self, form: Form, posts: Posts) -> None:
        self.post(form.image, form.revision, form.promised, posts)

    def post(self, image: Image, revision: int, promised: Picture, posts: Posts) -> None:
        for picture, count in posts:
            image.posted[revision] = picture or promised
            self.service.post_to_form(image.id, revision, image.posted[revision].data)
            self.settle(image, count)

    def _refuse(self, image: Image, attempt: Attempt, picture: Picture) -> int | None:
        refusal = self.model.refuse_write(attempt.name_user(image), image, attempt.find_etag(image))
        return refusal or self.model.refuse_replacement(image, len(picture.data))

    def _send(  # noqa: PLR0913 - what a request is made of
        self, method: str, url: str, image: Image, attempt: Attempt, options: Options, *, is_keyed: bool
    ) -> ApiResponse:
        if if_match := attempt.find_etag(image):
            options = add_headers(options, {"If-Match": if_match})
        return self.service.send(method, url, attempt.name_user(image), options, is_keyed=is_keyed)
