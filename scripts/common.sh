# Shared by quickstart and check: where the project is, its packages, and how progress is told.
# shellcheck shell=bash

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# The packages of the groups that are named, in the order of the list.
packages() {
	awk -v groups=" $* " '!/^#/ && NF > 1 && index(groups, " " $1 " ") { print $2 }' \
		"$project/scripts/packages"
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "installing packages needs root; as root, run: $*"
	fi
}

# Asks apt only for what is not there, so that a complete machine needs no network and no root.
install_packages() {
	local missing=() package
	for package in $(packages "$@"); do
		is_installed "$package" || missing+=("$package")
	done
	if [ ${#missing[@]} = 0 ]; then
		say "packages: all there"
		return
	fi
	command -v apt-get >/dev/null || die "this is no Debian; it needs: ${missing[*]}"
	say "packages: installing ${missing[*]}"
	as_root apt-get -q update
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install "${missing[@]}"
}
