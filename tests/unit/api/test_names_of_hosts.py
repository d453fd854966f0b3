"""A host whose id was given by $FEATRAY_HOST_ID is called by it wherever a host is named."""

from pathlib import Path

import pytest

import featray
from featray import store
from featray.analysis.comparison import selection
from featray.core import host_names
from featray.errors import NothingMatches
from featray.planning import fleet_plan, target_selection
from featray.sweep import Selector
from tests.support import plans
from tests.support.builders import SHELF, make_rows

POD = {"hostname": "worker-5f9c", "host_id": host_names.id_of("pod-7")}
ON_SHELF = {**SHELF, "target_id": "GPU-c0ffee", "gpu_uuid": "GPU-c0ffee"}


@pytest.fixture
def results(tmp_path: Path) -> str:
    """Have a store of a pod and of another host, and `lab.yaml` with the pod's price."""
    store.append(tmp_path / "r", [*make_rows([1.0] * 3, **POD), *make_rows([0.5] * 3, **ON_SHELF)])
    (tmp_path / "lab.yaml").write_text("hosts: [{name: pod-7, address: 192.0.2.1, price_per_hour: 3.6}]\n")
    return str(tmp_path / "r")


def test_rows_of_a_host_are_chosen_by_the_text_of_its_id(results: str) -> None:
    for name in ("pod-7", "worker-5f9c", str(POD["host_id"])):
        (recommended,) = featray.recommend(host=name, results=results)
        assert recommended.best.unit.row.hostname == "worker-5f9c"
        (share,) = featray.estimate(hours=1, host=name, results=results).estimate.shares
        assert share.forecast.unit.row.hostname == "worker-5f9c"
        assert {one.unit.row.hostname for one, _ in featray.history(host=name, results=results).series} == {
            "worker-5f9c"
        }
        assert {row.hostname for row in selection.select(store.read(results).rows, f"host={name}")} == {"worker-5f9c"}
    with pytest.raises(NothingMatches, match="pod-8"):
        featray.recommend(host="pod-8", results=results)


def test_a_price_is_that_of_the_host_of_this_id(results: str, tmp_path: Path) -> None:
    priced = featray.estimate(hours=1, cluster=tmp_path / "lab.yaml", results=results).estimate
    assert [share.price_per_hour for share in priced.shares] == [3.6]
    assert priced.unmeasured == ()
    (recommended,) = featray.recommend(cluster=tmp_path / "lab.yaml", prefer="cost", results=results)
    assert recommended.best.unit.row.hostname == "worker-5f9c"
    pod, other = plans.make_host("pod", **POD), plans.make_host("other")
    assert [fleet_plan.find_price(host, {"pod-7": 3.6}) for host in (pod, other)] == [3.6, None]


def test_a_sweep_picks_a_host_by_the_text_of_its_id() -> None:
    present = plans.make_inventory(plans.make_host("pod", **POD), plans.make_host("other"))
    (target,) = target_selection.select(present, Selector(host=("pod-7",)))
    assert target.host.hostname == "worker-5f9c"
    with pytest.raises(NothingMatches, match="no host matches 'pod-8'"):
        target_selection.select(present, Selector(host=("pod-8",)))
