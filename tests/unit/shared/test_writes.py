"""Writes add up, and read as one update expression."""

from shared.writes import Write


def test_parts_add_up_to_one_expression() -> None:
    counted = Write(
        {"images": 2, "version": 1}, stamps={"reserved_at": 5}, conditions=["#a = :b"], values={"b": 1}
    )
    ended = Write(removed=["form_1", "form_2"], conditions=["attribute_exists(#form_1)"])

    whole = counted + ended

    assert (
        whole.expression
        == "ADD #images :images, #version :version SET #reserved_at = :reserved_at REMOVE #form_1, #form_2"
    )
    assert whole.expression_values == {"images": 2, "version": 1, "reserved_at": 5, "b": 1}
    assert whole.conditions == ["#a = :b", "attribute_exists(#form_1)"]


def test_amount_of_nothing_is_not_added() -> None:
    write = Write({"images": 0, "bytes": -7})

    assert write.expression == "ADD #bytes :bytes"
    assert write.expression_values == {"bytes": -7}


def test_later_part_replaces_the_value_of_an_earlier_one() -> None:
    whole = Write(stamps={"full_at": 1}) + Write(stamps={"full_at": 2})

    assert whole.expression == "SET #full_at = :full_at"
    assert whole.expression_values == {"full_at": 2}


def test_write_of_nothing_has_no_expression() -> None:
    assert not Write().expression
