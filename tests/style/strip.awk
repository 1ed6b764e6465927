# SPDX-License-Identifier: GPL-3.0-or-later
# Print C with comments and the insides of strings and characters blanked,
# each line preceded by "FILE:LINE:", so that a search finds code only.
FNR == 1 { comment = 0 }
{
	out = ""
	rest = $0
	while (rest != "") {
		if (comment) {
			at = index(rest, "*/")
			if (at == 0)
				break
			rest = substr(rest, at + 2)
			comment = 0
		} else if (rest ~ /^\/\*/) {
			comment = 1
			rest = substr(rest, 3)
		} else if (rest ~ /^["']/ && $0 !~ /^[ \t]*#[ \t]*include/) {
			quote = substr(rest, 1, 1)
			rest = substr(rest, 2)
			while (rest != "" && substr(rest, 1, 1) != quote)
				rest = substr(rest, rest ~ /^\\/ ? 3 : 2)
			rest = substr(rest, 2)
			out = out quote quote
		} else {
			out = out substr(rest, 1, 1)
			rest = substr(rest, 2)
		}
	}
	print FILENAME ":" FNR ":" out
}
