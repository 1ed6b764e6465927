#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0700 - what bash, zsh and fish offer on the way through a command line: the
# verbs, the options that fit a verb, and what there is of connections, stacks,
# providers and grants.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"

made=$builddir/packaging/completions
mkdir -p "$HOME/.snowflake" "$XDG_CONFIG_HOME/coco/stack.d" \
	"$XDG_CONFIG_HOME/coco/providers"
printf '%s\n' '[dev]' '[prod-1]' '[$(touch executed)]' \
	>"$HOME/.snowflake/connections.toml"
printf '%s\n' '[cli]' '[connections.other]' >"$HOME/.snowflake/config.toml"
: >"$XDG_CONFIG_HOME/coco/stack.d/mine"
: >"$XDG_CONFIG_HOME/coco/stack.d/\$(touch executed)"
: >"$XDG_CONFIG_HOME/coco/providers/mytool.toml"
: >"$XDG_CONFIG_HOME/coco/stack.d/mine.dpkg-dist"
mkdir programs
cat >programs/podman <<-\END
	#!/bin/sh
	test "$*" = "ps --format podman:{{.Names}}" && echo podman:web &&
		echo 'podman:$(touch executed)' && echo 'podman:`touch executed`'
END
cat >programs/docker <<-\END
	#!/bin/sh
	exit 1
END
cat >programs/coco-tokend <<-\END
	#!/bin/sh
	test "$*" = grants && printf '%s\n' 'id           aabb' 'ends         in 8 h'
END
chmod +x programs/*
PATH=$trash/programs:$PATH

# by_bash LINE: what is offered at its end
by_bash() {
	bash --norc --noprofile -c '
		. /usr/share/bash-completion/bash_completion
		. "$1"
		COMP_LINE=$2
		COMP_POINT=${#2}
		read -ra COMP_WORDS <<<"${2//:/ : }"
		[[ $2 == *" " ]] && COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		COMPREPLY=()
		$(complete -p "${COMP_WORDS[0]}" | sed "s/.*-F \([^ ]*\).*/\1/") \
			"${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" \
			"${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$made/${1%% *}.bash" "$1"
}

# fish takes a complete command line, and prints words with their descriptions
by_fish() {
	fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
		"$made/${1%% *}.fish" "$1" | cut -f 1
}

# zsh completes in an editor only, so it is given one, in which all that would be
# offered goes into a file.
cat >zsh.setup <<-END
	fpath=($trash/functions \$fpath)
	autoload -Uz compinit
	compinit -u -d $trash/functions/dump
	compadd() {
		if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
			builtin compadd "\$@"
			return
		fi
		local -a __offered
		builtin compadd -A __offered "\$@"
		print -l -- \$__offered >>$trash/zsh.offer
	}
	bindkey '^T' complete-word
	PS1='at-prompt>'
END
cat >zsh.editor <<-\END
	zmodload zsh/zpty
	zpty editor TERM=dumb zsh -f -i
	zpty -w editor "source $1"
	zpty -r editor line '*at-prompt>*'
	zpty -n -w editor "$2"$'\x14\x15# end'
	zpty -r editor line '*# end*'
	zpty -d editor
END
by_zsh() {
	mkdir -p functions
	cp "$made/${1%% *}.zsh" "functions/_${1%% *}"
	rm -f functions/dump zsh.offer
	timeout 20 zsh -f zsh.editor "$trash/zsh.setup" "$1" >lib/null
	cat zsh.offer
}

# expect_offer LINE WORD... [! WORD...]: each of the first is offered, and none
# of the last
expect_offer() {
	expect_line=$1
	shift
	"by_$shell" "$expect_line" >offer 2>offer.log || cat offer.log
	expect_grep='grep -Eqw'
	for word in "$@"; do
		case $word in
		!) expect_grep='! grep -Eqw' ;;
		*) eval "$expect_grep -e \"\$word\" offer" ||
			fail "$shell, $expect_line: $word in $(tr '\n' ' ' <offer)" ;;
		esac
	done
}

for shell in bash zsh fish; do
	if ! command -v $shell >lib/null || { test $shell = bash &&
	    ! test -e /usr/share/bash-completion/bash_completion; }; then
		test_case "$shell offers what fits" 'skip "no $shell"'
		continue
	fi
	test_case "$shell offers verbs, and options by their verb" '
		expect_offer "coco-credential " login token-file import
		expect_offer "coco-credential lo" login logout ! token
		expect_offer "coco-credential login --" --device --connection \
			! --watch
		expect_offer "coco-credential -c dev token-file --" --watch \
			! --device
		expect_offer "coco-tokend grant --" --ttl --subnet ! --all
		expect_offer "coco-deploy verify --" --strict ! --env-format
	'
	test_case "$shell offers what an option can have" '
		expect_offer "coco-credential --format " git token json header
		expect_offer "coco-credential -c " dev prod-1 other ! cli
		expect_offer "coco-credential --connection " dev
		expect_offer "coco-credential --stack " mine oauth ! dpkg-dist
		expect_offer "coco-deploy --provider " mytool
		expect_offer "coco-deploy apply --env-format " sh docker json
	'
	test_case "$shell offers what a verb can have" '
		expect_offer "coco-credential import " inspect-coco
		expect_offer "coco-deploy apply " podman:web dir:
		expect_offer "coco-tokend revoke " aabb
		expect_offer "coco-credential exec podm" podman
		expect_offer "coco-deploy exec " podman:web dir:
	'
	test_case "$shell is not misled by a name or a command" '
		expect_offer "coco-credential -c token lo" login logout
		expect_offer "coco-deploy -c run pla" plan
		expect_offer "coco-credential exec -c dev podm" podman
		expect_offer "coco-credential exec -c dev -- podm" podman
		expect_offer "coco-deploy run -- podman ru" ! verify
		expect_offer "coco-deploy exec podman:web -- podm" podman
		expect_offer "coco-deploy exec podman:web podm" podman
	'
done

test_case 'no name was executed' '
	test ! -e executed || fail "one was"
'

test_done
