#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The table of settings, the manual and the sample say the same: each key is in
# all three, with the same type, default and effect of a reload.
#
# Usage: check-keys.sh KEYS_PROGRAM

set -u

if [ $# -ne 1 ]; then
	echo "usage: $0 KEYS_PROGRAM" >&2
	exit 64
fi
case $1 in
*/*) keys=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") ;;
*) keys=$1 ;;
esac
cd "$(dirname "$0")/../.." || exit 1

manual=man/occupancyd.conf.5
sample=conf/occupancyd.conf
groups='accounts|defaults|devices|retry|log|state'
failed=0
number=0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# Nothing in $dir/found is good.  Not for use in a pipeline, where the count would be lost.
result() { # NAME
	number=$((number + 1))
	if [ -s "$dir/found" ]; then
		echo "not ok $number - $1"
		sed 's/^/#   /' "$dir/found"
		failed=1
	else
		echo "ok $number - $1"
	fi
}

# Lines that only one of two sorted files has.
differ() { # FILE WHO FILE WHO
	comm -23 "$1" "$3" | sed "s|\$|: in $2, not in $4|"
	comm -13 "$1" "$3" | sed "s|\$|: in $4, not in $2|"
}

# The manual: .Ss GROUP, .It Ic KEY No = Ar TYPE, Default: VALUE., Change: reload.
from_manual() {
	awk -v groups="^($groups)\$" '
		function flush() { if (key != "") print key "\t" type "\t" value "\t" change; key = "" }
		$1 == ".Ss" || $1 == ".Sh" { flush(); group = $1 == ".Ss" && $2 ~ groups ? $2 : "" }
		group == "" { next }
		$1 == ".It" && $2 == "Ic" && $4 == "No" && $5 == "=" && $6 == "Ar" {
			flush()
			key = group "." $3; type = $7; value = "?"; change = "?"
		}
		/^Default: / { value = $2; sub(/[.;,]+$/, "", value); if (value == "none") value = "-" }
		/^Change: / { change = $2; sub(/[.;,]+$/, "", change) }
		END { flush() }
	' "$manual"
}

# The sample: GROUP = ( or {, then KEY = VALUE; with or without a # before it.
from_sample() {
	awk -v groups="^#?($groups) = " '
		$0 ~ groups { group = $1; sub(/^#/, "", group) }
		/^#?[)}]/ { group = "" }
		group == "" { next }
		{
			sub(/^[ \t]*#?[ \t]*/, "")
			gsub(/\{[^{}]*\};/, "{};")
			while (match($0, /[a-z_]+ = [^;]*;/)) {
				setting = substr($0, RSTART, RLENGTH - 1)
				$0 = substr($0, RSTART + RLENGTH)
				value = setting
				sub(/ = .*/, "", setting)
				sub(/^[^=]* = /, "", value)
				gsub(/"/, "", value)
				print group "." setting "\t" value
			}
		}
	' "$sample"
}

"$keys" | sort >"$dir/table" || failed=1
if [ ! -s "$dir/table" ]; then
	echo "not ok 1 - $1 shows the table"
	exit 1
fi
from_manual | sort >"$dir/manual"
from_sample | sort -u >"$dir/sample"
cut -f 1 "$dir/table" >"$dir/table.keys"
cut -f 1 "$dir/manual" >"$dir/manual.keys"

# What defaults has, a device may have: the sample shows that, the table lists it once.
cut -f 1 "$dir/sample" | sort -u | while read -r key; do
	other=defaults.${key#devices.}
	if ! grep -qxF "$key" "$dir/table.keys" && grep -qxF "$other" "$dir/table.keys"; then
		continue
	fi
	echo "$key"
done | sort -u >"$dir/sample.keys"

uniq -d "$dir/table.keys" >"$dir/found"
result "each key stands in the table once"

differ "$dir/table.keys" "the table" "$dir/manual.keys" "$manual" >"$dir/found"
result "table and manual have the same keys"

differ "$dir/table.keys" "the table" "$dir/sample.keys" "$sample" >"$dir/found"
result "table and sample have the same keys"

join -t "	" "$dir/table" "$dir/manual" | awk -F "\t" '
	$2 != $5 { print $1 ": type " $2 " in the table, " $5 " in the manual" }
	$3 != $6 { print $1 ": default " $3 " in the table, " $6 " in the manual" }
	$4 != $7 { print $1 ": " $4 " in the table, " $7 " in the manual" }
' >"$dir/found"
result "table and manual agree on types, defaults and reloads"

join -t "	" "$dir/table" "$dir/sample" | awk -F "\t" '
	$3 != "-" && $3 != $5 { print $1 ": default " $3 " in the table, " $5 " in the sample" }
' >"$dir/found"
result "the sample shows the defaults of the table"

"$keys" "$sample" >"$dir/problems" 2>&1
if grep -q "^$sample:1: devices: there is none: " "$dir/problems"; then
	sed 1d "$dir/problems" >"$dir/found"
else
	{
		echo "expected one problem, about devices; the program says:"
		cat "$dir/problems"
	} >"$dir/found"
fi
result "the sample as shipped lacks devices and nothing else"

sed -e '/^#devices = (/,/^#);/s/^#//' "$sample" >"$dir/filled.conf"
"$keys" "$dir/filled.conf" >"$dir/found" 2>&1
result "the sample is good once its devices are filled in"

# All that shows a default, taken out of its comment.
awk -F "\t" -v groups="^#?($groups) = " '
	NR == FNR { value[$1] = $3; next }
	$0 ~ groups { split($0, word, " "); group = word[1]; sub(/^#/, "", group) }
	/^ *#[a-z_]+ = / {
		setting = $0
		sub(/^ *#/, "", setting)
		sub(/ = .*/, "", setting)
		key = group "." setting
		if (key in value && value[key] != "-") sub(/#/, "")
	}
	{ print }
' "$dir/table" "$dir/filled.conf" >"$dir/defaults.conf"
"$keys" "$dir/defaults.conf" >"$dir/found" 2>&1
result "the sample is good with every default written out"

exit $failed
