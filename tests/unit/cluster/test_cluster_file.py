"""Cluster files: what they mean, and the errors for wrong ones."""

from pathlib import Path

import pytest

from featray.cluster import cluster_file
from featray.errors import ClusterFileError

SHIPPED = Path(__file__).parents[3] / "clusters"


def complaint(folder: Path, text: str) -> str:
    path = folder / "lab.yaml"
    path.write_text(text)
    with pytest.raises(ClusterFileError) as caught:
        cluster_file.load(path)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(f"{folder}/", "")


def test_the_local_cluster_is_embedded() -> None:
    local = cluster_file.load(SHIPPED / "local.yaml")
    assert local.hosts == ()
    assert local.address is None
    assert local.head_host is None


@pytest.mark.parametrize(("name", "tool"), [("launcher", "ray up"), ("kuberay", "kubectl apply -f")])
def test_a_file_of_another_tool_is_named_with_its_tool(name: str, tool: str) -> None:
    path = SHIPPED / f"{name}.yaml"
    with pytest.raises(ClusterFileError) as caught:
        cluster_file.load(path)
    assert str(caught.value).startswith(f"{path} is for `{tool} {path}`, and no cluster file of featray's.")
    assert "address='HOST:6379'" in str(caught.value)


def test_the_lab_is_reached_at_its_head() -> None:
    lab = cluster_file.load(SHIPPED / "lab.yaml")
    assert lab.address == "192.0.2.10:6379"
    first, _, mac = lab.hosts
    assert (first.destination, first.interpreter, first.gpus) == (
        "lab@192.0.2.10",
        "/opt/featray/.venv/bin/python",
        None,
    )
    assert (mac.interpreter, mac.gpus, mac.labels) == ("/Users/lab/featray/.venv/bin/python", (), {"room": "office"})


def test_the_first_host_is_the_head_unless_another_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    hosts = "hosts: [{name: a, address: a.lab}, {name: b, address: b.lab, ssh: jump-b}]\n"
    path.write_text(hosts)
    assert cluster_file.load(path).address == "a.lab:6379"
    path.write_text(hosts + "head: b\nport: 7000\n")
    assert cluster_file.load(path).address == "b.lab:7000"
    assert cluster_file.load(path).hosts[1].destination == "jump-b"
    assert cluster_file.load(path).hosts[1].interpreter == "python3"


def test_an_unknown_key_gets_a_suggestion(tmp_path: Path) -> None:
    message = complaint(tmp_path, "hosts:\n- name: a\n  address: a.lab\n  usr: me\n")
    assert message.startswith("lab.yaml:4: hosts[0].usr: unknown key 'usr'; expected name, address, ssh, user")
    assert message.endswith("Did you mean 'user'?")


def test_two_hosts_of_one_name_are_refused(tmp_path: Path) -> None:
    message = complaint(tmp_path, "hosts:\n- {name: a, address: a1}\n- {name: a, address: a2}\n")
    assert message == "lab.yaml:3: hosts[1].name: two hosts have the name 'a'; expected distinct ones"


def test_two_hosts_at_one_address_are_refused(tmp_path: Path) -> None:
    assert "the address 'x'" in complaint(tmp_path, "hosts:\n- {name: a, address: x}\n- {name: b, address: x}\n")


def test_an_unknown_head_gets_a_suggestion(tmp_path: Path) -> None:
    message = complaint(tmp_path, "head: boxx\nhosts:\n- {name: box, address: a}\n")
    assert message == "lab.yaml:1: head: no host is called 'boxx'; expected box. Did you mean 'box'?"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("gpus: 2", "expected 'all' or a list of UUIDs"),
        ("gpus: [0]", "expected text, got 0; put it in quotes"),
        ("gpus: ['0']", "'0' is not a GPU's UUID"),
        ("gpus: [GPU-8f2d, GPU-8f2d]", "'GPU-8f2d' is listed twice"),
        ("python: p, venv: v", "python and venv say the same"),
        ("labels: {featray.gpu: x}", "set by featray or Ray"),
        ("labels: {room: 'two words'}", "Ray accepts up to 63 letters"),
        ("user: 'me; rm'", "'me; rm' cannot be a user"),
    ],
)
def test_what_a_host_cannot_be_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    assert message in complaint(tmp_path, f"hosts:\n- {{name: a, address: x, {entry}}}\n")


@pytest.mark.parametrize("name", ["../x", "a b", "''", "-a", "x" * 64])
def test_a_host_name_is_a_label(tmp_path: Path, name: str) -> None:
    assert "cannot be a name" in complaint(tmp_path, f"hosts:\n- {{name: {name}, address: x}}\n")


@pytest.mark.parametrize("port", ["0", "65536", "'6379'", "true"])
def test_a_port_is_a_port(tmp_path: Path, port: str) -> None:
    assert complaint(tmp_path, f"port: {port}").startswith("lab.yaml:1: port: expected ")


def test_a_port_is_not_one_of_rays_own(tmp_path: Path) -> None:
    assert "Ray's own processes use 18265" in complaint(tmp_path, "dashboard_port: 18265")


@pytest.mark.parametrize(
    "entry", ["address: -oX", "address: x, ssh: -G", "address: x, user: -l", "address: x, ssh: me@-oX"]
)
def test_what_ssh_would_take_for_an_option_is_refused(tmp_path: Path, entry: str) -> None:
    message = complaint(tmp_path, f"hosts:\n- {{name: a, {entry}}}\n")
    key = entry.split(", ")[-1].partition(":")[0]
    assert message.startswith(f"lab.yaml:2: hosts[0].{key}: '")
    assert "may not begin with '-'" in message


@pytest.mark.parametrize("entry", ["ssh: jump-b", "ssh: me@b.lab", "user: me-too", "ssh: me@corp@b"])
def test_a_dash_within_a_name_is_a_dash(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(f"hosts: [{{name: a, address: a-1.lab, {entry}}}]\n")
    assert cluster_file.load(path).hosts[0].address == "a-1.lab"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("~/v/bin/python", "-c", "print(1)"), "\"$HOME\"/v/bin/python -c 'print(1)'"),
        (("~/my v/python", "~"), "\"$HOME\"/'my v/python' '~'"),
        (("/opt/v/bin/python", "$(rm)"), "/opt/v/bin/python '$(rm)'"),
        (("~/$(rm)/python",), "\"$HOME\"/'$(rm)/python'"),
        (("python", "--at=~/x"), "python '--at=~/x'"),
    ],
)
def test_a_home_is_the_one_over_there_and_nothing_else_is_expanded(words: tuple[str, ...], line: str) -> None:
    assert cluster_file.command_line(words) == line


def test_an_address_is_its_own_head_and_a_file_names_its_head(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text("hosts: [{name: a, address: a.lab}]\n")
    assert cluster_file.head_address(None) is None
    assert cluster_file.head_address("10.0.0.5:6379") == "10.0.0.5:6379"
    assert cluster_file.head_address(str(path)) == "a.lab:6379"


def test_a_file_whose_ray_is_embedded_has_no_head_and_is_refused_where_one_must_run() -> None:
    local = str(SHIPPED / "local.yaml")
    assert cluster_file.head_address(local) is None
    with pytest.raises(ClusterFileError, match="names no hosts: its Ray is embedded"):
        cluster_file.head_address(local, must_run=True)


def test_a_host_may_have_a_price(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text("hosts: [{name: a, address: a.lab, price_per_hour: 1.5}, {name: b, address: b.lab}]\n")
    assert [host.price_per_hour for host in cluster_file.load(path).hosts] == [1.5, None]


@pytest.mark.parametrize("price", ["cheap", "-1", ".nan", "'2'"])
def test_a_price_that_is_no_number_of_0_or_more_is_refused_with_its_line(tmp_path: Path, price: str) -> None:
    message = complaint(tmp_path, f"hosts:\n- name: a\n  address: a.lab\n  price_per_hour: {price}\n")
    assert message.startswith("lab.yaml:4: hosts[0].price_per_hour: ")
