#!/usr/bin/env bash
# What was only simulated, measured on a real GPU: acceptance.sh OUT WHEELS
#
# OUT gets rows, report, table and log; WHEELS is the folder that bring_wheels.py has filled. The work lies in
# $FEATRAY_ACCEPTANCE (default /tmp/featray-acceptance): a rerun there goes on where the last one stopped.
# REHEARSAL=1 puts the CPU in the GPU's place, with fewer frames. LIMITS=N multiplies the limit of every step.
# MORE=1 adds what takes longer: MPS, five films beside their estimate, and a compiled network.
# PYTHON is the interpreter that has torch (default python3). Exit code 1: a step failed or ran out of time.
set -uo pipefail

OUT=$(realpath -m "$1") WHEELS=$(realpath -m "$2")
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
WORK=${FEATRAY_ACCEPTANCE:-/tmp/featray-acceptance}
LIMITS=${LIMITS:-1} REHEARSAL=${REHEARSAL:-} MORE=${MORE:-} PYTHON=${PYTHON:-python3}
mkdir -p "$OUT" "$WORK/done" "$WORK/kept"
exec > >(tee -a "$WORK/kept/log.txt") 2>&1

PY=$WORK/venv/bin/python RESULTS=$WORK/results
export FEATRAY_CACHE=$WORK/cache FEATRAY_TEST_CACHE=$WORK/cache FEATRAY_LEASES=$WORK/leases
export FEATRAY_ACCEPTANCE_OUT=$WORK/kept FEATRAY_GPU_REHEARSAL=$REHEARSAL HF_HUB_OFFLINE=1 COLUMNS=140
failed=0

# Copy what there is to OUT, also when this script is stopped.
keep() {
    cp -f "$WORK"/kept/* "$OUT"/ 2>/dev/null
    [ -d "$RESULTS/rows" ] && tar -czf "$OUT/results.tgz" -C "$RESULTS" .
}
trap keep EXIT

# step NAME SECONDS SIGNAL FUNCTION...: run a step once, for at most so long, then end it with a signal.
# TERM ends a submit as Ctrl-C does, and INT lets pytest write its report. The trap makes bash wait until they have ended.
step() {
    local name=$1 limit=$(($2 * LIMITS)) signal=$3 begun=$SECONDS
    shift 3
    if [ -e "$WORK/done/$name" ]; then echo "== $name: done before"; return; fi
    echo "== $name, at most $limit s"
    timeout --signal="$signal" --kill-after=20 "$limit" bash -c "trap : $signal; $*"
    local code=$?
    echo "== $name: exit code $code after $((SECONDS - begun)) s"
    if [ $code -eq 0 ]; then touch "$WORK/done/$name"; else failed=1; fi
    keep
}

# An environment of its own: the wheels, what $PYTHON has, and this checkout. No site folder of the machine is changed.
environment() {
    "$PYTHON" -m venv --without-pip "$WORK/venv" || return
    local site
    site=$("$PY" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    { echo "$ROOT"; "$PYTHON" -c 'import sys; print("\n".join(p for p in sys.path if p.endswith("-packages")))'; } \
        > "$site/featray-acceptance.pth"
    "$PYTHON" -m pip install --quiet --no-index --no-deps --no-compile --upgrade --disable-pip-version-check \
        --root-user-action=ignore --target "$site" "$WHEELS"/*.whl || return
    "$PY" -m compileall -q -j 0 "$site" || return
    "$PY" -m featray hosts
}

# sweep NAME: print the path of a sweep; in a rehearsal that of a copy for the CPU.
sweep() {
    local file=$ROOT/tests/gpu/sweeps/$1.yaml
    if [ -z "$REHEARSAL" ]; then echo "$file"; return; fi
    sed -e 's/device: cuda/device: cpu/' -e 's/like: short}/like: short, skip_frames: 36}/' \
        -e 's/like: multi-face[^}]*}/like: multi-face, copies: 1}/' \
        -e 's/batch_size: \[.*\]/batch_size: [2]/' -e 's/batch_size: 16/batch_size: 2/' \
        -e 's/processes: \[.*\]/processes: [1, 2]/' \
        -e 's/repeats: 3/repeats: 2/' -e 's/warmup: 3/warmup: 1/' \
        -e '/^exclude/d' -e '/^mps_daemon/d' "$file" > "$WORK/$1.yaml"
    echo "$WORK/$1.yaml"
}

# measure SWEEP MINUTES [OPTION...]
measure() {
    local name=$1 minutes=$2
    shift 2
    "$PY" -m featray submit "$(sweep "$name")" --backend inline --results "$RESULTS" --budget "$minutes" "$@"
}

# A batch that finds no memory is what is wanted here, and makes the submit end with exit code 1.
memory() {
    measure gpu-memory "$1" && return
    [ $? -eq 1 ] && "$PY" - "$RESULTS" <<'EOF'
import sys
from featray import store
sys.exit(0 if any(row.status == "oom" for row in store.read(sys.argv[1], sweep="gpu-memory").rows) else 1)
EOF
}

# runs SWEEP: print the ids of its runs, the oldest first.
runs() {
    "$PY" - "$RESULTS" "$1" <<'EOF'
import sys
from featray import store
print(*sorted({row.run_id for row in store.read(sys.argv[1], sweep=sys.argv[2]).rows}), sep="\n")
EOF
}

# The same cell in two runs. A run that was cut short is completed, not begun again.
same() {
    measure gpu-same "$1" || return
    [ "$(runs gpu-same | wc -l)" -ge 2 ] || measure gpu-same "$1" --rerun || return
    "$PY" -m featray compare $(runs gpu-same) --results "$RESULTS" | tee "$WORK/kept/same.txt"
}

# One network in two precisions: speed and results.
precision() {
    measure gpu-precision "$1" && compare gpu-precision amp precision
}

# Where there is no compiler that cell fails, and the other counts.
compiled() {
    measure gpu-compiled "$1"
    [ $? -le 1 ] && compare gpu-compiled compile compiled
}

# Processes side by side, compared with one alone.
processes() {
    measure gpu-processes "$1" && compare gpu-processes processes processes
}

mps() {
    measure gpu-mps "$1" && compare gpu-mps processes mps
}

# Five films beside their estimate, which goes by what the other steps have measured.
films() {
    cd "$ROOT" && "$PY" -m tests.gpu.films "$RESULTS" "$WORK/films" | tee "$WORK/kept/films.txt"
}

# compare SWEEP KEYS FILE: compare the cells of a sweep over keys, and keep that as FILE.txt.
compare() {
    "$PY" -m featray compare "$1" --over "$2" --results "$RESULTS" > "$WORK/kept/$3.txt" && cat "$WORK/kept/$3.txt"
}

# The report is made here: a submit that was cut short writes none.
table() {
    "$PY" -m featray report gpu-speed --results "$RESULTS" -o "$WORK/kept/report.md" > "$WORK/report.txt"
    "$PY" "$ROOT/tests/gpu/summary.py" "$RESULTS" "$WORK/kept/checks.xml" | tee "$WORK/kept/table.md"
}

checks() {
    cd "$ROOT" && PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 "$PY" -m pytest -m gpu -q -rs -W default \
        tests/gpu/test_{gpu_of_this_machine,recorded_trace,timing,killed_child,real_detectors}.py \
        -p pytest_timeout -p no:cacheprovider -o junit_family=xunit1 --junitxml "$WORK/kept/checks.xml"
}

export -f environment sweep measure memory runs same precision compiled processes mps films compare table checks
export OUT WHEELS ROOT WORK LIMITS REHEARSAL PYTHON PY RESULTS

minutes() { awk "BEGIN {print $1 * $LIMITS / 60}"; }

step environment 30 TERM environment
step checks 180 INT checks
step speed 130 TERM measure gpu-speed "$(minutes 110)"
step processes 50 TERM processes "$(minutes 35)"
step precision 45 TERM precision "$(minutes 30)"
step memory 60 TERM memory "$(minutes 45)"
step same 50 TERM same "$(minutes 15)"
if [ -n "$MORE" ]; then
    step mps 65 TERM mps "$(minutes 45)"
    step films 60 TERM films
    step compiled 90 TERM compiled "$(minutes 70)"
fi
rm -f "$WORK/done/table"
step table 10 TERM table
exit $failed
