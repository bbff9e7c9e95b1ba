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
# The many units of code that a crate is cut into are for building again after a change; building once is faster without.
export CARGO_PROFILE_DEV_CODEGEN_UNITS=1

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

# with_flags FLAGS: build our own crates with these, and those from outside without: where the stage `test` has built those, they
# are taken from there. After own_target.
with_flags() {
    export RUSTC_WORKSPACE_WRAPPER=$root/.ci/rustc SPRAT_CI_FLAGS=$1
    [ -e "$target/debug/.cargo-lock" ] && [ -e "$target/debug/.fingerprint" ] && [ ! -e "$CARGO_TARGET_DIR/debug" ] || return 0
    mkdir -p "$CARGO_TARGET_DIR/debug/deps"
    # Nobody builds there meanwhile: that is cargo's own lock.
    flock "$target/debug/.cargo-lock" bash -c 'cp -a "$1"/{.fingerprint,build} "$2/" &&
        find "$1/deps" \( -name "*.rlib" -o -name "*.rmeta" -o -name "*.so" \) -print0 | xargs -0r cp -al -t "$2/deps"' \
        bash "$target/debug" "$CARGO_TARGET_DIR/debug"
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

# test_program PACKAGE TARGET OPTIONS...: build the tests of a package's library (TARGET is `lib`) or of a file in its tests,
# and print where they are: who runs them again and again need not ask cargo each time.
test_program() {
    # A file with the workspace's choice of features, so that what was built with that is used again.
    local package=$1 target=$2 name=$2 built where=(--workspace --test "$2")
    shift 2
    [ "$target" != lib ] || { name=${package//-/_} where=(-p "$package" --lib); }
    built=$(cargo test --quiet --no-run --message-format=json "${where[@]}" "$@" | grep "#$package@" |
        grep -o "\"executable\":\"[^\"]*/$name-[0-9a-f]*\"" | cut -d'"' -f4 | tail -n 1) || true
    [ -x "$built" ] || fail "the tests of $package, $target, were not built"
    echo "$built"
}

# must_fail NAME PROGRAM FILTER: under this mutant a test of the program that FILTER names must fail. It was built with
# `--cfg sprat_mutants`. A test that never ends proves nothing, so it counts as a survivor.
must_fail() {
    local name=$1 program=$2 filter=$3 log status=0
    log=$(scratch)/log
    SPRAT_MUTANT=$name timeout 900 "$program" --quiet "$filter" >"$log" 2>&1 </dev/null || status=$?
    case $status in
    0 | 124)
        tail -n 20 "$log"
        echo "mutant $name SURVIVES: no test named '$filter' fails (status $status; 124: it did not end)"
        return 1
        ;;
    126 | 127)
        tail -n 20 "$log"
        echo "mutant $name: the tests do not start"
        return 1
        ;;
    *) echo "mutant $name caught by '$filter'" ;;
    esac
}
