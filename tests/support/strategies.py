"""The strategies of random requests: who sends what."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from shared.renditions import RenditionName
from tests.support.comparison import EVERYONE, OWNER, USERS, Attempt
from tests.support.service import (
    replace_by_bytes,
    replace_by_form,
    replace_by_json,
    send_bytes,
    send_form,
    send_json,
)
from tests.support.specimens import FIRST, PICTURES, SMALL, Picture

type Json = dict[str, Any]
type Posts = list[tuple[Picture | None, int]]
"""Pictures that are posted one after the other, each with rounds of `settle`. None is the promised one."""

everyone = st.sampled_from(EVERYONE)
uploaders = st.sampled_from(["ann", "ann", "bob", "cid", None])
attempts = st.builds(
    Attempt,
    st.sampled_from([OWNER, OWNER, OWNER, *EVERYONE]),  # because most requests of strangers are refused
    st.sampled_from([None, None, "*", "current", '"0"']),
)
duplicate_wishes = st.sampled_from(["allow", "allow", "reuse", "refuse"])
methods = st.sampled_from(["PUT", "PATCH"])
pictures = st.sampled_from([*PICTURES, SMALL])
posts = st.lists(
    # The first round verifies the picture, and the second makes it ready.
    st.tuples(st.none() | pictures, st.sampled_from([1, 1, 0, 2])),
    min_size=1,
    max_size=4,
)
senders = st.sampled_from([send_form, send_json, send_bytes])
rounds = st.integers(0, 2)
replacers = st.sampled_from([replace_by_form, replace_by_json, replace_by_bytes])
names = st.sampled_from([*RenditionName])
texts = st.just("new")
tags = st.sampled_from([["a"], ["b"], ["a", "b"]])
visibilities = st.sampled_from(["public", "private"])
wishes = st.fixed_dictionaries({}, optional={"description": texts, "visibility": visibilities, "tags": tags})
fields = {
    "description": st.none() | texts,
    "visibility": st.none() | visibilities,
    "filename": st.none() | texts,
}
changes = st.fixed_dictionaries(
    {}, optional=fields | {"tags": st.none() | st.just([]) | tags}
) | st.fixed_dictionaries({}, optional=fields | {"addTags": st.none() | tags, "removeTags": tags})
queries = st.fixed_dictionaries(
    {"limit": st.integers(1, 3)},
    optional={
        "userId": st.sampled_from(USERS),
        "visibility": visibilities,
        "tags": tags,
        "match": st.sampled_from(["all", "any"]),
        "trashed": st.booleans(),
        "order": st.sampled_from(["asc", "desc"]),
        "sha256": st.sampled_from([FIRST.sha256, SMALL.sha256]),
    },
)
contents = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b"])},
    optional={"description": texts, "attributes": st.just({"c": [1.5, None]})},
)
