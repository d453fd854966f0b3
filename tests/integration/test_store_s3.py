"""The store on S3: what the unit tests promise of a local folder must hold here too.

The star imports below run the same tests again with this module's `results`, a bucket instead of a folder. Every test
of those modules takes `results`.
"""

import uuid
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs
from werkzeug.serving import WSGIRequestHandler

from featray import store
from featray.errors import NothingMatches, StoreError
from tests.support.builders import make_row
from tests.unit.store.test_appending import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_checkup import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_compaction import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_conditions import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_reading import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_removal import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_resuming import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_scanning import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_summary import *  # noqa: F403 - its tests run again here, on this module's `results`
from tests.unit.store.test_writing import *  # noqa: F403 - its tests run again here, on this module's `results`


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a local S3 server; give its host and port."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        started.start()
        host, port = started.get_host_and_port()
        yield f"{host}:{port}"
        started.stop()


def uri(server: str, bucket: str) -> str:
    return f"s3://{bucket}/lab/results?endpoint_override={server}&scheme=http&region=us-east-1"


@pytest.fixture
def results(server: str) -> str:
    """Make a new bucket and name a results folder in it."""
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    client = fs.S3FileSystem(endpoint_override=server, scheme="http", region="us-east-1", allow_bucket_creation=True)
    client.create_dir(bucket)
    return uri(server, bucket)


def test_a_bucket_that_does_not_exist_is_a_store_error(server: str) -> None:
    with pytest.raises(StoreError, match="cannot write s3://nowhere-at-all/lab/results/rows"):
        store.append(uri(server, "nowhere-at-all"), [make_row()])


def test_a_store_in_a_bucket_that_does_not_exist_is_not_called_empty(server: str, results: str) -> None:
    with pytest.raises(StoreError, match="s3://nowhere-at-all/lab/results/rows: there is no bucket 'nowhere-at-all'"):
        store.check_there(uri(server, "nowhere-at-all"))
    with pytest.raises(NothingMatches, match="/lab/results: there is no such store"):
        store.check_there(results)
    store.append(results, [make_row()])
    store.check_there(results)


def test_two_writers_in_one_bucket_see_each_others_rows(results: str) -> None:
    store.append(results, [make_row(invocation=1)])
    store.append(results, [make_row(invocation=2)])
    assert [row.invocation for row in store.read(results).rows] == [1, 2]


def test_a_small_file_is_stored_by_one_request(results: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[str] = []

    def note(handler: WSGIRequestHandler, *_: object) -> None:
        requests.append(handler.command)

    monkeypatch.setattr(WSGIRequestHandler, "log_request", note)
    store.append(results, [make_row(invocation=number) for number in range(1, 21)])
    assert requests == ["PUT"]
    store.append(results, [make_row(invocation=21)])
    assert requests == ["PUT", "PUT"]
