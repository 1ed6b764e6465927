/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of each kind and form, made by OpenSSL (tests/data/key), as PKCS#8: the
 * bytes that OpenSSL makes of them. */
#include "coco.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "io.h"
#include "key.h"
#include "keypem.h"
#include "proc.h"
#include "tap.h"

static struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);

/* The key NAME as it is in its file, and as DER. */
static void
read_key(const char *name, struct buf *text, struct buf *der)
{
	const char *srcdir = getenv("srcdir");
	struct buf path = BUF_INIT(4096);

	buf_clear(text);
	buf_clear(der);
	buf_clear(&why);
	(void)buf_addf(&path, "%s/tests/data/key/%s.pem",
	    srcdir != NULL ? srcdir : ".", name);
	if (io_read_file(buf_str(&path), text) != 0 ||
	    key_open(buf_str(text), text->len, "secret", &why, der) != 0)
		bail("cannot read a key of tests/data/key");
	buf_wipe(&path);
}

/* The public key of the private one in TEXT, as OpenSSL sees it: it checks that
 * they belong together, and takes the passphrase if there is to be one. */
static int
print_public(const struct buf *text, struct buf *out)
{
	static const char
	    command[] = "openssl pkey -passin pass:secret -pubout -check";
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	struct proc p = { .argv = (char **)(uintptr_t)argv,
		.in = text,
		.deadline_ms = clock_ms() + 30000 };
	int status = -1;

	return proc_run(&p, out, &status) == 0 ? status : -1;
}

static bool
has_openssl(void)
{
	return system("openssl version >/dev/null 2>&1") == 0;
}

/* Whether the form is the one that every client reads. */
static void
check_form(const struct buf *pem)
{
	const char *s = buf_str(pem);
	size_t longest = 0;
	size_t len;

	ok(strncmp(s, "-----BEGIN PRIVATE KEY-----\n", 28) == 0, "begin");
	ok(strcmp(s + pem->len - 26, "-----END PRIVATE KEY-----\n") == 0,
	    "end");
	for (s += 28; *s != '-' && *s != '\0'; s += len + 1) {
		len = strcspn(s, "\n");
		longest = len > longest ? len : longest;
		if (len != 64 && s[len + 1] != '-')
			break;
	}
	ok(*s == '-' && longest == 64, "lines of 64");
}

static void
check_key(const char *name)
{
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf der = BUF_INIT(KEYTEXT_MAX);
	struct buf pem = BUF_INIT(KEYTEXT_MAX);
	struct buf is = BUF_INIT(KEYTEXT_MAX);
	struct buf was = BUF_INIT(KEYTEXT_MAX);

	read_key(name, &text, &der);
	is_int(keypem(buf_str(&der), der.len, &pem, &why), 0, "%s: %s", name,
	    buf_str(&why));
	check_form(&pem);
	if (has_openssl()) {
		is_int(print_public(&pem, &is), 0, "OpenSSL takes it");
		is_int(print_public(&text, &was), 0, "as the one before");
		is_str(buf_str(&is), buf_str(&was), "it is the same key");
	} else {
		skip(3, "needs openssl");
	}
	buf_wipe(&text);
	buf_wipe(&der);
	buf_wipe(&pem);
	buf_wipe(&is);
	buf_wipe(&was);
}

static void
test_refused(void)
{
	static const struct {
		const char *name;
		int r;
	} rows[] = { { "ed25519", -ENOTSUP }, { "k256", -ENOTSUP } };
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf der = BUF_INIT(KEYTEXT_MAX);
	struct buf pem = BUF_INIT(KEYTEXT_MAX);
	struct buf small = BUF_INIT(512);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		read_key(rows[i].name, &text, &der);
		is_int(keypem(buf_str(&der), der.len, &pem, &why), rows[i].r,
		    "%s: %s", rows[i].name, buf_str(&why));
		ok(why.len != 0 && pem.len == 0, "told, and nothing made");
	}
	is_int(keypem("0", 1, &pem, &why), -EBADMSG, "no key");
	read_key("rsa", &text, &der);
	is_int(keypem(buf_str(&der), der.len, &small, &why), -EMSGSIZE,
	    "no room");
	buf_wipe(&text);
	buf_wipe(&der);
	buf_wipe(&pem);
	buf_wipe(&small);
}

int
main(void)
{
	static const char *const names[] = { "rsa", "rsa-pkcs1", "rsa-aes256",
		"rsa-lines-aes256", "p256", "p256-sec1", "p384",
		"p384-no-public", "p521", "p521-lines" };
	size_t i;

	proc_init();
	for (i = 0; i < ARRAY_LEN(names); i++)
		check_key(names[i]);
	test_refused();
	buf_wipe(&why);
	return done_testing();
}
