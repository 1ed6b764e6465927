/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "io.h"
#include "log.h"
#include "path.h"
#include "prints.h"

#define BLANKS     " \t\r\n"
#define MAX_REASON 1024

void
prints_add(struct prints *p, const char *name, const void *secret, size_t len)
{
	size_t before = p->set.unknown.len;
	int r;

	r = hunt_add(&p->set, name, secret, len);
	if (r == -EMSGSIZE)
		prints_miss(p, name,
		    "it is too long, or there are too many secrets");
	else if (r != 0 && p->error == 0)
		p->error = r;
	else if (r == 0 && p->set.unknown.len != before)
		log_warn("not looked for: %s", p->set.unknown.v[before]);
}

void
prints_miss(struct prints *p, const char *name, const char *why)
{
	int r;

	log_warn("not looked for: %s: %s", name, why);
	r = hunt_note(&p->set, name, why);
	if (r != 0 && p->error == 0)
		p->error = r;
}

void
prints_miss_for(struct prints *p, const char *name, const char *reasons,
    const char *fallback)
{
	struct buf why = BUF_INIT(MAX_REASON);

	(void)buf_addf(&why, "%.*s", (int)strcspn(reasons, "\n"), reasons);
	prints_miss(p, name, why.len != 0 ? buf_str(&why) : fallback);
	buf_wipe(&why);
}

/* A key may be bytes of any kind, so a NUL is no blank, though strchr() finds
 * it. */
static bool
is_blank(char c)
{
	return memchr(BLANKS, c, strlen(BLANKS)) != NULL;
}

void
prints_add_file(struct prints *p, const char *name, const char *written)
{
	struct buf secret = BUF_INIT(HUNT_MAX_SECRET);
	struct buf path = BUF_INIT(PATH_MAX);
	const char *note = NULL;
	size_t blank = 0;
	int r;

	r = path_expand(&path, written);
	if (r == 0)
		r = io_read_secret(buf_str(&path), false, &secret, &note);
	while (secret.len != 0 && is_blank(secret.data[secret.len - 1]))
		buf_truncate(&secret, secret.len - 1);
	while (blank < secret.len && is_blank(secret.data[blank]))
		blank++;
	if (r == 0)
		prints_add(p, name, buf_str(&secret) + blank,
		    secret.len - blank);
	else if (r != -ENOENT)
		prints_miss(p, name, note != NULL ? note : strerror(-r));
	buf_wipe(&secret);
	buf_wipe(&path);
}
