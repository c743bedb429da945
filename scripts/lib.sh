# shellcheck shell=bash
# What the scripts share: where the checkout is, which toolchain it asks for, and how a script speaks. Sourced, never run;
# no step of any script lives here.

# shellcheck disable=SC2034 # The variables are for the scripts that source this file.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$(basename "$0")
# Tools that are not cargo's or rustup's business are kept outside the checkout, so that `git clean` costs no download.
cache=${XDG_CACHE_HOME:-${HOME:-$root/target}/.cache}/stylus-kit
yyjson_version=4.0.6
yyjson_sha256=fcd4dc15c1e39a30bf9fa85d56903029111506860fc3080ab0d81c6c6dacaa8c
shellcheck_version=0.11.0.1
z3_version=5.4.1.0
# The clients that the devnet is tested against.
cargo_stylus_version=0.10.10
foundry_version=1.7.1
# The allocator's name on the registry, where mini-alloc is Offchain Labs'.
registry_name=stylus-alloc

# A shell that has not read rustup's profile yet, as in a container or right after the installation, lacks this folder.
PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin

# What prints SHA-256 checksums in the form that its `--check` reads, on systems with and without GNU's tools.
sha256=(sha256sum)
command -v sha256sum >/dev/null || sha256=(shasum -a 256)

# Standard output belongs to results; everything said on the way goes to standard error.
say() { printf '%s: %s\n' "$script" "$*" >&2; }
die() { printf '%s: error: %s\n' "$script" "$*" >&2; exit 1; }

# The value of one key of rust-toolchain.toml, the only place where they are written; the items of a list, a line each.
pinned() {
    local value
    value=$(sed -n "s/^$1 *= *\\([^#]*\\).*/\\1/p" "$root/rust-toolchain.toml" | tr -d '[]" ' | tr ',' '\n')
    [[ -n $value ]] || die "rust-toolchain.toml has no line '$1 = …'"
    printf '%s\n' "$value"
}

# The lowest Rust that the allocator supports, as its manifest states it; `1.71` there means 1.71.0, its first release.
msrv() {
    local version
    version=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' "$root/allocator/Cargo.toml")
    [[ -n $version ]] || die "allocator/Cargo.toml states no rust-version"
    [[ $version == *.*.* ]] || version=$version.0
    printf '%s\n' "$version"
}

# Whether rustup has the toolchain $1.
has_toolchain() {
    local installed
    # Not a pipe into grep, which may stop reading early and have rustup complain.
    installed=$(rustup toolchain list)
    grep -q -E "^$1(-| |\$)" <<<"$installed"
}

# Whether rustup has the toolchain $1 with every target that rust-toolchain.toml pins.
has_targets() {
    local installed wanted target
    has_toolchain "$1" || return
    installed=$(rustup target list --toolchain "$1" --installed)
    wanted=$(pinned targets)
    for target in $wanted; do
        grep -q -x "$target" <<<"$installed" || return
    done
}

# Where shellcheck is: the system's, or the copy in the cache; fails where there is none.
find_shellcheck() { PATH=$PATH:$cache/shellcheck-$shellcheck_version/bin command -v shellcheck; }

# Whether there is a Miri.
has_miri() {
    local installed
    has_toolchain nightly || return
    installed=$(rustup component list --toolchain nightly --installed)
    grep -q '^miri' <<<"$installed"
}

# Where the program $1 of a Debian package is: the system's, or the copy in the cache; fails where there is none.
find_debian() { PATH=$PATH:$cache/bin command -v "$1"; }

# Where the devnet's clients are; fails where one of them is missing.
has_clients() {
    [[ -x $cache/cargo-stylus-$cargo_stylus_version/bin/cargo-stylus ]] \
        && [[ -x $cache/foundry-$foundry_version/node_modules/.bin/cast ]]
}

# What the suites in devnet/tests/suites ask for, and what of it is installed.
suites=$root/devnet/tests/suites
has_suites() {
    local file
    for file in package.json hardhat3/package.json requirements.txt; do
        cmp -s "$suites/$file" "$cache/suites/$file" || return
    done
}

# Prints $1 and ends well when the rest of the arguments ask for help and nothing else.
help_if_asked() {
    local text=$1
    shift
    if [[ ${1:-} == --help || ${1:-} == -h ]]; then
        printf '%s\n' "$text"
        exit 0
    fi
}
