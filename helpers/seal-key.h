/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the key of a sealed file comes from: one of six places, each an option
 * of the helper.  Messages go to log_warn(), and never hold a secret.
 */
#ifndef SEAL_KEY_H
#define SEAL_KEY_H

#include <stdbool.h>

#include "buf.h"
#include "opt.h"
#include "result.h"

/* The options.  Those from PASSPHRASE on give what must be stretched. */
enum seal_key_source {
	SEAL_KEY_FILE = OPT_LONG,
	SEAL_KEY_COMMAND,
	SEAL_KEY_CREDENTIAL,
	SEAL_KEY_PASSPHRASE_FILE,
	SEAL_KEY_PASSPHRASE_COMMAND,
	SEAL_KEY_PASSPHRASE_TERMINAL
};

#define SEAL_KEY_OPTIONS                                                    \
	{ SEAL_KEY_FILE, "key-file", "PATH",                                \
		"the key: a file that only you can read" },                 \
	    { SEAL_KEY_COMMAND, "key-command", "COMMAND",                   \
		    "the key: what this shell command prints" },            \
	    { SEAL_KEY_CREDENTIAL, "key-credential", "NAME",                \
		    "the key: this credential of the systemd service" },    \
	    { SEAL_KEY_PASSPHRASE_FILE, "passphrase-file", "PATH",          \
		    "a passphrase: a file that only you can read" },        \
	    { SEAL_KEY_PASSPHRASE_COMMAND, "passphrase-command", "COMMAND", \
		    "a passphrase: what this shell command prints" },       \
	{                                                                   \
		SEAL_KEY_PASSPHRASE_TERMINAL, "passphrase-terminal", NULL,  \
		    "a passphrase: asked for at the terminal"               \
	}

struct seal_key {
	int count;                   /* options of the above that were given */
	enum seal_key_source source; /* the last of them */
	const char *arg;
};

/* Take one of the options.  ARG must live as long as K. */
void seal_key_set(struct seal_key *k, int id, const char *arg);

/* Whether there was exactly one; explains when not. */
enum result seal_key_check(const struct seal_key *k);

bool seal_key_is_passphrase(const struct seal_key *k);

/* The name of the option. */
const char *seal_key_name(const struct seal_key *k);

/*
 * Append the key or passphrase.  CONFIRM: it is for a new file, so what is
 * typed is asked for twice.  Returns success; unavailable when it is not
 * there, denied when others can have it, error when it cannot be one.
 */
enum result
seal_key_read(const struct seal_key *k, bool confirm, struct buf *ret_secret);

/*
 * Make a key: write it to the file of key-file, which must not exist, and say
 * so in TEXT, or append it to TEXT when no option was given.
 */
enum result seal_key_make(const struct seal_key *k, struct buf *text);

#endif
