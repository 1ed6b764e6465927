#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The include graph obeys the layers of src/README: a table between the lines
# "layers begin" and "layers end", one layer a line as "NAME: module module",
# continued by lines without a name; each module is in it once.  Also: each
# third-party library is met in its own modules and in no header, and the modules
# that the static client is built from use nothing of Linux alone.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"

# shellcheck disable=SC2046 # our file names have no blanks
awk -f tests/style/strip.awk $(files c | grep -E '^(src|helpers)/') |
awk '
function base(path) {
	sub(/.*\//, "", path)
	sub(/\.[ch]$/, "", path)
	return path
}
function complain(text) {
	print where ": " text
}
# The layer of a file.  Helpers stand above all; of the programs,
# coco-credential is "client" and may use only what links libc alone.
function layer(path) {
	if (path ~ /^helpers\//)
		return "helpers"
	path = base(path)
	if (of[path] == "programs" && path ~ /^(coco-credential|cmd|cmd-.*)$/)
		return "client"
	return of[path]
}
BEGIN {
	may["base"] = " base "
	may["formats"] = " base formats "
	may["io"] = " base io "
	may["core"] = " base formats io core "
	may["services"] = " base formats io services "
	may["deploy"] = " base formats io core services deploy "
	may["programs"] = " base formats io core services deploy " \
	    "programs client "
	may["client"] = " base formats io core client "
	may["helpers"] = " base formats io core services helpers "
	home["curl"] = "src/fetch.c"
	home["wolfssl"] = "src/crypt.c src/key.c"
	home["jansson"] = "src/json.c"
	home["archive"] = "src/tarball.c"
	home["yaml"] = "src/compose.c"
	home["libsecret"] = "helpers/keyring.c"
	home["glib"] = "helpers/keyring.c"
	home["gio"] = "helpers/keyring.c"
	linux = "^(linux|asm)/|^sys/(prctl|epoll|eventfd|signalfd|timerfd|" \
	    "inotify|fanotify|sendfile|syscall|capability|fsuid|mount|" \
	    "ptrace|personality|vfs|statfs|sysinfo)\\.h$"
	while ((getline line <"src/README") > 0) {
		if (line ~ /layers begin/) {
			inside = 1
			continue
		}
		if (line ~ /layers end/)
			inside = 0
		if (!inside)
			continue
		n = split(line, word, /[ \t]+/)
		for (i = 1; i <= n; i++) {
			if (word[i] ~ /^[a-z]+:$/) {
				current = word[i]
				sub(/:$/, "", current)
				if (!(current in may))
					print "src/README: no layer " current
			} else if (word[i] != "") {
				if (word[i] in of)
					print "src/README: " word[i] \
					    " is listed twice"
				of[word[i]] = current
				listed++
			}
		}
	}
	if (!listed)
		print "src/README: no table of layers"
}
{
	split($0, part, ":")
	file = part[1]
	where = file ":" part[2]
	code = substr($0, length(where) + 2)
	mine = layer(file)
	met[base(file)] = 1
	if (file == "src/coco.h")
		next
	if (mine == "" && !(file in reported)) {
		reported[file] = 1
		complain("not in the layers of src/README")
	}
	libc_only = mine ~ /^(base|formats|io|core|client)$/
	if (libc_only && code ~ /(^|[^A-Za-z0-9_])HAVE_[A-Z]/)
		complain("HAVE_ macro in a libc-only module")
}
code ~ /^[ \t]*#[ \t]*include[ \t]*"/ {
	split(code, part, "\"")
	theirs = layer(part[2] ~ /\// ? part[2] : \
	    (system("test -e helpers/" part[2]) == 0 ? "helpers/" : "src/") \
	    part[2])
	if (part[2] == "coco.h" || mine == "")
		next
	if (theirs == "")
		complain("includes \"" part[2] "\", which no layer lists")
	else if (index(may[mine], " " theirs " ") == 0)
		complain(mine " may not include \"" part[2] "\" of " theirs)
}
code ~ /^[ \t]*#[ \t]*include[ \t]*</ {
	split(code, part, /[<>]/)
	library = part[2]
	sub(/[\/.].*/, "", library)
	if (library in home && index(" " home[library] " ", " " file " ") == 0)
		complain("<" part[2] "> belongs into " home[library])
	if (libc_only && part[2] ~ linux)
		complain("<" part[2] "> exists on Linux only")
}
END {
	for (module in of)
		if (!(module in met))
			print "src/README: there is no module " module
}' | complain

verdict 'the include graph obeys src/README'
