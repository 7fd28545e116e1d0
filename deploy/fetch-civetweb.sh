#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches the distribution's civetweb source package into DIR, verified by apt's signatures, and
# prints the unpacked folder as its last line. Does nothing if an intact copy is there already.
#
# usage: fetch-civetweb.sh DIR
set -euo pipefail

fail() {
  echo "fetch-civetweb: $*" >&2
  exit 1
}

# Prints the unpacked folder if it still holds exactly what was unpacked.
intact_source() {
  local manifest
  for manifest in "$1"/civetweb-*.sha256; do
    if [[ -f $manifest ]] && (cd "$1" && sha256sum --check --status "${manifest##*/}"); then
      echo "${manifest%.sha256}"
      return 0
    fi
  done
  return 1
}

# Many systems configure no deb-src entries. apt can't derive them, so each binary entry for this
# release's main component is rewritten as a deb-src one, with its own URIs, options and keys.
# One file per entry, so that a single one can be dropped again.
derive_source_entries() {
  local codename=$1 out=$2 list parts files=()
  eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
  [[ -n ${list:-} && -r $list ]] && files+=("$list")
  shopt -s nullglob
  [[ -n ${parts:-} ]] && files+=("${parts%/}"/*.list "${parts%/}"/*.sources)
  shopt -u nullglob
  ((${#files[@]})) || return 0
  awk -v codename="$codename" -v out="$out" "$SOURCES_AWK" "${files[@]}"
}

# shellcheck disable=SC2016
readonly SOURCES_AWK='
function suites_of_this_release(all,    n, i, parts, kept) {
  n = split(all, parts)
  for (i = 1; i <= n; i++)
    if (parts[i] ~ "^" codename "(-updates|-security)?/?$") kept = kept " " parts[i]
  return kept
}
function emit(uris, suites, components, signed_by,    file) {
  suites = suites_of_this_release(suites)
  if (suites == "" || (" " components " ") !~ /[ \t\n]main[ \t\n]/) return
  file = out "/" ++entries ".sources"
  print "Types: deb-src\nURIs:" uris "\nSuites:" suites "\nComponents: main" > file
  if (signed_by != "") print "Signed-By:" signed_by > file
  close(file)
}
function end_stanza() {
  if ((" " field["types"] " ") ~ /[ \t\n]deb(-src)?[ \t\n]/ && field["enabled"] !~ /no|false|0/)
    emit(field["uris"], field["suites"], field["components"], field["signed-by"])
  delete field
  name = ""
}
FNR == 1 { end_stanza(); deb822 = FILENAME ~ /\.sources$/ }
/^[ \t]*#/ { next }
deb822 && /^[ \t]*$/ { end_stanza(); next }
deb822 && /^[ \t]/ { if (name != "") field[name] = field[name] "\n" $0; next }
deb822 { colon = index($0, ":"); name = tolower(substr($0, 1, colon - 1))
         field[name] = " " substr($0, colon + 1); next }
/^[ \t]*deb(-src)?[ \t]/ {
  line = $0; signed_by = ""
  sub(/^[ \t]*deb(-src)?[ \t]+/, "", line)
  if (match(line, /^\[[^]]*\][ \t]*/)) {
    options = substr(line, 2, index(line, "]") - 2)
    line = substr(line, RLENGTH + 1)
    if (match(options, /signed-by=[^ \t]+/)) {
      signed_by = " " substr(options, RSTART + 10, RLENGTH - 10)
      gsub(/,/, " ", signed_by)
    }
  }
  n = split(line, word)
  components = ""
  for (i = 3; i <= n && word[i] !~ /^#/; i++) components = components " " word[i]
  emit(" " word[1], word[2], components, signed_by)
}
END { end_stanza() }
'

# The name of a release says little about who made it: third parties use the same names. Entries
# whose index could not be had are not listed by apt and go, too.
# shellcheck disable=SC2016
keep_debian_archives() {
  local entries entry
  entries=$(apt-get "${apt[@]}" indextargets --format '$(ORIGIN)|$(SOURCESENTRY)' \
    'Created-By: Sources')
  for entry in "$1"/*.sources; do
    grep -qF "Debian|$entry:" <<<"$entries" || rm "$entry"
  done
  compgen -G "$1/*.sources" >/dev/null
}

fetch() {
  local work=$1
  mkdir -p "$work"/{sources,lists/partial,cache/archives/partial,unpacked}
  derive_source_entries "$VERSION_CODENAME" "$work/sources"
  compgen -G "$work/sources/*.sources" >/dev/null ||
    fail "apt has no entry for the main component of $VERSION_CODENAME to take the source from"

  apt=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/sources"
       -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache"
       -o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false)
  # apt's download user can't enter a private temporary folder and would warn about it.
  ((EUID)) || apt+=(-o APT::Sandbox::User=root)

  apt-get "${apt[@]}" update >"$work/log" 2>&1 ||
    fail "apt-get update failed: $(grep -m1 '^E:' "$work/log" || tail -n1 "$work/log")"
  keep_debian_archives "$work/sources" ||
    fail "no source index of Debian could be had: $(grep -m1 '^[EW]:' "$work/log")"
  (cd "$work/unpacked" && apt-get "${apt[@]}" source --only-source civetweb) >"$work/log" 2>&1 ||
    fail "apt-get source failed: $(grep -m1 '^E:' "$work/log" || tail -n1 "$work/log")"
}

install_source() {
  local work=$1 target=$2 source name
  source=$(find "$work/unpacked" -mindepth 1 -maxdepth 1 -type d -name 'civetweb-*' -print -quit)
  [[ -f $source/src/civetweb.c ]] || fail "the source package holds no src/civetweb.c"
  name=${source##*/}
  (cd "$work/unpacked" && find "$name" -type f -print0 | sort -z | xargs -0 sha256sum) \
    >"$work/$name.sha256"
  rm -rf "$target"/civetweb-*
  mv "$source" "$target/"
  mv "$work/$name.sha256" "$target/"
}

main() {
  (($# == 1)) || fail "usage: fetch-civetweb.sh DIR"
  mkdir -p "$1" || fail "cannot create $1"
  local target command
  target=$(cd "$1" && pwd)
  intact_source "$target" && return

  for command in apt-get apt-config dpkg-source; do
    command -v "$command" >/dev/null || fail "$command is missing; install apt and dpkg-dev"
  done
  # shellcheck source=/dev/null
  VERSION_CODENAME=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [[ -n $VERSION_CODENAME ]] || fail "/etc/os-release names no release (VERSION_CODENAME)"

  work=$(mktemp -d "$target/.fetch-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  fetch "$work"
  install_source "$work" "$target"
  intact_source "$target" || fail "the unpacked source does not match its checksums"
}

main "$@"
