"""Store names: without secrets, and as unique as with them."""

import pytest

from featray import store
from featray.store import store_names

SECRET = "s3://AKIAKEY:SEC%2FRET@bucket/lab/results"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("results", "results"),
        ("/lab/a@b", "/lab/a@b"),
        ("s3://bucket/results/", "s3://bucket/results"),
        (SECRET, "s3://bucket/lab/results"),
        ("s3://AKIAKEY:SEC/RET+x@bucket/lab", "s3://bucket/lab"),
        ("s3://bucket/of@somebody?region=eu&secret_key=SECRET", "s3://bucket/of@somebody"),
        ("hdfs://name:8020/of@somebody", "hdfs://name:8020/of@somebody"),
        ("abfs://container:SECRET@account.dfs.core.windows.net/a", "abfs://container@account.dfs.core.windows.net/a"),
        ("abfs://:SECRET@account.blob.core.windows.net/c/a", "abfs://account.blob.core.windows.net/c/a"),
        ("nonsense://user:SECRET@", "nonsense:"),
    ],
)
def test_a_display_name_has_no_credentials(given: str, name: str) -> None:
    assert store.display_name(given) == name


def test_a_full_name_has_no_secret_and_is_the_same_for_everybody_who_uses_the_store() -> None:
    options = "?secret_key=SECRET&region=us-east-1&endpoint_override=http://me:SECRET@minio:9000"
    name = store.full_name(SECRET + options)
    assert name == "s3://bucket/lab/results?region=us-east-1&endpoint_override=minio:9000"
    assert name == store.full_name("s3://OTHER:KEY@bucket/lab/results/" + options)
    assert name != store.full_name(SECRET + options.replace("9000", "9001"))
    assert store.full_name("abfs://a:SECRET@h/x") == "abfs://a@h/x" != store.full_name("abfs://b@h/x")
    assert store.full_name("results").endswith("/results")


def test_a_filesystems_message_loses_its_secrets() -> None:
    text = "cannot parse s3://AKIAKEY:SEC%2FRET@bucket/lab/results?token=T0KEN: SEC/RET of AKIAKEY, T0KEN"
    message = store_names.hide_secrets(text, SECRET + "?token=T0KEN")
    assert message == "cannot parse s3://bucket/lab/results: ... of ..., ..."
