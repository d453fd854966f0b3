"""Package version: one release, commit or file of a package that can be installed beside others.

Flow: `running.versions` -> `PackageVersion` -> `running.bisection`, `rendering`. Pure.
"""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackageVersion:
    """A version as people name it, and what uv installs for it."""

    name: str  # `2.1.3`, or the short hash of a commit
    requirement: str  # in pip's words
    note: str | None = None  # subject and day of a commit
