"""A Ray cluster of several nodes on this machine, kept by a process of its own.

    python ray_nodes.py

Prints the head's address, then carries out each line of stdin and answers with one line:
    add NAME [GPU]     start a node of the host NAME, with the GPU of this UUID
    kill NAME [GPU]    kill a node's processes without telling the head

Everybody must send the caller's $RAY_AUTH_TOKEN: Ray listens on every address of the machine.
"""

import sys

from ray.cluster_utils import Cluster


def arguments(name: str, gpu: str | None = None) -> dict[str, object]:
    """Describe a node of the host `name`."""
    return {
        "num_cpus": 2,
        "num_gpus": 1 if gpu else 0,
        "labels": {"room": name} | ({"featray.gpu": gpu} if gpu else {}),
        "env_vars": {"FEATRAY_HOST_ID": name, "CUDA_VISIBLE_DEVICES": gpu or ""},
    }


def main() -> None:
    """Serve until stdin ends."""
    cluster = Cluster(initialize_head=True, head_node_args=arguments("front"), shutdown_at_exit=False)
    try:
        print(cluster.address, flush=True)
        nodes = {}
        for line in sys.stdin:
            action, name, *gpu = line.split()
            if action == "add":
                nodes[name, *gpu] = cluster.add_node(**arguments(name, *gpu))
            else:
                cluster.remove_node(nodes.pop((name, *gpu)), allow_graceful=False)
            print("done", flush=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
