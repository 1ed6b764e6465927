/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "esc.h"
#include "oauth-page.h"

static const char style
    [] = ":root{color-scheme:light dark;--bg:#f3f6f9;--card:#fff;--ink:#1b2733;"
	 "--soft:#5c6b7a;--line:#dfe6ec;--good:#1a8f5a;--bad:#c2413b}\n"
	 "@media(prefers-color-scheme:dark){:root{--bg:#10161c;--card:#19222b;"
	 "--ink:#e8eef4;--soft:#94a3b2;--line:#2b3742;--good:#3ecf8e;"
	 "--bad:#ff7b72}}\n"
	 "*{box-sizing:border-box}\n"
	 "body{margin:0;min-height:100vh;display:grid;place-items:center;"
	 "padding:1.5rem;background:var(--bg);color:var(--ink);"
	 "font:16px/1.55 system-ui,sans-serif}\n"
	 "main{width:100%;max-width:29rem;padding:2.5rem 2.25rem;"
	 "background:var(--card);border:1px solid var(--line);"
	 "border-radius:18px;box-shadow:0 12px 40px rgba(0,0,0,.08)}\n"
	 ".mark{width:3.5rem;height:3.5rem;margin:0 0 1.25rem;display:grid;"
	 "place-items:center;border-radius:50%;font-size:1.75rem;"
	 "line-height:1;color:var(--card);background:var(--good)}\n"
	 ".bad .mark{background:var(--bad)}\n"
	 "h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25;"
	 "overflow-wrap:anywhere}\n"
	 "p{margin:0 0 1rem;overflow-wrap:anywhere}\n"
	 "dl{display:grid;grid-template-columns:auto 1fr;gap:.4rem 1.25rem;"
	 "margin:1.5rem 0;padding:1.1rem 0;border:solid var(--line);"
	 "border-width:1px 0}\n"
	 "dt{color:var(--soft)}\n"
	 "dd{margin:0;text-align:right;overflow-wrap:anywhere}\n"
	 "pre{margin:1rem 0;padding:.75rem 1rem;border-radius:10px;"
	 "background:var(--bg);font:14px/1.5 ui-monospace,monospace;"
	 "white-space:pre-wrap;overflow-wrap:anywhere}\n"
	 ".foot{margin:0;color:var(--soft);font-size:.9rem}\n";

/* Append BEFORE, the escaped text, AFTER; nothing when the text is NULL. */
static int
add(struct buf *html, const char *before, const char *text, const char *after)
{
	int r;

	if (text == NULL)
		return 0;
	r = buf_adds(html, before);
	if (r == 0)
		r = esc_html(html, text, strlen(text));
	return r != 0 ? r : buf_adds(html, after);
}

static int
add_head(const struct oauth_page *p, struct buf *html)
{
	int r;

	r = buf_adds(html,
	    "<!doctype html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n");
	if (r == 0)
		r = add(html, "<title>", p->title, " &middot; coco</title>\n");
	if (r == 0)
		r = buf_addf(html, "<style>\n%s</style>\n</head>\n", style);
	return r;
}

static int
add_rows(const struct oauth_page *p, struct buf *html)
{
	size_t some = 0;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < OAUTH_PAGE_ROWS; i++) {
		if (p->row[i].value == NULL)
			continue;
		if (some++ == 0)
			r = buf_adds(html, "<dl>\n");
		if (r == 0)
			r = add(html, "<dt>", p->row[i].name, "</dt>");
		if (r == 0)
			r = add(html, "<dd>", p->row[i].value, "</dd>\n");
	}
	if (r == 0 && some != 0)
		r = buf_adds(html, "</dl>\n");
	return r;
}

int
oauth_page(const struct oauth_page *p, struct buf *html)
{
	int r;

	r = add_head(p, html);
	if (r == 0)
		r = buf_addf(html,
		    "<body>\n<main class=\"%s\">\n"
		    "<div class=\"mark\" aria-hidden=\"true\">%s</div>\n",
		    p->good ? "good" : "bad", p->good ? "&#10003;" : "!");
	if (r == 0)
		r = add(html, "<h1>", p->title, "</h1>\n");
	if (r == 0)
		r = add(html, "<p>", p->text, "</p>\n");
	if (r == 0)
		r = add_rows(p, html);
	if (r == 0)
		r = add(html, "<pre>", p->command, "</pre>\n");
	if (r == 0)
		r = add(html, "<p class=\"foot\">", p->foot, "</p>\n");
	return r != 0 ? r : buf_adds(html, "</main>\n</body>\n</html>\n");
}
