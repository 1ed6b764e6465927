# SPDX-License-Identifier: GPL-3.0-or-later
# budgets.awk - what bench.sh has measured beside what was promised.  Reads
# result, result.trouble, table.wrk and result.memory, of which any may be
# empty, and prints one row for each budget that has something to compare.
BEGIN {
	FS = "\t"
	printf "%-39s %9s  %9s %-3s  %9s\n", "budget", "limit",
	    "by median", "", "by best"
}

FILENAME == "result" {
	median[$1] = $2
	least[$1] = $4
}

FILENAME == "result.trouble" && $1 ~ /^troubled/ {
	sub(/^troubled/, "get while a refresh hangs", $1)
	row($1 ", ms", 5, $2 / 1000, $4 / 1000, 2)
}

FILENAME == "table.wrk" && $1 == "coco-tokend" {
	row("GET /token, requests/s, at least", -100000, -$2, -$3, 0)
	row("GET /token, p99, ms", 1, $6, $7, 2)
}

FILENAME == "result.memory" {
	row("RSS of the idle daemon, kB", 8192, $1, $1, 0)
	row("RSS of its launcher, kB", 8192, $2, $2, 0)
	each = ($3 - $1) * 1024 / $4
	row("RSS for each of " $4 " idle clients, B", 2048, each, each, 0)
}

# What counts more when it is more comes with a minus.
function row(what, limit, m, best, digits) {
	rows[++count] = sprintf("%-39s %9s  %9s %-3s  %9s %s", what,
	    text(limit, 0), text(m, digits), word(m <= limit),
	    text(best, digits), word(best <= limit))
}

function text(value, digits) {
	return sprintf("%." digits "f", value < 0 ? -value : value)
}

function word(kept) {
	return kept ? "yes" : "NO"
}

# LABEL in percent of the sum of two others, of which B may be none.
function ratio(what, limit, label, a, b) {
	if (!(label in median) || !(a in median))
		return
	printf "%-39s %8s%%  %8.0f%% %-3s  %8.0f%% %s\n", what, limit,
	    percent(median, label, a, b),
	    word(percent(median, label, a, b) <= limit),
	    percent(least, label, a, b),
	    word(percent(least, label, a, b) <= limit)
}

function percent(of, label, a, b) {
	return 100 * of[label] / (of[a] + (b != "" ? of[b] : 0))
}

function warm(question) {
	ratio(question " / git's cache", 100, question,
	    "git-credential-cache")
	ratio(question ", static / the same", 50, question ", static",
	    "git-credential-cache")
}

END {
	ratio("file alone / git's store + a process", 100, "coco-credential",
	    "git-credential-store", "nothing (libc)")
	warm("tokend, host")
	warm("tokend, connection")
	for (i = 1; i <= count; i++)
		print rows[i]
}
