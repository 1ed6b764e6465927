/* SPDX-License-Identifier: GPL-3.0-or-later */
/* T5: whatever a server says, no part of a secret is shown. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "oauth-answer.h"
#include "oauth-secret.h"
#include "tap.h"

#define REFRESH "ver:2-hint:41-did:E/TMs+gAAAZ/Canary/3nB5JF02aTl0UTTjgqKP=="

/* A token by all its ways around a search for it. */
static const struct {
	const char *text;
	bool has;
} echoes[] = {
	{ "plain", false },
	{ "", false },
	{ "Cannot use " REFRESH " here", true },
	{ "Cannot use " REFRESH REFRESH, true },
	/* percent-encoded: all, in lower case, without '/' */
	{ "ver%3A2-hint%3A41-did%3AE%2FTMs%2BgAAAZ%2FCanary%2F3nB5JF02aTl0UTT"
	  "jgqKP%3D%3D",
	    true },
	{ "ver%3a2-hint%3a41-did%3aE%2fTMs%2bgAAAZ%2fCanary%2f3nB5JF02aTl0UTT"
	  "jgqKP%3d%3d",
	    true },
	{ "ver%3A2-hint%3A41-did%3AE/TMs%2BgAAAZ/Canary/3nB5JF02aTl0UTTjgqKP"
	  "%3D%3D",
	    true },
	{ "%6a%67%71%4B%50%6Al0UTT%6Ag%71%4bP", true },
	/* HTML */
	{ "ver:2-hint:41-did:E&#x2F;TMs&#43;gAAAZ&#x2F;Canary&#x2F;3nB5JF02a"
	  "Tl0UTTjgqKP&#61;&#61;",
	    true },
	/* cut at its end, or down to its middle */
	{ "ver:2-hint:41-did:E/TMs+gAAAZ/Canary/3nB5JF02aTl0UTTjgq", true },
	{ "...Canary/3n...", true },
	{ "...Canary/...", false },
	/* with something in it */
	{ "ver:2-hint:41-did:E/TMs+gAAAZ/Can ary/3nB5JF02aTl0UTTjgqKP==",
	    true },
	{ "Canary/\n3nB5JF02\n", true },
	{ "C-a-n-a-r-y-3-n", true },
	{ "C\xc3\xa4"
	  "a\001n\xff"
	  "ary3n",
	    true },
	/* secrets that are short, look encoded, or have no letter or digit */
	{ "the password is p+w1", true },
	{ "the password is p%2Bw1.", true },
	{ "the password is pw", false },
	{ "client a%2Bb%2Bc%2Bd", true },
	{ "client a%252Bb%252Bc%252Bd", true },
	{ "client a%2Bb%2Bc", false },
	{ "-$+-", true },
	{ "-$-", false },
	{ "100%", false },
	{ "%4", false },
	{ "%zz%4g", false },
};

static void
test_secrets(void)
{
	struct oauth_secrets known = { { REFRESH, "", NULL, "p+w1" } };
	struct buf text = BUF_INIT(8192);
	size_t i;

	oauth_secrets_add(&known, "a%2Bb%2Bc%2Bd");
	oauth_secrets_add(&known, "$+");
	oauth_secrets_add(&known, NULL);
	for (i = 0; i < ARRAY_LEN(echoes); i++)
		is_int(oauth_secrets_in(&known, echoes[i].text), echoes[i].has,
		    "echo, row %zu", i);
	for (i = 0; i < OAUTH_MAX_SHOWN - 4; i++)
		(void)buf_adds(&text, "-");
	(void)buf_add(&text, REFRESH, strlen(REFRESH) / 2);
	ok(oauth_secrets_in(&known, buf_str(&text)), "where the text is cut");
	buf_wipe(&text);
}

static void
test_show(void)
{
	static const struct {
		const char *text;
		const char *want;
	} t[] = {
		{ "plain", "plain" },
		{ "\033[2Jx\n", "\\x1b[2Jx\\x0a" },
		{ "\xff", "\\xff" },
		{ "\xc3\xa4", "\xc3\xa4" },
	};
	struct buf b = BUF_INIT(1024);
	struct buf text = BUF_INIT(8192);
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		buf_clear(&b);
		oauth_show(t[i].text, &b);
		is_str(buf_str(&b), t[i].want, "shown, row %zu", i);
	}
	for (i = 0; i < 500; i++)
		(void)buf_adds(&text, "long text\n");
	buf_clear(&b);
	oauth_show(buf_str(&text), &b);
	ok(b.len <= OAUTH_MAX_SHOWN + 8, "long text is cut");
	ok(strcmp(buf_str(&b) + b.len - 3, "...") == 0, "which is seen");
	buf_wipe(&b);
	buf_wipe(&text);
}

#define WITHHELD "its text is withheld, for it holds part of a secret"

/* The secrets of a request and those of the answer, one at a time. */
static void
test_withheld(void)
{
	static const char *const echoed[] = { "R-SECRET-1", "C-SECRET-2",
		"V-SECRET-3", "J-SECRET-4", "A-SECRET-5", "N-SECRET-6",
		"I-SECRET-7", "D-SECRET-8" };
	const struct oauth_secrets known = { { "R-SECRET-1", "C-SECRET-2",
	    "V-SECRET-3", "J-SECRET-4" } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(echoed); i++) {
		struct oauth_answer a = OAUTH_ANSWER_INIT;
		struct buf body = BUF_INIT(1024);
		struct buf why = BUF_INIT(1024);

		(void)buf_addf(&body,
		    "{\"error\":\"invalid_request\","
		    "\"access_token\":\"A-SECRET-5\","
		    "\"refresh_token\":\"N-SECRET-6\","
		    "\"id_token\":\"I-SECRET-7\","
		    "\"device_code\":\"D-SECRET-8\","
		    "\"error_description\":\"You sent %s\"}",
		    echoed[i]);
		is_int(oauth_answer_read(&known, 400, &body, &a, &why),
		    RESULT_DENIED, "an error that echoes %s", echoed[i]);
		ok(strstr(buf_str(&why),
		       "invalid_request: " WITHHELD
		       "\nhint: ") == buf_str(&why),
		    "shows its name");
		ok(strstr(buf_str(&why), "SECRET") == NULL &&
			strstr(buf_str(&why), "You") == NULL,
		    "and nothing of its text");
		buf_wipe(&body);
		buf_wipe(&why);
	}
}

int
main(void)
{
	test_secrets();
	test_show();
	test_withheld();
	return done_testing();
}
