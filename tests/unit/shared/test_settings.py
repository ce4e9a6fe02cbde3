import pytest

from shared.settings import Settings


def test_variable_is_missed_when_it_is_needed_and_by_its_name() -> None:
    settings = Settings({"BUCKET": "b"})
    assert settings.bucket == "b"
    with pytest.raises(KeyError, match="IMAGES_TABLE"):
        _ = settings.images_table


@pytest.mark.parametrize("environ", [{}, {"PUBLIC_SHARDS": "", "PUBLIC_URL": "", "S3_PUBLIC_URL": ""}])
def test_empty_variable_is_as_good_as_none(environ: dict[str, str]) -> None:
    settings = Settings(environ)
    assert (settings.public_shards, settings.public_url, settings.s3_public_url) == (1, None, None)
    assert settings.allowed_origins == ["*"]
