"""Filesystems that fail at will, for a store's `Location`."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from featray.store.location import Location


class FailingFilesystem:
    """Raise errors at the first calls of one method; all other calls go to the real filesystem."""

    def __init__(self, real: Any, method: str, errors: Iterable[OSError]) -> None:
        self._real, self._method, self._errors = real, method, list(errors)

    def __getattr__(self, name: str) -> Any:
        real_method = getattr(self._real, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if self._errors:
                raise self._errors.pop(0)
            return real_method(*arguments, **options)

        return call if name == self._method else real_method


def make_failing(location: Location, method: str, *errors: OSError) -> Location:
    """Give a location a filesystem that raises errors at the first calls of one method."""
    return dataclasses.replace(location, filesystem=FailingFilesystem(location.filesystem, method, errors))
