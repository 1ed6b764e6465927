/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page that the browser shows at the end of a login: one self-contained
 * HTML text for light and dark, no script, nothing loaded from anywhere.
 */
#ifndef OAUTH_PAGE_H
#define OAUTH_PAGE_H

#include <stdbool.h>

#include "buf.h"

#define OAUTH_PAGE_MAX  32768
#define OAUTH_PAGE_ROWS 4

/* What the page must be sent with: it may do nothing but look good. */
#define OAUTH_PAGE_CSP                                                     \
	"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"

struct oauth_page_row {
	const char *name;
	const char *value; /* NULL: the row is left out */
};

/* All of it is text; it is escaped here. */
struct oauth_page {
	bool good;
	const char *title;
	const char *text;
	struct oauth_page_row row[OAUTH_PAGE_ROWS];
	const char *command; /* what to run next, or NULL */
	const char *foot;    /* or NULL */
};

/* Append the page.  Returns 0 or -EMSGSIZE. */
int oauth_page(const struct oauth_page *p, struct buf *html);

#endif
