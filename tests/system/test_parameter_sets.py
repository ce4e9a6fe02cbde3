"""The sets of parameters of docs/parameter-sets.md: what is refused, and what the emulator lacks."""

from __future__ import annotations

import re
from itertools import combinations, product
from typing import TYPE_CHECKING

import pytest

from local.layout import ROOT
from tests.support.documents import write_tables
from tests.support.parameters.choices import EXAMPLES, Rule, is_taken, list_choices, list_rules
from tests.support.parameters.emulation import (
    find_reasons,
    is_emulated,
    list_emulated_types,
    list_left_out,
    list_resources,
    localize,
)
from tests.support.parameters.named import NAMED
from tests.support.parameters.pairs import cover_pairs, cover_template, list_pairs
from tests.support.parameters.tables import IDLE, TRANSLATED_TABLES
from tests.support.parameters.translation import settle, translate
from tests.support.template import Node, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.parameters.choices import Parameters
    from tests.support.parameters.named import ParameterSet

PARAMETERS = [each.parameters for each in NAMED]
CERTIFICATE = {"CertificateArn": EXAMPLES["CertificateArn"]}
ONLY_IN_PAIRS = {"IdTokens", "CdnPriceClass", "LogLevel"}
"""Parameters whose values only pass through."""


def test_table_of_sets_is_the_one_that_the_template_makes() -> None:
    """If this fails, run `make docs`."""
    text = (ROOT / "docs/parameter-sets.md").read_text(encoding="utf-8")
    assert write_tables(text, TRANSLATED_TABLES) == text


def test_every_named_set_is_taken_by_all_rules_and_has_a_name_of_its_own() -> None:
    assert [each.name for each in NAMED if not is_taken(each.parameters)] == []
    assert len({each.name for each in NAMED}) == len(NAMED)
    for each in NAMED:
        assert each.parameters.keys() <= load()["Parameters"].keys(), each.name


@pytest.mark.parametrize("each", NAMED, ids=lambda each: each.name)
def test_named_set_uses_values_that_the_template_allows(each: ParameterSet) -> None:
    for name, value in each.parameters.items():
        parameter = load()["Parameters"][name]
        assert value in map(str, parameter.get("AllowedValues", [value])), name
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value), name


def test_every_switch_is_on_in_one_set_and_off_in_another() -> None:
    for name, values in list_choices().items():
        used = {each.get(name, str(load()["Parameters"][name]["Default"])) for each in PARAMETERS}
        if "AllowedValues" in load()["Parameters"][name] and name not in ONLY_IN_PAIRS:
            assert used >= {*values} - {"signed"}, name


def test_every_pair_of_values_is_in_a_set_or_refused() -> None:
    cover = cover_template()
    covered = {pair for each in cover.sets for pair in combinations(each.items(), 2)}
    assert covered | {*cover.impossible} == {*list_pairs(list_choices())}
    assert not covered & {*cover.impossible}
    assert [each for each in cover.sets if not is_taken(each)] == []
    assert len(cover.sets) < 40


def test_every_pair_that_is_left_out_is_refused_by_one_rule_or_two() -> None:
    for pair in cover_template().impossible:
        assert any(
            refuse_together(dict(pair), (one, other)) for one, other in product(list_rules(), repeat=2)
        )


def refuse_together(chosen: Parameters, rules: tuple[Rule, Rule]) -> bool:
    """Tell whether no values of the parameters of these rules go with the chosen ones."""
    names = [*dict.fromkeys(name for rule in rules for name in rule.parameters)]
    return not any(
        all(rule.allows(values) for rule in rules)
        for values in (
            dict(zip(names, found, strict=True))
            for found in product(*(list_choices()[name] for name in names))
        )
        if all(values.get(name, value) == value for name, value in chosen.items())
    )


def test_pairs_of_a_small_example_are_covered_by_few_sets() -> None:
    choices = {name: ["a", "b", "c"] for name in "wxyz"}
    free = cover_pairs(choices, [])
    assert free.impossible == []
    assert 9 <= len(free.sets) <= 12  # 9 is the least that there can be
    values = frozenset(pair for pair in product("abc", repeat=2) if pair != ("a", "a"))
    bound = cover_pairs(choices, [Rule("No", "No.", ("w", "x"), choices, values)])
    assert bound.impossible == [(("w", "a"), ("x", "a"))]
    assert {pair for each in bound.sets for pair in combinations(each.items(), 2)} == {
        pair for pair in list_pairs(choices) if pair not in bound.impossible
    }


def test_every_refusal_is_a_refusal_and_is_minimal() -> None:
    for rule in list_rules():
        assert rule.list_refused(), rule.name
        for refused in rule.list_refused():
            for values in product(*refused.values()):
                chosen = dict(zip(refused, values, strict=True))
                assert not is_taken(chosen), chosen
                for name in chosen:
                    assert rule.allows({other: chosen[other] for other in chosen if other != name}), name


def test_every_parameter_that_can_be_left_empty_has_an_example() -> None:
    assert EXAMPLES.keys() == {name for name, (first, *_) in list_choices().items() if first in {"", "0"}}


def test_parameter_that_does_nothing_changes_nothing() -> None:
    cases = [(name, each) for names, contexts in IDLE for name in names for each in contexts]
    without = settle_all([context for _, context in cases])
    others = settle_all([context | {name: list_values(name)[1]} for name, context in cases])
    for case, before, after in zip(cases, without, others, strict=True):
        assert before == after, case


def test_parameter_that_does_something_is_seen_to_do_it() -> None:
    before, after = settle_all([{"DomainName": EXAMPLES["DomainName"]} | pick for pick in ({}, CERTIFICATE)])
    assert before != after


def settle_all(sets: Sequence[Parameters]) -> list[Node]:
    return [settle(template, each) for template, each in zip(translate(sets), sets, strict=True)]


def list_values(name: str) -> Sequence[str]:
    """Return the default of a parameter, and another value."""
    return list_choices().get(name) or [str(load()["Parameters"][name]["Default"]), "7"]


def test_emulator_makes_everything_that_a_set_has_on_this_machine() -> None:
    sets = [localize(each) for each in PARAMETERS]
    assert [each for each in sets if not is_taken(each)] == []
    for parameters, resources in zip(sets, list_resources(sets), strict=True):
        lacking = {name: each["Type"] for name, each in resources.items() if not is_emulated(each)}
        assert lacking == {}, parameters


def test_what_is_left_out_hangs_together_with_what_the_emulator_lacks() -> None:
    found = dict(zip((each.name for each in NAMED), list_left_out(PARAMETERS), strict=True))
    for name, left_out in found.items():
        for resource, lacking in find_reasons(left_out).items():
            assert lacking, f"{name}: {resource} is left out for no reason"
    assert {name for name, left_out in found.items() if left_out} == {
        *("prod", "address-limit", "careful-releases", "watched", "everything-on")
    }
    assert {each["Type"] for left_out in found.values() for each in left_out.values()} > {
        *("AWS::WAFv2::WebACLAssociation", "AWS::CodeDeploy::DeploymentGroup", "AWS::Budgets::Budget")
    }


def test_resource_that_could_be_made_here_is_not_left_out_silently() -> None:
    [left_out] = list_left_out([{"AddressRateLimit": "1000"}])
    assert left_out.keys() == {"WebAcl", "WebAclAssociation"}
    assert find_reasons(left_out) == {name: {"WebAclAssociation"} for name in left_out}
    del left_out["WebAclAssociation"]
    assert find_reasons(left_out) == {"WebAcl": set()}
    assert {"AWS::S3::Bucket", "AWS::WAFv2::WebACL"} < list_emulated_types()
