# What the stages share. Each stage sources it first: it goes to the top of the workspace and sets
#   root    the workspace
#   target  its build folder; a stage with flags of its own builds under $target/ci-NAME
#   host    the triple of this machine
# shellcheck shell=bash disable=SC2034
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
host=$(rustc -vV | sed -n 's/^host: //p')
cd "$root"
# Nothing is built twice here, so what cargo keeps to build faster the next time only fills the disk.
export CARGO_TARGET_DIR=$target CARGO_INCREMENTAL=0
# Nobody debugs here, and linking is faster without; a backtrace still names its functions.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_RELEASE_DEBUG=0

# Exit status of a stage after which the others are pointless.
readonly STOP=99

# step COMMAND...: say it, do it.
step() {
    echo "+ $*"
    "$@"
}

# fail TEXT: end the stage as failed.
fail() {
    echo "failed: $*" >&2
    exit 1
}

# skip REASON COMMAND: end the stage as skipped; COMMAND is what proves it elsewhere.
skip() {
    echo "skipped: $1; to prove it elsewhere: $2"
    exit 0
}

# scratch: print a new folder that goes away with the run.
scratch() {
    mktemp -d "${SPRAT_CI_TMP:-${TMPDIR:-/tmp}}/sprat-ci.XXXXXX"
}

# own_target NAME: build under a folder of this stage's own. It goes when the stage ends, since together they fill a
# disk; with SPRAT_CI_KEEP=1 it stays, for who runs one stage again and again.
own_target() {
    export CARGO_TARGET_DIR=$target/ci-$1
    [ -n "${SPRAT_CI_KEEP:-}" ] || trap 'rm -rf "$CARGO_TARGET_DIR"' EXIT
}

# need_apt PACKAGE...: install what is absent; the package lists are fetched once a run.
need_apt() (
    # Stages run beside each other, and apt-get waits for nobody.
    [ -z "${SPRAT_CI_TMP:-}" ] || { exec 7>"$SPRAT_CI_TMP/apt" && flock 7; }
    absent=() fetched=${SPRAT_CI_TMP:-/nonexistent}/apt-lists-fetched
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == *"ok installed" ]] || absent+=("$package")
    done
    [ ${#absent[@]} -gt 0 ] || exit 0
    command -v apt-get >/dev/null || fail "needs ${absent[*]}, and there is no apt-get here to install it"
    if [ ! -e "$fetched" ]; then
        step apt-get update -q
        [ -z "${SPRAT_CI_TMP:-}" ] || touch "$fetched"
    fi
    DEBIAN_FRONTEND=noninteractive step apt-get install -q -y --no-install-recommends "${absent[@]}"
)

# need_command COMMAND PACKAGE...: the same, for machines that have the command from elsewhere.
need_command() {
    command -v "$1" >/dev/null || need_apt "${@:2}"
}

# mutants_in LIST: its lines without comments and blanks.
mutants_in() {
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"
}

# must_fail NAME CARGO_TEST_ARGUMENTS... -- FILTER: under this mutant a test that FILTER names must fail. What is built has
# `--cfg sprat_mutants`, and is built already. A test that never ends proves nothing, so it counts as a survivor.
must_fail() {
    local name=$1 log status=0
    shift
    log=$(scratch)/log
    SPRAT_MUTANT=$name timeout 900 cargo test --quiet "$@" >"$log" 2>&1 </dev/null || status=$?
    case $status in
    0 | 124)
        tail -n 20 "$log"
        echo "mutant $name SURVIVES: no test named '${*: -1}' fails (status $status; 124: it did not end)"
        return 1
        ;;
    *) echo "mutant $name caught by '${*: -1}'" ;;
    esac
}
