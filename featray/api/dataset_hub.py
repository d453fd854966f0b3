"""Dataset hub: what a dataset of the hub has already, and one commit with our files.

Flow: `export_dataset` -> `open_dataset` -> `HubDataset.read`, `HubDataset.upload`. Only here is the hub changed.
"""

import dataclasses
import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from featray.core.argument_names import argument
from featray.errors import BackendError, BadInput


@dataclasses.dataclass(frozen=True, kw_only=True)
class HubDataset:
    """A dataset at one commit."""

    api: Any
    name: str
    commit: str | None
    files: Collection[str]

    def read(self, file: str) -> str | None:
        """Download a text file; None where there is none.

        Raises:
            BackendError: the hub cannot be reached, or refuses.
        """
        if file not in self.files:
            return None
        with tempfile.TemporaryDirectory() as folder:
            try:
                path = self.api.hf_hub_download(
                    self.name, file, repo_type="dataset", revision=self.commit, local_dir=folder
                )
            except _failures() as wrong:
                raise _refused(self.name, wrong) from wrong
            return Path(path).read_text(encoding="utf-8")

    def upload(self, files: Mapping[str, bytes], message: str) -> str:
        """Add files in one commit; return its address.

        Raises:
            BackendError: the hub cannot be reached, or refuses, or somebody else changed the dataset meanwhile.
        """
        import huggingface_hub

        operations = [
            huggingface_hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=content)
            for name, content in files.items()
        ]
        try:
            done = self.api.create_commit(
                self.name, operations, commit_message=message, repo_type="dataset", parent_commit=self.commit
            )
        except _failures() as wrong:
            raise _refused(self.name, wrong) from wrong
        return str(done.commit_url)


def open_dataset(name: str) -> HubDataset:
    """Find a dataset of the hub that `HF_ENDPOINT` names, by default Hugging Face's.

    Raises:
        BadInput: huggingface_hub is not installed.
        BackendError: there is no such dataset, or the hub cannot be reached.
    """
    try:
        import huggingface_hub
    except ModuleNotFoundError as absent:
        raise BadInput(
            f"{argument('upload')} needs huggingface_hub: python3 -m pip install huggingface_hub"
        ) from absent
    api = huggingface_hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    try:
        found = _ask(api, name)
    except _failures() as wrong:
        raise _refused(name, wrong) from wrong
    return HubDataset(
        api=api, name=name, commit=found.sha, files=frozenset(file.rfilename for file in found.siblings or ())
    )


def _ask(api: Any, name: str) -> Any:
    try:
        return api.dataset_info(name)
    except (LookupError, TypeError) as wrong:  # JSON of something else, such as a proxy
        raise ValueError("no answer of a hub, but of something else") from wrong


def _failures() -> tuple[type[Exception], ...]:
    """List what huggingface_hub raises: a name that cannot be, an answer of the hub, or that of its HTTP library."""
    import huggingface_hub

    # httpx, httpx2 or requests, by version: an unreachable hub raises the library's own error, which is no OSError.
    http_errors = huggingface_hub.errors.HfHubHTTPError.__bases__
    return (OSError, ValueError, *http_errors)


def _refused(name: str, wrong: Exception) -> BackendError:
    reason = (str(wrong).strip() or type(wrong).__name__).splitlines()[0].rstrip(".")
    return BackendError(f"dataset {name}: {reason}. {_remedy(name, wrong)}")


def _remedy(name: str, wrong: Exception) -> str:
    import huggingface_hub

    if "/" not in name or isinstance(wrong, huggingface_hub.errors.HFValidationError):
        return "Name the dataset as OWNER/NAME, such as lab/speed"
    response = getattr(wrong, "response", None)
    if response is None:  # no hub answered
        endpoint = os.environ.get("HF_ENDPOINT")
        return f"Check the network{f' and HF_ENDPOINT ({endpoint})' if endpoint else ''}, then start the command again"
    if response.status_code >= 500:
        return "Start the command again later"
    return "Make the dataset at the hub first, and set HF_TOKEN to a token that may write to it"
