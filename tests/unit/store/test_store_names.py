"""Names of stores: without secrets, and as unique as with them."""

import pytest

from featray import store
from featray.api.export import choose
from featray.cli import store as cli_store
from featray.errors import NothingMatches, StoreError
from featray.store import store_names
from featray.store import stored_files as places

SECRET = "s3://AKIAKEY:SEC%2FRET@bucket/lab/results"
CLOSED = "endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"  # nothing listens on port 9


@pytest.mark.parametrize(
    ("given", "shown"),
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
def test_a_store_is_shown_without_credentials(given: str, shown: str) -> None:
    assert store.shown(given) == shown


def test_a_full_name_has_no_secret_and_names_one_place_alike_for_everybody() -> None:
    options = "?secret_key=SECRET&region=us-east-1&endpoint_override=http://me:SECRET@minio:9000"
    name = store.full_name(SECRET + options)
    assert name == "s3://bucket/lab/results?region=us-east-1&endpoint_override=minio:9000"
    assert name == store.full_name("s3://OTHER:KEY@bucket/lab/results/" + options)
    assert name != store.full_name(SECRET + options.replace("9000", "9001"))
    assert store.full_name("abfs://a:SECRET@h/x") == "abfs://a@h/x" != store.full_name("abfs://b@h/x")
    assert store.full_name("results").endswith("/results")


def test_a_message_of_a_filesystem_loses_whatever_is_secret_in_it() -> None:
    text = "cannot parse s3://AKIAKEY:SEC%2FRET@bucket/lab/results?token=T0KEN: SEC/RET of AKIAKEY, T0KEN"
    said = store_names.censored(text, SECRET + "?token=T0KEN")
    assert said == "cannot parse s3://bucket/lab/results: ... of ..., ..."


@pytest.mark.parametrize("results", ["nfs9://user:SECRET@host/r?key=SECRET", "s3://KEY:SEC RET@bu cket/r?key=SECRET"])
def test_a_uri_that_nothing_opens_keeps_its_secrets(results: str) -> None:
    with pytest.raises(StoreError) as caught:
        places.at(results)
    assert "SEC" not in str(caught.value)


def test_a_store_that_cannot_be_reached_keeps_its_secrets() -> None:
    results = f"{SECRET}?{CLOSED}"
    with pytest.raises(StoreError, match="s3://bucket/lab/results/rows") as caught:
        store.read(results)
    assert "SEC" not in str(caught.value)


def test_an_export_of_nothing_keeps_the_secrets_of_the_store() -> None:
    with pytest.raises(NothingMatches, match=r"^mock://host/results: no rows; none exists$"):
        choose("mock://user:SECRET@host/results?key=SECRET")


def test_the_listing_of_an_empty_store_keeps_its_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    cli_store.list_runs("mock://user:SECRET@host/results")
    assert capsys.readouterr().err.startswith("mock://host/results: no rows yet")
