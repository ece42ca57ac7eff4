# Set-up that the scripts share: source it, then ask for what is needed. Asking twice is quick.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1

say() { printf '\n== %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

need_swift() {
    command -v swift >/dev/null 2>&1 ||
        fail "Swift 6.2 or newer is needed and 'swift' is not on PATH. See https://www.swift.org/install."
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    read -r major minor <<<"${version:-0 0}"
    if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
        fail "Swift 6.2 or newer is needed; this is $major.$minor."
    fi
}

# Debian's packages that are missing are installed; on other systems it says which libraries are needed.
need_packages() {
    local missing=() package
    if ! command -v dpkg-query >/dev/null 2>&1; then
        for package in sqlite3 rdkafka libcurl zlib; do
            pkg-config --exists "$package" 2>/dev/null ||
                fail "This script installs what it needs on Debian and Ubuntu only. Elsewhere install the development" \
                    "files of SQLite, librdkafka, libcurl and zlib, and pkg-config, with your own package manager."
        done
        return 0
    fi
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "Install these packages as root first: ${missing[*]}"
        sudo=(sudo)
    fi
    say "Installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # Another installation may be under way.
    local get=("${sudo[@]}" apt-get -qq -o DPkg::Lock::Timeout=300)
    "${get[@]}" update >&2 || fail "'apt-get update' failed; is a package mirror reachable?"
    "${get[@]}" install -y --no-install-recommends "${missing[@]}" >&2 ||
        fail "These packages could not be installed: ${missing[*]}"
}

# A Python of its own with packages of other people, in DIRECTORY/venv; made once, and again when the list has changed.
#   need_python DIRECTORY PACKAGE...
need_python() {
    local directory=$1 packages="${*:2}"
    mkdir -p "$directory"
    # Tests that run side by side ask at the same time. What is started later must not inherit the lock.
    exec 9>"$directory/lock"
    flock 9
    if [ "$(cat "$directory/ready" 2>/dev/null)" != "$packages" ]; then
        python3 -c 'import ensurepip' 2>/dev/null || need_packages python3 python3-venv
        say "Setting up $packages in ${directory#"$root/"}"
        { python3 -m venv "$directory/venv" &&
            "$directory/venv/bin/python" -m pip install --quiet --disable-pip-version-check "${@:2}"; } \
            >"$directory/set-up.log" 2>&1 || fail "Python could not install $packages. Log: $directory/set-up.log"
        echo "$packages" >"$directory/ready"
    fi
    exec 9>&-
}

libraries=(pkg-config libsqlite3-dev librdkafka-dev libcurl4-openssl-dev zlib1g-dev)
