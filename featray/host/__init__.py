"""Host: what featray does on the machine that measures, between the driver and the measuring child.

Flow: a backend -> `supervisor` -> `child` -> `measurement`; each row is in the `spool` before the next cell starts.

    supervisor, child, lease, lockfile, cgroup   one invocation at a time, ended whatever happens
    environments, venvs                          the interpreter and variables that a child gets
    spool                                        rows on disk until the store has them
    clips                                        what a media file holds, and shorter copies of it
    probe, checkout                              what this machine is, and which featray runs
"""
