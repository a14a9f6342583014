# shellcheck shell=bash disable=SC2154 # what tap.bash sets
# proc.bash: the texts of inspect beside those of the Linux that runs here, by their form.
# Sourced by lab_guests.
#
#   like_linux FILE OURS	every line of OURS has the form of one in /proc/FILE; what Linux
#				has beyond is in the list of tests/README.md

# Lines with their numbers as N and their names as NAME; where a column has a width, it stays.
shape_of() { # FILE: standard input
	case $1 in
	# A zone that both have, without what stands in one of a node alone.
	zoneinfo) sed -n '/zone    DMA32$/,/start_pfn/p' | sed -E 's/[0-9]+/N/g; s/(, N)+[)]/, N...)/' ;;
	buddyinfo) sed -E 's/^(Node )[0-9]+(, zone )[ A-Za-z0-9]{8} /\1N\2NAME /; s/[ 0-9]{6} /N /g; s/(N )+$/N.../' ;;
	pagetypeinfo) sed -E 's/^(Node +)[0-9]+(, zone )[ A-Za-z0-9]{8}/\1N\2NAME/; s/(, type )[ A-Za-z]{12} /\1NAME /
		/^(Node|Free)/s/[ 0-9]{6} /N /g; /^Number/s/( +[A-Z][A-Za-z]+)+ $/ NAME.../; s/( +N)+ $/ N.../; s/[0-9]+/N/g' ;;
	slabinfo) sed -E 's/^([^ #].{16}|[^ #]{18,}) [ 0-9]{5}[0-9] [ 0-9]{5}[0-9] [ 0-9]{5}[0-9] [ 0-9]{3}[0-9] [ 0-9]{3}[0-9] :/NAME N N N N N :/
		/^NAME/s/ [ 0-9]{3}[0-9] [ 0-9]{3}[0-9] [ 0-9]{3}[0-9] : slabdata/ N N N : slabdata/
		/^NAME/s/( [ 0-9]{5}[0-9]){3}$/ N N N/' ;;
	vmallocinfo) sed -E 's/^0x[0-9a-f]{16}-0x[0-9a-f]{16} [ 0-9]{6}[0-9]/0xN-0xN N/; s/ [^ ]+[+]0x[0-9a-f]+\/0x[0-9a-f]+/ CALLER/
		s/ \[[a-z_]+\]//; s/ N0=[0-9]+//; s/=(0x)?[0-9a-f]+/=N/g' ;;
	esac
}
# What Linux says and we do not: lines of a zone's statistics.
beyond() {
	case $1 in
	zoneinfo) grep -vE '^  (per-node stats|vm stats threshold: N)$|^      (nr_(zone_|inactive_|active_|bounce|zspages|mlock)|numa_)' ;;
	*) cat ;;
	esac
}
like_linux() {
	local file=$1 ours=$2
	shape_of "$file" <"$ours" >"$work/shape.ours"
	shape_of "$file" <"/proc/$file" | beyond "$file" >"$work/shape.linux"
	[ -s "$work/shape.ours" ] || { echo "nothing of ours"; return 1; }
	case $file in
	zoneinfo) diff <(uniq_sets <"$work/shape.linux") <(uniq_sets <"$work/shape.ours") ;; # line by line
	*) sort -u "$work/shape.ours" | comm -23 - <(sort -u "$work/shape.linux") >"$work/shape.odd"
		[ ! -s "$work/shape.odd" ] || { echo "not as in Linux:"; cat "$work/shape.odd"; echo "Linux:"; sort -u "$work/shape.linux"; return 1; } ;;
	esac
}
# The lines of one CPU's list stand for those of all.
uniq_sets() {
	awk '/^    cpu: N$/ { n++ } n > 1 && /^(              |    cpu)/ { next } { print }'
}
