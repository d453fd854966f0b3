"""Cluster: the hosts that featray makes one Ray cluster of.

Flow: clusters/*.yaml -> `cluster_file` -> `fleet` (every host over ssh) -> `membership` -> `nodes` (Ray on this one).

    cluster_file     the hosts, and how to reach each
    fleet            all hosts of a file, started, joined and stopped together
    membership       what this machine is in a cluster, and whether the head accepts its versions
    start_hook       what a Ray that featray starts leaves out
    ports            those of a head are free
    nodes            this machine's raylets, started and ended
    raylet_records   which of them run, for later commands
    heads            what a running head reports
    token            the secret that lets hosts and drivers in
    login            a link that logs a browser into the dashboard
"""
