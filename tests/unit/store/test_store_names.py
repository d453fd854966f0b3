"""Store names: without secrets, and as unique as with them."""

import os

import pytest

from featray import store
from featray.errors import BadInput
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
        ("s3://user%3ASECRET%40bucket/x", "s3://bucket/x"),
        ("s3://bucket/x#secret_key=SECRET", "s3://bucket/x"),
        ("s3://bucket/x?region=eu#secret_key=SECRET", "s3://bucket/x"),
        ("s3://bucket/a%40b/c#1", "s3://bucket/a%40b/c#1"),
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


@pytest.mark.parametrize(
    ("address", "place", "variable"),
    [
        ("s3://AKIAKEY:H1D%2FDEN@bucket/lab/results", "before the '@'", "AWS_SECRET_ACCESS_KEY"),
        ("s3://H1DDEN@bucket/results", "before the '@'", "AWS_PROFILE"),
        ("s3://bucket/results?access_key=KEY&secret_key=H1DDEN", "option access_key, option secret_key", "AWS_PROFILE"),
        ("s3://bucket/results?endpoint_override=me%3AH1DDEN%40minio:9000", "option endpoint_override", "AWS_PROFILE"),
        ("s3://AKIAKEY%3AH1DDEN%40bucket/results", "before the '@'", "AWS_PROFILE"),
        ("s3://bucket/results#secret_key=H1DDEN", "after the '#'", "AWS_PROFILE"),
        ("gs://H1DDEN@bucket/results", "before the '@'", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("abfs://container:H1DDEN@account/a", "before the '@'", "AZURE_CLIENT_SECRET"),
        ("abfss://container@account/a?sas_token=H1DDEN", "option sas_token", "AZURE_CLIENT_SECRET"),
        ("hdfs://me:H1DDEN@name:8020/r", "before the '@'", "its service"),
        ("nonsense://h/r?new_option=H1DDEN", "option new_option", "its service"),
    ],
)
def test_an_address_with_credentials_is_refused_with_the_variables_to_use(
    address: str, place: str, variable: str
) -> None:
    with pytest.raises(BadInput, match=variable) as refusal:
        store.check_address(address)
    assert f"({place})" in str(refusal.value)
    assert "H1D" not in str(refusal.value)
    assert "AKIA" not in str(refusal.value)


@pytest.mark.parametrize(
    "address",
    [
        "results",
        "/lab/a:b@c?secret_key=x",
        "s3://bucket/results?region=us-east-1&endpoint_override=minio:9000&scheme=http",
        "s3://bucket/of@somebody",
        "s3://bucket/of%40somebody/run#2",
        "gs://anonymous@bucket/results",
        "abfs://container@account.dfs.core.windows.net/a?tenant_id=lab",
        "hdfs://me@name:8020/results",
        "s3://bucket/results?tls_ca_file_path=/lab/a@b.pem",
    ],
)
def test_an_address_without_credentials_is_taken(address: str) -> None:
    store.check_address(address)


def test_a_folder_whose_path_is_not_utf_8_is_refused() -> None:
    with pytest.raises(BadInput, match="the path of a store must be UTF-8; rename the folder, or name another with"):
        store.check_address(os.fsdecode(b"/data/d\xff/results"))
