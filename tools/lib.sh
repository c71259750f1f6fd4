# shellcheck shell=bash
# What the scripts share. Sourced, never run; the caller has set $root.

# Every Debian 12 package that building, testing and checking needs. The only
# list: tools/check and tools/quickstart install it, tools/check with what only
# it needs, which is large.
# shellcheck disable=SC2034  # the scripts that source this read it
packages=(
    # build
    gcc libc6-dev clang libclang-rt-14-dev cmake ninja-build pkg-config
    # the libraries sogoc stands on
    liblmdb-dev libuv1-dev libsodium-dev libmsgpack-dev libssl-dev
    libmicrohttpd-dev libjansson-dev libcurl4-openssl-dev libzstd-dev
    libutf8proc-dev libqrencode-dev
    # tests and checks
    libcmocka-dev clang-format-14 llvm-14 python3 shellcheck strace zstd
    python3-jsonschema python3-prometheus-client systemd zbar-tools
)
# shellcheck disable=SC2034
check_packages=(chromium dpkg-dev file lintian)

# shellcheck disable=SC2154  # the caller's
version=$(sed -n 's/^project(sogoc VERSION \([0-9.]*\).*/\1/p' \
    "$root/CMakeLists.txt")

# say WORDS: prints a heading.
say() {
    printf '\n== %s\n' "$*"
}

# die CODE WORDS: prints one line to stderr and ends the script.
die() {
    local code=$1
    shift
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit "$code"
}

# Prints the packages of the list that are not installed.
missing_packages() {
    local name status
    for name in "${packages[@]}"; do
        status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null) ||
            status=''
        [[ $status == ii* ]] || printf '%s\n' "$name"
    done
}

# Installs what is missing: as root, else by sudo without a password. Where
# neither is possible it prints the one line to type and ends with 3.
install_packages() {
    local -a missing get=(apt-get) line
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]})) || return 0
    line=(apt-get install -y --no-install-recommends "${missing[@]}")
    if [[ $(id -u) != 0 ]]; then
        if ! sudo -n true 2>/dev/null; then
            printf 'These packages are missing. As root, type:\n\n  %s\n\n' \
                "${line[*]}" >&2
            exit 3
        fi
        get=(sudo -n env DEBIAN_FRONTEND=noninteractive apt-get)
    fi
    export DEBIAN_FRONTEND=noninteractive
    printf 'installing: %s\n' "${missing[*]}"
    if ! { "${get[@]}" update -qq && "${get[@]}" install -y -qq \
        --no-install-recommends "${missing[@]}"; } </dev/null >/dev/null; then
        die 3 "apt-get failed; type: ${line[*]}"
    fi
}

# make_folder NAME: a new temporary folder, honouring TMPDIR.
make_folder() {
    mktemp -d "${TMPDIR:-/tmp}/sogoc-$1.XXXXXX"
}

# build_release FOLDER TARGET...: the release build, quietly unless it fails.
build_release() {
    local folder=$1 log
    shift
    mkdir -p "$folder" && log=$folder/build.log
    if ! { cmake -S "$root" -B "$folder" -G Ninja &&
        cmake --build "$folder" -j "$(nproc)" --target "$@"; } \
        >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        die 1 "the build failed"
    fi
}
