/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The settings of the daemon, coco.toml(5).
 *
 *	struct settings s;
 *	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);
 *
 *	r = settings_load(&s, &why);
 *	if (r != 0)
 *		log_lines(buf_str(&why));
 *
 * $XDG_CONFIG_HOME/coco/coco.toml is over /etc/coco/coco.toml, key by key;
 * neither has to be there.  A file with any fault is refused whole, and all
 * its faults are told: a typo must not turn a limit off.
 *
 * The table of settings is in settings.c, one row each: whoever adds one adds
 * a member here, a row there and an item in coco.toml(5), and t0400 compares
 * the latter two.  A struct settings is plain data and owns nothing.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "path.h"

#define SETTINGS_SYSTEM_FILE PATH_SYSCONFDIR "/coco.toml"
#define SETTINGS_MAX_TEXT    65536 /* bytes of a file */
#define SETTINGS_MAX_WHY     8192  /* more faults than fit are not told */
#define SETTINGS_MAX_PRINT   8192
#define SETTINGS_MAX_SOCKET  107 /* bytes; sun_path of unix(7) has a NUL too */

/* What is worth a line in the log, the gravest first. */
enum settings_level {
	SETTINGS_ERROR,
	SETTINGS_WARNING,
	SETTINGS_INFO,
	SETTINGS_DEBUG
};

/* Times are seconds. */
struct settings {
	/* [daemon] */
	char socket[SETTINGS_MAX_SOCKET + 1]; /* for path_expand(); or "" */
	int max_connections;
	int header_timeout;
	int idle_timeout;
	int request_timeout;
	int max_children;
	bool check_namespaces;
	/* [cache] */
	int max_entries;
	int max_age;
	bool refresh_ahead;
	/* [sandbox] */
	struct {
		int max_grants;
		int max_connections; /* of all sandboxes */
		int max_per_grant;
		int idle_timeout;
	} sandbox;
	/* [log] */
	enum settings_level level;
};

/* What holds where no file says otherwise. */
void settings_init(struct settings *ret_settings);

/*
 * Change S by what LEN bytes of a file say; what they do not mention stays.
 * Returns 0; -EBADMSG, or -EMSGSIZE when they are more than SETTINGS_MAX_TEXT,
 * with "LINE:COLUMN: reason" appended to WHY, a line for each fault without a
 * newline behind the last; then S is as it was.  Columns are code points from
 * 1.
 */
int settings_parse(const char *text, size_t len, struct settings *s,
    struct buf *why);

/*
 * The settings of this machine and user.  Both files must be trusted
 * (path_check_trusted(), THREATS.md T9).  Returns 0, or the negative errno of
 * the first fault, with all of them appended to WHY, a line each without a
 * newline behind the last: "FILE:LINE:COLUMN: reason" or "FILE: reason";
 * RET_SETTINGS is then untouched.  Without a home directory there is no file of
 * the user's.
 */
int settings_load(struct settings *ret_settings, struct buf *why);

/* Append S as a coco.toml with each setting explained.  Returns 0 or
 * -EMSGSIZE; SETTINGS_MAX_PRINT is always enough. */
int settings_print(const struct settings *s, struct buf *b);

#endif
