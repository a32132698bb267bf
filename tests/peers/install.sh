#!/usr/bin/env bash
# Makes, once, what judges our files, and prints the path of what runs it:
#
#   install.sh python    the python of an environment with python-tuf and HSMSigner
#   install.sh CLIENT    go-tuf, tough, tuf-js: a program made of the folder of that name
#
# Everything lies below $ROOTKEEP_CACHE, or ${XDG_CACHE_HOME:-~/.cache}/rootkeep, and is made anew
# when its source or its tools change. Status 1: this machine lacks something, which is said.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${ROOTKEEP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rootkeep}/peers
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)
name=${1:-python}

lacking() { echo "$*" >&2; exit 1; }

# need PROGRAM LEAST FOUND
need() {
	command -v "$1" >/dev/null || lacking "$name needs $1 $2 or later, which is not on PATH"
	printf '%s\n%s\n' "$2" "$3" | sort -CV || lacking "$name needs $1 $2 or later; this is $3"
}

# What a program is made of: its tools' versions and its files.
sources() { find "$here/$name" -type f -print0 | sort -z | xargs -0 cat; }

usable() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }

python_state() {
	python=
	local candidate
	for candidate in python3 /usr/bin/python3; do
		if usable "$candidate"; then
			python=$(command -v "$candidate")
			break
		fi
	done
	[ -n "$python" ] || lacking "no python3 of 3.10 or later with venv"
	state=$("$python" -c 'import sys; print(sys.version, sys.prefix)'; cat "$here/requirements.txt")
	program=bin/python
}

python_made() {
	"$python" -m venv "$folder"
	"$folder/bin/python" -m pip -q --disable-pip-version-check install -r "$here/requirements.txt"
}

go_tuf_state() {
	export GOTOOLCHAIN=local
	need go 1.25 "$(go env GOVERSION 2>/dev/null | sed 's/^go//')"
	state=$(go version; sources)
	program=client
}

go_tuf_made() {
	export GOCACHE=$cache/go/build GOMODCACHE=$cache/go/modules
	go -C "$here/$name" build -mod=readonly -modcacherw -buildvcs=false -trimpath \
		-o "$folder/client" .
}

# The target folder is kept, for the next change of the client.
tough_state() {
	need cargo 1.85 "$(cargo --version 2>/dev/null | cut -d' ' -f2)"
	state=$(cargo --version; sources)
	program=client
}

tough_made() {
	cp -r "$here/$name" "$folder/source"
	cargo -q build --manifest-path "$folder/source/Cargo.toml" --target-dir "$cache/cargo"
	cp "$cache/cargo/debug/rootkeep-peer-tough" "$folder/client"
}

tuf_js_state() {
	need node 20.17 "$(node --version 2>/dev/null | sed 's/^v//')"
	command -v npm >/dev/null || lacking "$name needs npm, which is not on PATH"
	state=$(node --version; sources)
	program=client.js
}

tuf_js_made() {
	cp "$here/$name"/* "$folder/"
	npm ci --prefix "$folder" --cache "$cache/npm" --ignore-scripts --no-audit --no-fund --loglevel=error
}

case $name in
python | go-tuf | tough | tuf-js) ;;
*) lacking "there is no peer called $name" ;;
esac
"${name//-/_}_state"
folder=$cache/$name-$(printf '%s' "$state" | sha256sum | cut -c1-16)
if [ ! -f "$folder/complete" ]; then
	exec 9>"$cache/lock-$name"
	flock 9
	if [ ! -f "$folder/complete" ]; then
		rm -rf "$folder"
		mkdir "$folder"
		"${name//-/_}_made" >&2
		touch "$folder/complete"
	fi
fi
echo "$folder/$program"
