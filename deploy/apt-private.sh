# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# apt with a state of its own: packages of another Debian release or architecture, and source
# packages, from the mirrors that are configured here, verified by the same keys. Nothing that the
# system's own apt and dpkg know is touched. Sourced, not run.

# The name of the release that runs here, such as bookworm.
apt_private_release() {
  # shellcheck source=/dev/null
  (. /etc/os-release && echo "${VERSION_CODENAME:-}")
}

# Makes DIR such a state and fetches its package lists. On failure: 1, and why on standard error.
#
# usage: apt_private_open DIR SUITE deb|deb-src [ARCHITECTURE]     SUITE: bookworm, sid...
apt_private_open() {
  local suite=$2 type=$3 architecture=${4:-$(dpkg --print-architecture)} codename dir
  codename=$(apt_private_release)
  if [[ -z $codename ]]; then
    echo "/etc/os-release names no release (VERSION_CODENAME)" >&2
    return 1
  fi
  rm -rf "$1/sources"
  mkdir -p "$1"/{sources,preferences,lists/partial,cache/archives/partial} || return
  dir=$(cd "$1" && pwd)
  _apt_private_entries "$codename" "$suite" "$type" "$dir/sources"
  if ! compgen -G "$dir/sources/*.sources" >/dev/null; then
    echo "apt has no entry for the main component of $codename to derive $suite from" >&2
    return 1
  fi
  _apt_private_configuration "$dir" "$architecture" >"$dir/apt.conf"
  : >"$dir/status"
  # An entry may well fail, as sid has no security updates: what counts is what is there then.
  apt-get -qq -c "$dir/apt.conf" update >"$dir/update.log" 2>&1 || true
  if ! _apt_private_keep_debian "$dir" "$type"; then
    echo "no package list of Debian's $suite could be had:" \
      "$(grep -m1 '^E:' "$dir/update.log" || tail -n1 "$dir/update.log")" >&2
    return 1
  fi
}

# apt-get with the state in DIR.
#
# usage: apt_private DIR ARGUMENT...
apt_private() {
  apt-get -qq -c "$1/apt.conf" "${@:2}"
}

# The versioned package that a metapackage stands for: linux-image-amd64 -> linux-image-6.1.0-...
apt_private_meta() {
  apt-cache -c "$1/apt.conf" depends "$2" 2>/dev/null |
    sed -n "s/^ *Depends: \(${2%-*}-[0-9][^ <>]*\)$/\1/p" | head -n1
}

# Downloads packages without what they depend on and unpacks them into TARGET.
#
# usage: apt_private_unpack DIR TARGET PACKAGE...
apt_private_unpack() {
  local dir target=$2 work deb
  dir=$(cd "$1" && pwd) || return
  mkdir -p "$target" || return
  work=$(mktemp -d "$dir/download-XXXXXX") || return
  if (cd "$work" && apt_private "$dir" download "${@:3}"); then
    for deb in "$work"/*.deb; do
      dpkg-deb -x "$deb" "$target" || { rm -rf "$work"; return 1; }
    done
    rm -rf "$work"
  else
    rm -rf "$work"
    return 1
  fi
}

_apt_private_configuration() {
  cat <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$1/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$1/preferences";
Dir::State::lists "$1/lists";
Dir::State::status "$1/status";
Dir::State::extended_states "$1/extended_states";
Dir::Cache "$1/cache";
APT::Architecture "$2";
#clear APT::Architectures;
APT::Architectures { "$2"; };
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
  # apt's download user can't enter a private folder and would warn about it.
  ((EUID)) || echo 'APT::Sandbox::User "root";'
}

# Other releases and source packages are rarely configured, and apt can't derive them. So each entry
# for this release's main component is rewritten, with its own URIs and keys. One file per suite, so
# that a single one can be dropped again.
_apt_private_entries() {
  local codename=$1 suite=$2 type=$3 out=$4 list='' parts='' files=()
  eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
  [[ -n $list && -r $list ]] && files+=("$list")
  mapfile -t -O "${#files[@]}" files < <(find "$parts" -maxdepth 1 -type f,l \
    \( -name '*.list' -o -name '*.sources' \) 2>/dev/null)
  ((${#files[@]})) || return 0
  awk -v codename="$codename" -v wanted="$suite" -v type="$type" -v out="$out" \
    "$APT_PRIVATE_AWK" "${files[@]}"
}

# shellcheck disable=SC2016
readonly APT_PRIVATE_AWK='
function emit(uris, suites, components, signed_by,    n, i, suite, file) {
  if ((" " components " ") !~ /[ \t\n]main[ \t\n]/) return
  n = split(suites, suite)
  for (i = 1; i <= n; i++) {
    if (suite[i] !~ "^" codename "(-updates|-security)?/?$") continue
    sub("^" codename, wanted, suite[i])
    file = out "/" ++entries ".sources"
    print "Types: " type "\nURIs:" uris "\nSuites: " suite[i] "\nComponents: main" > file
    if (signed_by != "") print "Signed-By:" signed_by > file
    close(file)
  }
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
# whose list could not be had are not listed by apt and go, too.
_apt_private_keep_debian() {
  local dir=$1 lists=Packages had entry
  [[ $2 == deb-src ]] && lists=Sources
  # shellcheck disable=SC2016
  had=$(apt_private "$dir" indextargets --format '$(ORIGIN)|$(SOURCESENTRY)' \
    "Created-By: $lists") || return
  for entry in "$dir"/sources/*.sources; do
    grep -qF "Debian|$entry:" <<<"$had" || rm "$entry"
  done
  compgen -G "$dir/sources/*.sources" >/dev/null
}
