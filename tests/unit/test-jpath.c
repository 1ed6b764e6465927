/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON as places and values: what is told, and what is refused. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "jpath.h"
#include "tap.h"

static int
note(void *ctx, const char *path, const char *value)
{
	struct buf *b = ctx;

	return buf_addf(b, "%s=%s;", path, value);
}

static int
stop(void *ctx, const char *path, const char *value)
{
	(void)ctx;
	(void)path;
	return strcmp(value, "2") == 0 ? -ESRCH : 0;
}

static void
reads(const char *text, const char *want)
{
	struct buf b = BUF_INIT(4096);
	/* a copy without a NUL, so that sanitizers see a read too far */
	size_t len = strlen(text);
	char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	is_int(jpath_read(copy, len, note, &b), 0, "%s", text);
	is_str(buf_str(&b), want, "what it says");
	buf_wipe(&b);
	free(copy);
}

static void
refuses(const char *text, size_t len, const char *name)
{
	struct buf b = BUF_INIT(4096);
	char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	is_int(jpath_read(copy, len, note, &b), -EBADMSG, "refused: %s", name);
	buf_wipe(&b);
	free(copy);
}

static const char *const good[][2] = {
	{ "{\"id\":\"a\",\"connections\":[{\"name\":\"dev\",\"roles\":[\"R\","
	  "\"S\"]},{\"name\":\"b\",\"roles\":[]}],\"expires_in\":9,"
	  "\"expose\":false}",
	    "id=a;connections[].name=dev;connections[].roles[]=R;"
	    "connections[].roles[]=S;connections[].name=b;expires_in=9;"
	    "expose=false;" },
	{ " [ ] ", "" },
	{ "{}", "" },
	{ "\t\"x\"\r\n", "=x;" },
	{ "null", "=null;" },
	{ "[0,-0,10,1.5,-2e3,3E+4,0.1e-2,true]",
	    "[]=0;[]=-0;[]=10;[]=1.5;[]=-2e3;[]=3E+4;[]=0.1e-2;[]=true;" },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "=\"\\/\b\f\n\r\t;" },
	{ "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"",
	    "=A\303\251\342\202\254\360\237\230\200;" },
	{ "\"\303\251\"", "=\303\251;" },
	{ "{\"a\":{\"b\":[[1],{\"c\":2}]}}", "a.b[][]=1;a.b[].c=2;" },
};

static const char *const bad[] = { "", " ", "{", "[", "[1", "[1,", "[1,]",
	"[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\" 1}",
	"{1:2}", "[1 2]", "1 2", "{}x", "\"", "\"a", "\"\\", "\"\\x\"",
	"\"\\u12\"", "\"\\u12g4\"", "\"\\u0000\"", "\"\\ud800\"",
	"\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\n\"",
	"\"\377\"", "\"\303\"", "01", "-", "+1", "1.", ".5", "1e", "1e+", "tru",
	"True", "nul", "'a'", "{\"a.b\":1}", "{\"a[]\":1}", "]", "}", "[1}",
	"{\"a\":1]", "/**/1", "\"\\u-123\"", "\"\\u 123\"", "0x1" };

int
main(void)
{
	static const char deep[] = "[[[[[[[[1]]]]]]]]";
	static const char deeper[] = "[[[[[[[[[1]]]]]]]]]";
	struct buf b = BUF_INIT(JPATH_MAX_VALUE + 3);
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++)
		reads(good[i][0], good[i][1]);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		refuses(bad[i], strlen(bad[i]), bad[i]);
	for (i = 0; i < strlen(good[0][0]); i++)
		refuses(good[0][0], i, "a part of it");
	refuses("\"a\0b\"", 5, "a NUL in a string");
	refuses("{}\0", 3, "a NUL behind it");
	reads(deep, "[][][][][][][][]=1;");
	is_int(jpath_read(deeper, strlen(deeper), note, &b), -EMSGSIZE,
	    "too deep");
	is_int(jpath_read("[1,2,3]", 7, stop, NULL), -ESRCH, "FN can end it");
	buf_clear(&b);
	(void)buf_addc(&b, '"');
	while (b.len <= JPATH_MAX_VALUE + 1)
		(void)buf_addc(&b, 'a');
	(void)buf_addc(&b, '"');
	is_int(jpath_read(buf_str(&b), b.len, stop, NULL), -EMSGSIZE,
	    "too long a value");
	buf_wipe(&b);
	return done_testing();
}
