/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "b64.h"
#include "mem.h"
#include "num.h"
#include "seal.h"

#define MAGIC "coco sealed "
#define FORM  "1"
#define INFO  MAGIC FORM

/* What is left of the head, or of one of its lines. */
struct text {
	const char *p;
	size_t len;
};

static bool
skip(struct text *t, const char *word)
{
	size_t n = strlen(word);

	if (t->len < n || memcmp(t->p, word, n) != 0)
		return false;
	t->p += n;
	t->len -= n;
	return true;
}

/* Take a line off T.  False when there is none of a sane length. */
static bool
take_line(struct text *t, struct text *ret_line)
{
	size_t most = t->len < SEAL_MAX_HEAD ? t->len : SEAL_MAX_HEAD;
	const char *end;

	/* cppcheck-suppress knownConditionTrueFalse */
	if (most == 0)
		return false;
	end = memchr(t->p, '\n', most);
	if (end == NULL)
		return false;
	ret_line->p = t->p;
	ret_line->len = (size_t)(end - t->p);
	t->p = end + 1;
	t->len -= ret_line->len + 1;
	return true;
}

static bool
take_number(struct text *t, int max, int *ret_n)
{
	size_t digits = 0;
	int64_t n;

	while (digits < t->len && t->p[digits] >= '0' && t->p[digits] <= '9')
		digits++;
	if (num_parse(t->p, digits, 1, max, &n) != 0)
		return false;
	t->p += digits;
	t->len -= digits;
	*ret_n = (int)n;
	return true;
}

/* All that is left is SIZE bytes in base64. */
static bool
take_bytes(const struct text *t, unsigned char *ret_bytes, size_t size)
{
	struct buf b = BUF_INIT(size);
	bool good;

	good = b64_decode(&b, t->p, t->len) == 0 && b.len == size;
	if (good)
		memcpy(ret_bytes, b.data, size);
	buf_wipe(&b);
	return good;
}

static bool
read_version(struct text *t, struct buf *why)
{
	struct text line;

	if (!take_line(t, &line) || !skip(&line, MAGIC)) {
		(void)buf_adds(why, "is not a sealed file");
		return false;
	}
	if (line.len == strlen(FORM) && skip(&line, FORM))
		return true;
	(void)buf_addf(why,
	    "is a sealed file of version %.*s; this program knows " FORM,
	    (int)(line.len < 32 ? line.len : 32), line.p);
	return false;
}

static bool
read_kdf(struct text *t, struct seal_head *h)
{
	struct text line;

	if (!take_line(t, &line) || !skip(&line, "kdf="))
		return false;
	if (skip(&line, "hkdf-sha256"))
		return line.len == 0;
	h->passphrase = true;
	h->cost.r = SEAL_R;
	return skip(&line, "scrypt n=") &&
	    take_number(&line, SEAL_MAX_LOG2_N, &h->cost.log2_n) &&
	    h->cost.log2_n >= SEAL_MIN_LOG2_N && skip(&line, " r=8 p=") &&
	    take_number(&line, SEAL_MAX_P, &h->cost.p) &&
	    skip(&line, " salt=") &&
	    take_bytes(&line, h->scrypt_salt, SEAL_SALT_SIZE);
}

static bool
read_bytes(struct text *t, const char *name, unsigned char *bytes, size_t size)
{
	struct text line;

	return take_line(t, &line) && skip(&line, name) &&
	    take_bytes(&line, bytes, size);
}

/* Whether H is written in these LEN bytes in no other way than ours. */
static bool
is_spelled(const struct seal_head *h, const char *data, size_t len)
{
	struct buf b = BUF_INIT(SEAL_MAX_HEAD);
	bool same;

	same = seal_add_head(h, &b) == 0 && b.len == len &&
	    memcmp(b.data, data, len) == 0;
	buf_wipe(&b);
	return same;
}

int
seal_read_head(const char *data, size_t len, struct seal_head *ret_head,
    size_t *ret_len, struct buf *why)
{
	struct text t = { data, len };
	struct seal_head h;
	const char *bad = NULL;

	memset(&h, 0, sizeof(h));
	if (!read_version(&t, why))
		return -EBADMSG;
	if (!read_kdf(&t, &h))
		bad = "kdf";
	else if (!read_bytes(&t, "salt=", h.salt, sizeof(h.salt)))
		bad = "salt";
	else if (!read_bytes(&t, "nonce=", h.nonce, sizeof(h.nonce)))
		bad = "nonce";
	else if (!skip(&t, "\n") || !is_spelled(&h, data, len - t.len))
		bad = "end";
	if (bad != NULL) {
		(void)buf_addf(why,
		    "is damaged: the %s of its head is not as it should be",
		    bad);
		return -EBADMSG;
	}
	*ret_head = h;
	*ret_len = len - t.len;
	return 0;
}

int
seal_add_kdf(const struct seal_head *h, struct buf *b)
{
	if (!h->passphrase)
		return buf_adds(b, "hkdf-sha256");
	return buf_addf(b, "scrypt n=%d r=%d p=%d", h->cost.log2_n, h->cost.r,
	    h->cost.p);
}

static int
add_bytes(struct buf *b, const char *name, const unsigned char *bytes,
    size_t size)
{
	int r = buf_adds(b, name);

	return r != 0 ? r : b64_encode(b, bytes, size);
}

int
seal_add_head(const struct seal_head *h, struct buf *b)
{
	int r;

	r = buf_adds(b, INFO "\nkdf=");
	if (r == 0)
		r = seal_add_kdf(h, b);
	if (r == 0 && h->passphrase)
		r = add_bytes(b, " salt=", h->scrypt_salt, SEAL_SALT_SIZE);
	if (r == 0)
		r = add_bytes(b, "\nsalt=", h->salt, sizeof(h->salt));
	if (r == 0)
		r = add_bytes(b, "\nnonce=", h->nonce, sizeof(h->nonce));
	return r != 0 ? r : buf_adds(b, "\n\n");
}

int
seal_renew_scrypt(struct seal_head *h)
{
	h->passphrase = true;
	h->cost = (struct crypt_scrypt){ SEAL_LOG2_N, SEAL_R, 1 };
	return crypt_random(h->scrypt_salt, sizeof(h->scrypt_salt));
}

bool
seal_is_current(const struct seal_head *h)
{
	return h->passphrase && h->cost.log2_n == SEAL_LOG2_N && h->cost.p == 1;
}

int
seal_stretch(const struct seal_head *h, const struct buf *passphrase,
    struct buf *ret_secret)
{
	struct buf salt = BUF_INIT(SEAL_SALT_SIZE);
	int r;

	r = buf_add(&salt, h->scrypt_salt, sizeof(h->scrypt_salt));
	if (r == 0)
		r = crypt_scrypt(passphrase, &salt, &h->cost, ret_secret,
		    CRYPT_KEY_SIZE);
	buf_wipe(&salt);
	return r;
}

/* Make ready what encrypts and decrypts.  The caller wipes G. */
static int
derive(const struct seal_head *h, const struct buf *secret, const char *head,
    size_t head_len, struct crypt_gcm *g)
{
	struct buf salt = BUF_INIT(SEAL_SALT_SIZE);
	int r;

	g->aad = head;
	g->aad_len = head_len;
	memcpy(g->nonce, h->nonce, sizeof(g->nonce));
	r = buf_add(&salt, h->salt, sizeof(h->salt));
	if (r == 0)
		r = crypt_hkdf(secret, &salt, INFO, g->key, sizeof(g->key));
	buf_wipe(&salt);
	return r;
}

int
seal_open(const struct seal_head *h, size_t head_len, const char *data,
    size_t len, const struct buf *secret, struct buf *ret_text)
{
	struct crypt_gcm g;
	int r;

	r = derive(h, secret, data, head_len, &g);
	if (r == 0)
		r = crypt_decrypt(&g, data + head_len, len - head_len,
		    ret_text);
	mem_wipe(&g, sizeof(g));
	return r;
}

int
seal_close(struct seal_head *h, const struct buf *secret,
    const struct buf *text, struct buf *ret_data)
{
	struct buf head = BUF_INIT(SEAL_MAX_HEAD);
	struct crypt_gcm g;
	size_t before = ret_data->len;
	int r;

	r = crypt_random(h->salt, sizeof(h->salt));
	if (r == 0)
		r = crypt_random(h->nonce, sizeof(h->nonce));
	if (r == 0)
		r = seal_add_head(h, &head);
	if (r == 0)
		r = derive(h, secret, buf_str(&head), head.len, &g);
	if (r == 0)
		r = buf_add(ret_data, head.data, head.len);
	if (r == 0)
		r = crypt_encrypt(&g, text, ret_data);
	if (r != 0)
		buf_truncate(ret_data, before);
	mem_wipe(&g, sizeof(g));
	buf_wipe(&head);
	return r;
}
