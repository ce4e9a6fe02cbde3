from shared.observability import hash_user


def test_hash_of_a_user_depends_on_the_key_and_the_name() -> None:
    hashes = {hash_user(user, key) for user in ("ann", "ben") for key in (b"1", b"2")}
    assert len(hashes) == 4
    assert {len(found) for found in hashes} == {16}
