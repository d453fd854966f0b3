"""Cluster: the hosts that featray makes one Ray cluster of.

Flow: clusters/*.yaml -> `cluster_file` -> `fleet` (every host over ssh) -> `membership` -> `nodes` (Ray on this one).
`heads` asks a running head; `token` keeps the secret that lets hosts in.
"""
