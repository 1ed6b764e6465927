/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entries of a store of credentials: what get, store, erase and logout do
 * to them, and their text form.  Pure, so that each store that keeps a list
 * (a plain file, a sealed file) behaves the same.
 *
 * Entries are in the order in which they were stored; get gives the newest
 * that matches, as git-credential-store does.  An entry with a connection
 * follows rules of its own, because git's habit to store after every success
 * and to erase after every failure would lose refresh tokens:
 *
 *	store	an equal token keeps refresh token and expiry; another token
 *		without a refresh token never replaces one that has it
 *	erase	an equal token becomes expired; nothing is removed
 *	logout	removes
 *
 * A refresh token that the server refused is marked by the state
 * ENTRIES_REFUSED.  It is kept, but get does not give it out any more, until
 * another one takes its place.
 */
#ifndef ENTRIES_H
#define ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cred.h"
#include "result.h"

/* The state "coco:refused=UTC": when the server refused the refresh token. */
#define ENTRIES_REFUSED "refused"

/*
 * The state of a new refresh token that came without a live token: the name of
 * the one that it replaces.  Such an entry takes the place of that one and of
 * no other: a process that does not see our lock may have stored a newer one.
 */
#define ENTRIES_ROTATED   "rotated"
#define ENTRIES_NAME_SIZE 17 /* with its NUL */

/* The name of a token: a hash, that cannot be turned back into one. */
void entries_name_token(const char *token, char name[ENTRIES_NAME_SIZE]);

#define ENTRIES_MAX      4096
#define ENTRIES_MAX_TEXT (16 * 1024 * 1024)

struct entries {
	struct cred *v;
	size_t len;
};

#define ENTRIES_INIT    \
	{               \
		NULL, 0 \
	}

/*
 * Parse the text form: a first line ENTRIES_HEADER, then one credential
 * message after another, a blank line behind each.  An empty text is an empty
 * store.  Returns 0, -EBADMSG or -EMSGSIZE with the reason, and which entry,
 * in WHY.
 */
#define ENTRIES_HEADER "# coco credentials 1\n"
int entries_parse(const char *text, size_t len, struct entries *ret_entries,
    struct buf *why);

/* Append the text form. */
int entries_format(const struct entries *e, struct buf *b);

/*
 * Answer a get.  success: ANSWER holds the secret and all that goes with it;
 * expired: it holds what a refresh needs, the secret is left out; else
 * not_found.  An entry with a connection counts as expired when it is stale
 * (clock_is_stale()), any other when its time has come.  An entry of authtype
 * and credential is given only to a request with that capability.
 */
enum result entries_get(const struct entries *e, const struct cred *request,
    int64_t now_utc, struct cred *answer);

/*
 * Store.  Ephemeral credentials, and those with nothing to keep, are not
 * stored.  *RET_CHANGED tells whether there is something to write; a store of
 * an unchanged entry with a connection counts as a change, because that is how
 * a writable store is told from one that is not.  Returns 0 or -EMSGSIZE.
 */
int entries_store(struct entries *e, const struct cred *new, bool *ret_changed);

/* Erase what matches and, if REQUEST gives a secret, has that secret. */
bool entries_erase(struct entries *e, const struct cred *request);

/*
 * Append a block of "key=value" lines for each entry, newest last, a blank
 * line before each: what it is for and whether it has a secret and a refresh
 * token, but neither of them nor anything else that is secret.  One that was
 * refused is none, and "refused=yes" says so.  Returns 0 or -EMSGSIZE.
 */
int entries_list(const struct entries *e, int64_t now_utc, struct buf *b);

/* Remove what matches, whatever its secret.  Returns how many there were. */
size_t entries_logout(struct entries *e, const struct cred *request);

void entries_wipe(struct entries *e);

#endif
