"""Examples: command lines that show how each command is used, for the end of its help."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "init": (
        "featray init",
        "featray init lab --detector retinaface --device cuda",
        "featray init again --from report.md",
    ),
    "doctor": ("featray doctor", "featray doctor --json"),
    "fetch": ("featray fetch sweeps/mine.yaml",),
    "schema": ("featray schema", "featray schema cluster -o clusters/cluster.schema.json"),
    "submit": (
        "featray submit quickstart",
        "featray submit sweeps/mine.yaml --budget 30",
        "featray submit sweeps/mine.yaml --address clusters/lab.yaml --detach",
    ),
    "status": ("featray status", "featray status ID --watch --address clusters/lab.yaml"),
    "logs": ("featray logs ID --follow",),
    "cancel": ("featray cancel ID",),
    "dashboard": (
        "featray dashboard",
        "featray dashboard http://127.0.0.1:8266",
        "featray dashboard --grafana > featray.json",
    ),
    "plan": (
        "featray plan quickstart",
        "featray plan sweeps/mine.yaml --address clusters/lab.yaml",
        "featray plan sweeps/mine.yaml --fleet --inventory hosts.json --cluster clusters/lab.yaml",
    ),
    "report": (
        "featray report",
        "featray report mine --baseline before --format html --open",
        "featray report mine -o -",
        "featray report --all --open",
    ),
    "compare": (
        "featray compare before after",
        "featray compare mine --over batch_size",
        "featray compare before after --fail-if slower",
    ),
    "suggest": ("featray suggest mine -o sweeps", "featray suggest --history -o sweeps"),
    "history": ("featray history", "featray history --over version --html history.html"),
    "bisect": (
        "featray bisect 2.1.0 2.1.5 --sweep sweeps/mine.yaml",
        "featray bisect v2.1.0 main --sweep sweeps/mine.yaml --source ~/py-feat",
        "featray bisect 2.9.0 2.11.0 --package torch --sweep sweeps/mine.yaml",
    ),
    "recommend": ("featray recommend", "featray recommend --detector retinaface --memory-limit 8GB --python"),
    "estimate": (
        "featray estimate --hours 3000 --clip-minutes 10 --fps 25 --faces-per-frame 1.4 --detector retinaface",
        "featray estimate films --detector retinaface --cluster clusters/lab.yaml --deadline 3d --budget 200",
        "featray estimate films --detector retinaface --write plan",
    ),
    "measure": ("featray measure --sweep quickstart --cell CELL", "featray measure CELL.json"),
    "calibrate": ("featray calibrate", "featray calibrate --session"),
    "hosts": ("featray hosts", "featray hosts --address clusters/lab.yaml --check sweeps/mine.yaml"),
    "import": ("featray import 2026-05-14-c716340.md",),
    "export": ("featray export mine --to csv -o exported", "featray export --to github-action --baseline before"),
    "cluster start": ("featray cluster start clusters/lab.yaml", "featray cluster start --ip 192.0.2.10"),
    "cluster join": ("featray cluster join clusters/lab.yaml", "featray cluster join 192.0.2.10:6379"),
    "cluster stop": ("featray cluster stop clusters/lab.yaml",),
    "cluster status": ("featray cluster status clusters/lab.yaml",),
    "cluster token": ("featray cluster token | ssh HOST featray cluster join --token-stdin HEAD:6379",),
    "store ls": ("featray store ls", "featray store ls --sweep mine"),
    "store compact": ("featray store compact",),
    "store check": ("featray store check",),
    "store rm": ("featray store rm RUN",),
}
"""Command -> lines that can be typed; words in capitals stand for the user's own."""


def epilog(command: str, *more: str) -> str:
    """Write the end of a command's help; the first characters keep its lines."""
    lines = "\n".join(f"  {line}" for line in EXAMPLES[command])
    return "\n\n".join([f"\b\nExamples:\n{lines}", *more])
