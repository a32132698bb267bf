#!/usr/bin/env bash
# Makes, once, a Python environment with the programs that judge ours, and prints its python.
# It lies below $ROOTKEEP_CACHE, or ${XDG_CACHE_HOME:-~/.cache}/rootkeep, and is made anew when what
# it should hold changes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${ROOTKEEP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rootkeep}

usable() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }

python=
for candidate in python3 /usr/bin/python3; do
	if usable "$candidate"; then
		python=$(command -v "$candidate")
		break
	fi
done
[ -n "$python" ] || { echo "no python3 of 3.10 or later with venv" >&2; exit 1; }

state=$("$python" -c 'import sys; print(sys.version, sys.prefix)'; cat "$here/requirements.txt")
folder=$cache/peers/$(printf '%s' "$state" | sha256sum | cut -c1-16)
if [ ! -f "$folder/complete" ]; then
	mkdir -p "$cache/peers"
	exec 9>"$cache/peers/lock"
	flock 9
	if [ ! -f "$folder/complete" ]; then
		rm -rf "$folder"
		"$python" -m venv "$folder" >&2
		"$folder/bin/python" -m pip -q --disable-pip-version-check install \
			-r "$here/requirements.txt" >&2
		touch "$folder/complete"
	fi
fi
echo "$folder/bin/python"
