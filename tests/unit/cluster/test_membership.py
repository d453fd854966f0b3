"""What this machine is in a cluster, and which versions are refused before anything starts."""

import pytest

from featray.cluster import membership
from featray.cluster.cluster_file import Member
from featray.errors import BackendError, BadInput


def test_options_are_checked_like_a_cluster_file() -> None:
    member = membership.describe_this_machine(ip=None, name=None, gpus="GPU-aaaa,GPU-bbbb", labels=["room=lab"])
    assert (member.gpus, member.labels) == (("GPU-aaaa", "GPU-bbbb"), {"room": "lab"})
    assert membership.describe_this_machine(ip="a", name="n", gpus="none", labels=[]).gpus == ()
    assert membership.describe_this_machine(ip="a", name="n", gpus="all", labels=[]).gpus is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gpus": "0"}, "--gpus: '0' is not a GPU's UUID"),
        ({"labels": ["room"]}, "--label: label 'room='"),
        ({"ip": "a b"}, "--ip: "),
        ({"name": "../x"}, "--name: '../x' cannot be a name"),
    ],
)
def test_a_wrong_option_is_named_as_it_was_written(options: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        membership.describe_this_machine(**({"ip": "a", "name": "n", "gpus": "none", "labels": []} | options))  # type: ignore[arg-type]  # options of many types
    assert str(caught.value).startswith(message)


def test_no_cluster_starts_with_authentication_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    member = membership.describe_this_machine(ip="10.0.0.1", name="a", gpus="none", labels=[])
    with pytest.raises(BadInput, match="unset RAY_AUTH_MODE"):
        membership.start_raylets(member, "10.0.0.1:6379", say=print)


def test_a_host_that_would_be_refused_is_named_with_the_command_that_helps() -> None:
    member = Member(name="one", address="10.0.0.1", venv="/opt/v")
    wanted = {"python": "3.11.7", "ray": "2.60.0", "featray": "0.1.0"}
    assert membership.version_problem(member, wanted, wanted) is None
    assert membership.version_problem(member, {"python": "3.11.7", "ray": "2.59.0"}, wanted) == (
        "one would be refused: it has ray 2.59.0, featray not installed; the cluster needs ray 2.60.0, featray 0.1.0"
        "; there: /opt/v/bin/python -m pip install ray==2.60.0, and the same featray checkout or wheel as the driver's"
    )
    assert membership.version_problem(member, wanted | {"featray": "0.0.9"}, wanted) == (
        "one would be refused: it has featray 0.0.9; the cluster needs featray 0.1.0"
        "; there: /opt/v/bin/python -m pip install the same featray checkout or wheel as the driver's"
    )
    assert membership.version_problem(member, wanted | {"python": "3.11.8"}, wanted) == (
        "one would be refused: it has python 3.11.8; the cluster needs python 3.11.7"
    )


def test_versions_that_a_head_does_not_report_are_called_unknown() -> None:
    member = Member(name="one", address="10.0.0.1", python="/py")
    own = membership.own_versions()
    messages: list[str] = []
    membership.check_versions(member, "10.0.0.9:6379", own, messages.append)
    assert messages == []
    membership.check_versions(member, "10.0.0.9:6379", {"ray": own["ray"], "python": own["python"]}, messages.append)
    assert messages == [
        f"10.0.0.9:6379 does not report its featray version; one has featray {own['featray']} and needs the head's"
    ]
    with pytest.raises(BackendError, match=r"one would be refused: .* needs ray 2\.1\.0"):
        membership.check_versions(member, "10.0.0.9:6379", own | {"ray": "2.1.0"}, messages.append)
