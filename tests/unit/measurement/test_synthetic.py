"""Where synthetic weights lie."""

from pathlib import Path

from featray.measurement import provenance, synthetic


def test_weights_of_another_py_feat_or_seed_lie_elsewhere() -> None:
    cache = Path("/cache")
    version = provenance.read_version("py-feat")
    assert synthetic.folder(cache) == Path(f"/cache/synthetic/generator1-pyfeat{version}-seed0")
    assert synthetic.folder(cache, 7) != synthetic.folder(cache)
