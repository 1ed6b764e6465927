# SPDX-License-Identifier: GPL-3.0-or-later
# complete.awk - a program's completions for a shell, made of its --help, which
# is made of the table of its options (src/opt.h)
#
#	coco-deploy --help | awk -v shell=bash|zsh|fish -v datadir=/usr/share \
#		-f complete.awk
#
# An option whose help begins with "VERB: " or "VERB, VERB: " is offered after
# those verbs only.  What is offered for an argument is said by kind_of() and
# operand_of(): "words a b", "files", "command", "target command", or the name
# of a list.

# What an option's argument may be.
function kind_of(name, arg, help) {
	if (name == "connection" || name == "stack" || name == "provider")
		return name "s"
	if (arg == "PATH" || arg == "FILE")
		return name == "home" ? "" : "files"
	# "... a, b or c"
	if (match(help, /([a-z]+, )*[a-z]+ or [a-z]+$/) && arg == "FORM") {
		help = substr(help, RSTART)
		gsub(/, | or /, " ", help)
		return "words " help
	}
	return ""
}

# What follows a verb.
function operand_of(verb) {
	if (program == "coco-deploy" && verb ~ /^(compose)$/ ||
	    verb == "token-file")
		return "files"
	if (program == "coco-deploy" && has_target[verb])
		return verb == "exec" ? "target command" : "targets"
	if (verb == "exec" || verb == "run")
		return "command"
	if (verb == "import")
		return "words inspect-coco"
	if (verb == "revoke")
		return "grants"
	if (verb == "grant")
		return "words update"
	return ""
}

# A line of sh that prints a list, one word a line.  It has no single quotes, so
# that every shell can have it between such.  Nothing gets through that a shell
# could take for more than a word: bash expands what it is offered.
function command_of(list) {
	return "{ " commands_of(list) \
	    "; } | grep \"^[A-Za-z0-9_.:-][A-Za-z0-9_.:-]*\\$\""
}

function commands_of(list,    config_home) {
	config_home = "\"${XDG_CONFIG_HOME:-$HOME/.config}\""
	if (list == "connections")
		return "cd \"${SNOWFLAKE_HOME:-$HOME/.snowflake}\" || " \
		    "cd " config_home "/snowflake || exit; " \
		    "sed -n \"s/^\\[\\([A-Za-z0-9_-]*\\)\\].*/\\1/p\" " \
		    "connections.toml; sed -n " \
		    "\"s/^\\[connections\\.\\([A-Za-z0-9_-]*\\)\\].*/\\1/p\" " \
		    "config.toml"
	if (list == "stacks")
		return "ls " config_home "/coco/stack.d /etc/coco/stack.d | " \
		    "grep -v \"[.]\"; " \
		    "printf \"%s\\n\" connections jwt oauth other pat"
	if (list == "providers")
		return "for d in " config_home "/coco /etc/coco " datadir \
		    "/coco; do ls \"$d/providers\"; done | " \
		    "sed -n \"s/\\.toml\\$//p\""
	if (list == "grants")
		return "coco-tokend grants | sed -n \"s/^id *//p\""
	return "for e in podman docker; do " \
	    "$e ps --format \"$e:{{.Names}}\"; done; echo dir:"
}

# --- reading ----------------------------------------------------------------

/^usage: / { program = $2 }
/^[A-Z][a-z]*:$/ { section = $1; next }
/^$/ { section = "" }
section == "Verbs:" {
	verbs[++n_verbs] = $1
	is_verb[$1] = 1
	line = $0
	sub(/^ *[^ ]+ +/, "", line)
	has_target[$1] = line ~ /^TARGET/
	verb_help[$1] = line
}
section == "Options:" { read_option($0) }

function read_option(line,    name) {
	n_options++
	sub(/^ +/, "", line)
	if (line ~ /^-[a-z], /) {
		letter[n_options] = substr(line, 2, 1)
		line = substr(line, 5)
	}
	match(line, /^--[a-z-]+/)
	name = substr(line, 3, RLENGTH - 2)
	line = substr(line, RLENGTH + 1)
	if (match(line, /^ [A-Z]([A-Z:]|\[|\])* /)) {
		arg[n_options] = substr(line, 2, RLENGTH - 2)
		line = substr(line, RLENGTH + 1)
	}
	sub(/^ +/, "", line)
	names[n_options] = name
	only[n_options] = verbs_before(line)
	help[n_options] = line
	kind[n_options] = kind_of(name, arg[n_options], line)
}

# The verbs in front of a help text, as " a b "; empty when there are none.
function verbs_before(text,    words, n, i, found) {
	if (!match(text, /^[a-z-]+( [a-z]+)?(, [a-z-]+)*: /))
		return ""
	n = split(substr(text, 1, RLENGTH - 2), words, /, | /)
	for (i = 1; i <= n; i++)
		if (is_verb[words[i]])
			found = found " " words[i]
	return found == "" ? "" : found " "
}

function verbs_between(separator,    i, found) {
	for (i = 1; i <= n_verbs; i++)
		found = found (i == 1 ? "" : separator) verbs[i]
	return found
}

# The verbs of operand_of() that give KIND, with SEPARATOR between them.
function verbs_with(wanted, separator,    i, found) {
	for (i = 1; i <= n_verbs; i++)
		if (operand_of(verbs[i]) == wanted)
			found = found (found == "" ? "" : separator) verbs[i]
	return found
}

function spelling(i) {
	return (letter[i] == "" ? "" : "-" letter[i] "|") "--" names[i]
}

# The names of the lists that some option or verb wants, in NAME; how many.
function lists_in_use(name,    all, wanted, what, i, n, count) {
	for (i = 1; i <= n_options; i++)
		wanted[kind[i]] = 1
	for (i = 1; i <= n_verbs; i++) {
		what = operand_of(verbs[i])
		wanted[what == "target command" ? "targets" : what] = 1
	}
	n = split("connections stacks providers targets grants", all, " ")
	for (i = 1; i <= n; i++)
		if (all[i] in wanted)
			name[++count] = all[i]
	return count
}

function options_with_argument(separator,    i, found) {
	for (i = 1; i <= n_options; i++)
		if (arg[i] != "")
			found = found (found == "" ? "" : separator) spelling(i)
	return found
}

# Cases of "case $verb in" that set LEFT for the verbs with a command behind
# them: the operands before it.  It is 9 for the others.
function cases_of_left(    verb, found) {
	verb = verbs_with("command", "|")
	if (verb != "")
		found = "\t\t\t" verb ") left=0 ;;\n"
	verb = verbs_with("target command", "|")
	if (verb != "")
		found = found "\t\t\t" verb ") left=1 ;;\n"
	return found
}

END {
	prefix = program
	gsub(/-/, "_", prefix)
	if (shell == "bash")
		bash()
	else if (shell == "zsh")
		zsh()
	else
		fish()
}

# --- bash -------------------------------------------------------------------

# The command that fills COMPREPLY with what KIND says.
function bash_reply(what,    list) {
	if (what == "files")
		return "_filedir"
	if (what ~ /^words /)
		list = "'" substr(what, 7) "'"
	else
		list = "\"$(sh -c '" command_of(what) "' 2>/dev/null)\""
	return bash_choose(list)
}

function bash_choose(list) {
	return "mapfile -t COMPREPLY < <(compgen -W " list " -- \"$cur\")"
}

function bash(    i, j, what, seen) {
	print "# bash completion for " program "; made by complete.awk"
	print "_" prefix "() {"
	print "\tlocal cur prev words cword split verb= i left=9 command="
	print "\t_init_completion -s -n : || return"
	print "\tfor ((i = 1; i < cword; i++)); do"
	print "\t\tcase ${words[i]} in"
	print "\t\t" options_with_argument("|") ") ((i++)) ;;"
	print "\t\t--) ((left == 0)) && command=$((i + 1)) && break ;;"
	print "\t\t-*) ;;"
	print "\t\t*)\n\t\t\tif [[ $verb ]]; then"
	print "\t\t\t\t((left == 0)) && command=$i && break"
	print "\t\t\t\t((left--))\n\t\t\t\tcontinue\n\t\t\tfi"
	print "\t\t\tverb=${words[i]}\n\t\t\tcase $verb in"
	printf "%s", cases_of_left()
	print "\t\t\t*) break ;;\n\t\t\tesac\n\t\t\t;;\n\t\tesac\n\tdone"
	print "\tif ((left == 0 && i == cword)) && [[ $cur != -* ]]; then"
	print "\t\tcommand=$cword\n\tfi"
	# where that is in COMP_WORDS, in which podman:web is three words
	print "\tif [[ $command ]]; then\n\t\tlocal at=0 text"
	print "\t\tfor ((i = 0; i < command; i++)); do"
	print "\t\t\ttext=${COMP_WORDS[at++]}"
	print "\t\t\twhile [[ $text != \"${words[i]}\" ]] &&" \
	    " ((at < COMP_CWORD)); do"
	print "\t\t\t\ttext+=${COMP_WORDS[at++]}\n\t\t\tdone\n\t\tdone"
	print "\t\t_command_offset $at\n\t\treturn\n\tfi"
	print "\tcase $prev in"
	for (i = 1; i <= n_options; i++)
		if (kind[i] != "")
			print "\t" spelling(i) ")\n\t\t" bash_reply(kind[i]) \
			    "\n\t\treturn\n\t\t;;"
	print "\t" options_with_argument("|") ") return ;;"
	print "\tesac"
	print "\t$split && return"
	print "\tif [[ $cur == -* ]]; then"
	print "\t\tlocal options='" bash_options("") "'"
	print "\t\tcase $verb in"
	for (j = 1; j <= n_verbs; j++)
		if (bash_options(verbs[j]) != "")
			print "\t\t" verbs[j] ") options+='" \
			    bash_options(verbs[j]) "' ;;"
	print "\t\tesac"
	print "\t\t" bash_choose("\"$options\"")
	print "\t\treturn\n\tfi"
	print "\tcase $verb in"
	print "\t'') " bash_reply("words " verbs_between(" ")) " ;;"
	for (i = 1; i <= n_verbs; i++) {
		what = operand_of(verbs[i])
		if (what != "" && what != "command" && !(what in seen)) {
			seen[what] = 1
			print "\t" verbs_with(what, "|") ")"
			sub(/^target command$/, "targets", what)
			print "\t\t" bash_reply(what) "\n\t\t;;"
		}
	}
	print "\tesac"
	print "\t__ltrim_colon_completions \"$cur\""
	print "} &&\n\tcomplete -F _" prefix " " program
}

# Options of VERB alone; those of all when it is empty.
function bash_options(verb,    i, found) {
	for (i = 1; i <= n_options; i++)
		if (verb == "" ? only[i] == "" : index(only[i], " " verb " "))
			found = found " --" names[i]
	return found
}

# --- zsh --------------------------------------------------------------------

function zsh_text(text) {
	gsub(/\[|\]|:|\\/, "\\\\&", text)
	gsub(/'/, "'\\''", text)
	return text
}

# The action of _arguments for KIND.
function zsh_action(what) {
	if (what == "files")
		return "_files"
	if (what ~ /^words /)
		return "(" substr(what, 7) ")"
	if (what == "")
		return " "
	return "_" prefix "_" what
}

# The specifications of VERB's options alone; of all verbs' when it is empty.
function zsh_options(verb,    i, rest, found) {
	for (i = 1; i <= n_options; i++) {
		if (verb == "" ? only[i] != "" : !index(only[i], " " verb " "))
			continue
		rest = "[" zsh_text(help[i]) "]"
		if (arg[i] != "")
			rest = rest ":" zsh_text(arg[i]) ":" zsh_action(kind[i])
		if (letter[i] != "")
			found = found "\t'*-" letter[i] rest "'\n"
		found = found "\t'*--" names[i] (arg[i] != "" ? "=" : "") \
		    rest "'\n"
	}
	return found
}

function zsh(    i, rest, n, name) {
	print "#compdef " program
	print "# made by complete.awk"
	n = lists_in_use(name)
	for (i = 1; i <= n; i++) {
		print "_" prefix "_" name[i] "() {"
		print "\tlocal -a found"
		print "\tfound=(${(f)\"$(sh -c '" command_of(name[i]) \
		    "' 2>/dev/null)\"})"
		print "\tcompadd -a found\n}"
	}
	print "local verb=\ninteger i left=9 command=0"
	print "for (( i = 2; i < CURRENT; i++ )); do"
	print "\tcase $words[i] in"
	print "\t" options_with_argument("|") ") (( i++ )) ;;"
	print "\t--) (( left == 0 )) && (( command = i + 1 )) && break ;;"
	print "\t-*) ;;"
	print "\t*)\n\t\tif [[ -n $verb ]]; then"
	print "\t\t\t(( left == 0 )) && (( command = i )) && break"
	print "\t\t\t(( left-- ))\n\t\t\tcontinue\n\t\tfi"
	print "\t\tverb=$words[i]\n\t\tcase $verb in"
	printf "%s", cases_of_left()
	print "\t\t*) break ;;\n\t\tesac\n\t\t;;\n\tesac\ndone"
	print "(( left == 0 && i == CURRENT )) && [[ $words[i] != -* ]] &&"
	print "\t(( command = i ))"
	print "if (( command > 0 )); then"
	print "\tshift $(( command - 1 )) words"
	print "\t(( CURRENT -= command - 1 ))"
	print "\t_normal\n\treturn\nfi"
	print "local -a verbs=("
	for (i = 1; i <= n_verbs; i++)
		print "\t'" verbs[i] ":" zsh_text(verb_help[verbs[i]]) "'"
	print ")"
	print "local -a options=(\n" zsh_options("") ")"
	print "case $verb in"
	for (i = 1; i <= n_verbs; i++)
		if (zsh_options(verbs[i]) != "")
			print verbs[i] ") options+=(\n" zsh_options(verbs[i]) \
			    ") ;;"
	print "esac"
	print "local state line curcontext=$curcontext"
	print "typeset -A opt_args"
	print "_arguments -C $options '1:verb:->verb' '*:operand:->operand'"
	print "case $state in"
	print "verb) _describe verb verbs ;;"
	print "operand)\n\tcase $line[1] in"
	for (i = 1; i <= n_verbs; i++) {
		rest = operand_of(verbs[i])
		if (rest == "" || rest == "command")
			continue
		sub(/^target command$/, "targets", rest)
		if (rest ~ /^words /)
			rest = "compadd " substr(rest, 7)
		else
			rest = zsh_action(rest)
		print "\t" verbs[i] ") " rest " ;;"
	}
	print "\tesac\n\t;;\nesac"
}

# --- fish -------------------------------------------------------------------

function fish_text(text) {
	gsub(/\\|'/, "\\\\&", text)
	return "'" text "'"
}

function fish_values(what) {
	if (what == "files")
		return " -r -F"
	if (what ~ /^words /)
		return " -x -a " fish_text(substr(what, 7))
	if (what ~ /command$/)
		return " -x -a '(__" prefix "_command)'"
	if (what == "")
		return " -x"
	return " -x -a '(__" prefix "_" what ")'"
}

# What the words before the cursor are: the verb, which may be empty, then where
# the command begins, or 0.
function fish_words(    f, options, cases) {
	f = "__" prefix
	options = options_with_argument(" ")
	gsub(/\|/, " ", options)
	cases = fish_left("command", 0) fish_left("target command", 1)
	print "function " f "_words\n\tset -l verb\n\tset -l left 9"
	print "\tset -l words (commandline -opc)\n\tset -l i 2"
	print "\twhile test $i -le (count $words)"
	print "\t\tswitch $words[$i]"
	print "\t\tcase " options "\n\t\t\tset i (math $i + 1)"
	print "\t\tcase --"
	print "\t\t\ttest $left -eq 0; and set i (math $i + 1); and break"
	print "\t\tcase '-*'\n\t\tcase '*'"
	print "\t\t\tif test -n \"$verb\""
	print "\t\t\t\ttest $left -eq 0; and break"
	print "\t\t\t\tset left (math $left - 1)"
	print "\t\t\telse\n\t\t\t\tset verb $words[$i]"
	print "\t\t\t\tswitch $verb" cases
	print "\t\t\t\tcase '*'\n\t\t\t\t\tbreak\n\t\t\t\tend"
	print "\t\t\tend\n\t\tend\n\t\tset i (math $i + 1)\n\tend"
	print "\techo \"$verb\""
	print "\ttest $left -eq 0; and echo $i; or echo 0\nend"
	print "function " f "_verb\n\t" f "_words | head -n 1\nend"
	if (cases == "")
		return
	print "function " f "_command\n\tset -l i (" f "_words)[2]"
	print "\tset -l words (commandline -opc) (commandline -ct)"
	if (verbs_with("target command", " ") != "")
		print "\ttest $i -eq 0; and " f "_targets; and return"
	print "\tcomplete -C (string join ' ' -- $words[$i..])\nend"
}

function fish_left(what, left,    verb) {
	verb = verbs_with(what, " ")
	if (verb == "")
		return ""
	return "\n\t\t\t\tcase " verb "\n\t\t\t\t\tset left " left
}

function fish(    i, n, name, line) {
	print "# fish completions for " program "; made by complete.awk"
	n = lists_in_use(name)
	for (i = 1; i <= n; i++)
		print "function __" prefix "_" name[i] "\n\tsh -c '" \
			    command_of(name[i]) "' 2>/dev/null\nend"
	fish_words()
	print "complete -c " program " -f"
	for (i = 1; i <= n_verbs; i++)
		print "complete -c " program \
		    " -n 'test -z (__" prefix "_verb)' -a " \
		    verbs[i] " -d " fish_text(verb_help[verbs[i]])
	for (i = 1; i <= n_options; i++) {
		line = "complete -c " program
		if (only[i] != "")
			line = line " -n 'contains -- (__" prefix "_verb)" \
			    substr(only[i], 1, length(only[i]) - 1) "'"
		if (letter[i] != "")
			line = line " -s " letter[i]
		line = line " -l " names[i]
		if (arg[i] != "")
			line = line fish_values(kind[i])
		print line " -d " fish_text(help[i])
	}
	for (i = 1; i <= n_verbs; i++)
		if (operand_of(verbs[i]) != "")
			print "complete -c " program \
			    " -n 'contains -- (__" prefix "_verb) " verbs[i] \
			    "'" \
			    fish_values(operand_of(verbs[i]))
}
