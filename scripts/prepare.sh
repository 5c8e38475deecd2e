# Sourced by the other scripts: prepare test|ha|all runs scripts/setup, which ends with the script that asked for it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

prepare() {
    # In a process group of its own, so that downloads and compilers can be ended too.
    set -m
    "$root/scripts/setup" "$@" </dev/null &
    set +m
    trap 'kill -TERM -- "-$!" 2>/dev/null; wait "$!" || true; exit 130' INT
    trap 'kill -TERM -- "-$!" 2>/dev/null; wait "$!" || true; exit 143' TERM HUP
    wait "$!" || exit 1
    trap - INT TERM HUP
}
