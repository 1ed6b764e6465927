# SPDX-License-Identifier: GPL-3.0-or-later
# table.awk - the one table of `make bench': each row of `rows' for which both
# sides have been measured in this run, with their ratio.
#
#	awk -f table.awk rows values
#
# A line of values is KEY, median, best and unit, with tabs between them.
FNR == 1 { file++ }
file == 1 && !/^#/ { rows[++n_rows] = $0 }
file == 2 {
	split($0, field, "\t")
	median[field[1]] = field[2]
	best[field[1]] = field[3]
	unit[field[1]] = field[4]
}

# The sum of KEYS in OF; "" when one was not measured.
function sum(keys, of,    part, n, i, total) {
	n = split(keys, part, / \+ /)
	for (i = 1; i <= n; i++) {
		if (!(part[i] in median))
			return ""
		total += of[part[i]]
	}
	return total
}

function shown(value, name) {
	return sprintf(value < 10 ? "%.2f %s" : "%.0f %s", value, name)
}

# Whether RATIO is as WANTED, "<= N" or ">= N".
function kept(ratio, wanted,    limit) {
	limit = substr(wanted, 4) + 0
	if (wanted ~ /^</)
		return ratio <= limit ? "yes" : "NO"
	return ratio >= limit ? "yes" : "NO"
}

function print_row(what, ours, theirs, wanted, limit,    first, value, other,
    other_best, name, ratio) {
	split(ours, first, / \+ /)
	value = sum(ours, median)
	name = unit[first[1]]
	if (theirs ~ /^=/) {
		other = other_best = substr(theirs, 2) + 0
		theirs = "promised"
	} else {
		other = sum(theirs, median)
		other_best = sum(theirs, best)
	}
	if (value == "" || other == "")
		return
	ratio = value / other
	printf "%-22s %9s  %-37s %9s %6.2f %6.2f  %-7s %s\n", what,
	    shown(value, name), theirs, shown(other, name), ratio,
	    sum(ours, best) / other_best, wanted, kept(ratio, wanted)
	if (limit != "")
		print "    " limit
}

END {
	printf "%-22s %9s  %-37s %9s %6s %6s  %s\n", "", "ours", "beside",
	    "theirs", "ratio", "best", "wanted"
	for (i = 1; i <= n_rows; i++) {
		split(rows[i], column, /\|/)
		print_row(column[1], column[2], column[3], column[4], column[5])
	}
}
