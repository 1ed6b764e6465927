# SPDX-License-Identifier: GPL-3.0-or-later
# table.awk - the one table of `make bench': each row of `rows' for which both
# sides have been measured in this run, with their ratio.
#
#	awk -f table.awk rows values
#
# A line of values is KEY, median, best and unit, with tabs between them.
FNR == 1 { file++ }
file == 1 && /^[^#\t]/ { rows[++n_rows] = $0 }
file == 1 && /^\t/ {
	if (n_rows in beside)
		limits[n_rows] = substr($0, 2)
	else
		beside[n_rows] = substr($0, 2)
}
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

# Whether RATIO is as WANTED, "<=N" or ">=N".
function is_kept(ratio, wanted,    limit) {
	limit = substr(wanted, 3) + 0
	return wanted ~ /^</ ? ratio <= limit : ratio >= limit
}

function print_row(what, ours, theirs, wanted, limit,    part, value, other,
    other_best, name, ratio, best_ratio) {
	split(ours, part, / \+ /)
	value = sum(ours, median)
	name = unit[part[1]]
	if (theirs ~ /^=/) {
		other = other_best = substr(theirs, 2) + 0
		theirs = "promised"
	} else {
		split(theirs, part, /: /)
		theirs = part[1]
		other = sum(part[2], median)
		other_best = sum(part[2], best)
	}
	if (value == "" || other == "")
		return
	ratio = value / other
	best_ratio = sum(ours, best) / other_best
	printf "%-20s %9s  %-17s %9s %5.2f %5.2f %-5s %s\n", what,
	    shown(value, name), theirs, shown(other, name), ratio,
	    best_ratio, wanted,
	    is_kept(ratio, wanted) && is_kept(best_ratio, wanted) ? "" : "NO"
	if (limit != "")
		print "    " limit
}

END {
	printf "%-20s %9s  %-17s %9s %5s %5s %s\n", "", "ours", "beside",
	    "theirs", "ratio", "best", "wanted"
	for (i = 1; i <= n_rows; i++) {
		split(rows[i], column, /\|/)
		print_row(column[1], column[2], beside[i], column[3], limits[i])
	}
}
