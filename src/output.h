/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The forms in which a credential leaves coco-credential (--format).
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cred.h"

enum output_format {
	OUTPUT_GIT,   /* lines of the git credential protocol */
	OUTPUT_TOKEN, /* the secret alone */
	OUTPUT_JSON,  /* one object, as a token endpoint answers */
	OUTPUT_HEADER /* HTTP header lines */
};

/* Find a format by its name.  Returns whether there is one. */
bool output_parse(const char *name, enum output_format *ret_format);

/*
 * Append ANSWER, which has a secret, in the given form.  NEWLINE: end the
 * token with one.  NOW_UTC is for the seconds left in JSON.  Returns 0;
 * -EBADMSG when a value does not fit the form (a newline); -EMSGSIZE.
 */
int output_format(const struct cred *answer, enum output_format format,
    bool newline, int64_t now_utc, struct buf *b);

#endif
