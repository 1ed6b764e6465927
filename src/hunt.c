/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "crypt.h"
#include "esc.h"
#include "hex.h"
#include "hunt.h"
#include "mem.h"
#include "num.h"

#define HEADER    "coco-fingerprints 1"
#define END       "end"
#define KEY       "key "
#define PRINT     "print "
#define UNKNOWN   "unknown "
#define MAX_NOTE  1024
#define MARK_BITS 24

/* The windows that a mark is of: the last 8, 16 or 32 bytes. */
#define WORD    8
#define WORDS   4
#define WINDOW  (WORD * WORDS)
#define WINDOWS 3

/* The key: a number for each word of the window, then that of the hash. */
#define HASH_KEY_SIZE (HUNT_KEY_SIZE - WINDOW)

/* Sums by their upper bits: the first look at each byte. */
#define SLOT_BITS 16
#define SLOTS     (1U << SLOT_BITS)

#define BLOCK 65536

static const struct {
	const char *word; /* in the text */
	const char *name;
} forms[] = {
	[HUNT_PLAIN] = { "plain", "as it is" },
	[HUNT_BASE64] = { "base64", "in base64" },
	[HUNT_PERCENT] = { "percent", "percent-encoded" },
	[HUNT_JSON] = { "json", "escaped for JSON" },
	[HUNT_HEX] = { "hex", "in hexadecimal" },
	[HUNT_UTF16] = { "utf16", "in UTF-16" },
};

const char *
hunt_form_name(enum hunt_form form)
{
	return forms[form].name;
}

/* --- marks and hashes ----------------------------------------------------- */

static uint64_t
load(const unsigned char *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return le64toh(n);
}

/* Numbers to multiply words with; odd, so that no bit of a word is lost. */
static void
load_factors(const unsigned char *key, uint64_t factor[WORDS])
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		factor[i] = load(key + WORD * i) | 1;
}

/* Which window the mark of LEN bytes is of: 0, 1 or 2. */
static size_t
window_of(size_t len)
{
	return len < 2 * WORD ? 0 : len < 4 * WORD ? 1 : 2;
}

static uint32_t
mark_of_sum(uint64_t sum)
{
	return (uint32_t)(sum >> (64 - MARK_BITS));
}

/* The mark of LEN bytes that end at END: a multilinear hash. */
static uint32_t
make_mark(const unsigned char *key, const unsigned char *end, size_t len)
{
	uint64_t factor[WORDS];
	size_t words = (size_t)1 << window_of(len);
	uint64_t sum = 0;
	size_t i;

	load_factors(key, factor);
	for (i = 0; i < words; i++)
		sum += factor[i] * load(end - WORD * (i + 1));
	return mark_of_sum(sum);
}

/* SHA-256 with a key; that the length is part of the print makes up for what
 * HMAC is for. */
static int
make_hash(const unsigned char *key, const void *data, size_t len,
    unsigned char *ret_hash)
{
	unsigned char keyed[HASH_KEY_SIZE + HUNT_MAX];
	int r;

	memcpy(keyed, key + WINDOW, HASH_KEY_SIZE);
	memcpy(keyed + HASH_KEY_SIZE, data, len);
	r = crypt_sha256(keyed, HASH_KEY_SIZE + len, ret_hash);
	mem_wipe(keyed, sizeof(keyed));
	return r;
}

/* --- a set ---------------------------------------------------------------- */

int
hunt_make(struct hunt_set *set)
{
	return crypt_random(set->key, sizeof(set->key));
}

/* Append P, whose name is copied. */
static int
append(struct hunt_set *set, const struct hunt_print *p, const char *name)
{
	if (set->len == HUNT_MAX_PRINTS)
		return -EMSGSIZE;
	if (set->len == set->room) {
		set->room = set->room != 0 ? 2 * set->room : 64;
		set->v = xreallocarray(set->v, set->room, sizeof(*set->v));
	}
	set->v[set->len] = *p;
	set->v[set->len++].name = xstrdup(name);
	return 0;
}

/* Whether P is there already, among the last ones, which have its name. */
static bool
is_known(const struct hunt_set *set, const struct hunt_print *p,
    const char *name)
{
	size_t i;

	for (i = set->len; i-- > 0 && strcmp(set->v[i].name, name) == 0;)
		if (set->v[i].len == p->len &&
		    memcmp(set->v[i].hash, p->hash, sizeof(p->hash)) == 0)
			return true;
	return false;
}

/* What is too long is cut, between two characters that were escaped. */
static void
add_visible(struct buf *b, const char *s)
{
	struct buf one = BUF_INIT(32);
	size_t len = strlen(s);
	size_t n;
	int r = 0;

	for (; r == 0 && len > 0; s += n, len -= n) {
		n = esc_utf8(s, len);
		n = n != 0 ? n : 1;
		buf_clear(&one);
		r = esc_visible(&one, s, n);
		if (r == 0)
			r = buf_add(b, one.data, one.len);
	}
	buf_wipe(&one);
}

int
hunt_put(struct hunt_set *set, const char *name, enum hunt_form form,
    const void *data, size_t len)
{
	struct buf visible = BUF_INIT(HUNT_MAX_NAME - 1);
	struct hunt_print p = { .form = form };
	const unsigned char *end = (const unsigned char *)data + len;
	int r;

	if (len < HUNT_MIN)
		return 0;
	add_visible(&visible, name);
	p.len = len < HUNT_MAX ? len : HUNT_MAX;
	p.mark = make_mark(set->key, end, p.len);
	r = make_hash(set->key, end - p.len, p.len, p.hash);
	if (r == 0 && !is_known(set, &p, buf_str(&visible)))
		r = append(set, &p, buf_str(&visible));
	buf_wipe(&visible);
	return r;
}

int
hunt_note(struct hunt_set *set, const char *name, const char *why)
{
	struct buf note = BUF_INIT(MAX_NOTE - 1);
	int r = 0;

	add_visible(&note, name);
	add_visible(&note, ": ");
	add_visible(&note, why);
	if (set->unknown.len == HUNT_MAX_UNKNOWN)
		r = -EMSGSIZE;
	else if (!strv_has(&set->unknown, buf_str(&note)))
		strv_add(&set->unknown, buf_str(&note));
	buf_wipe(&note);
	return r;
}

void
hunt_wipe(struct hunt_set *set)
{
	size_t i;

	for (i = 0; i < set->len; i++)
		free(set->v[i].name);
	freezero(set->v, set->room * sizeof(*set->v));
	strv_clear(&set->unknown);
	mem_wipe(set, sizeof(*set));
}

/* --- text ----------------------------------------------------------------- */

int
hunt_format(const struct hunt_set *set, struct buf *b)
{
	size_t i;
	int r;

	r = buf_adds(b, HEADER "\n" KEY);
	if (r == 0)
		r = hex_add(b, set->key, sizeof(set->key));
	if (r == 0)
		r = buf_addc(b, '\n');
	for (i = 0; r == 0 && i < set->len; i++) {
		const struct hunt_print *p = &set->v[i];

		r = buf_addf(b, PRINT "%s %zu %06x ", forms[p->form].word,
		    p->len, (unsigned int)p->mark);
		if (r == 0)
			r = hex_add(b, p->hash, sizeof(p->hash));
		if (r == 0)
			r = buf_addf(b, " %s\n", p->name);
	}
	for (i = 0; r == 0 && i < set->unknown.len; i++)
		r = buf_addf(b, UNKNOWN "%s\n", set->unknown.v[i]);
	return r == 0 ? buf_adds(b, END "\n") : r;
}

/* What is left of a line. */
struct line {
	const char *s;
	size_t len;
};

/* Take the next line of what is left.  Returns whether there is a whole one. */
static bool
next_line(struct line *left, struct line *ret_line)
{
	const char *newline = memchr(left->s, '\n', left->len);

	if (newline == NULL)
		return false;
	*ret_line = (struct line){ left->s, (size_t)(newline - left->s) };
	left->s = newline + 1;
	left->len -= ret_line->len + 1;
	return true;
}

/* Take WORD off the line.  Returns whether it began with it. */
static bool
pass(struct line *l, const char *word)
{
	size_t len = strlen(word);

	if (l->len < len || memcmp(l->s, word, len) != 0)
		return false;
	l->s += len;
	l->len -= len;
	return true;
}

/* Take 2 * LEN digits off the line. */
static bool
take_hex(struct line *l, unsigned char *p, size_t len)
{
	if (l->len < 2 * len || !hex_read(l->s, len, p))
		return false;
	l->s += 2 * len;
	l->len -= 2 * len;
	return true;
}

static bool
take_form(struct line *l, enum hunt_form *ret_form)
{
	size_t i;

	for (i = 0; i < HUNT_FORMS; i++)
		if (pass(l, forms[i].word)) {
			*ret_form = (enum hunt_form)i;
			return pass(l, " ");
		}
	return false;
}

static bool
take_length(struct line *l, size_t *ret_len)
{
	const char *blank = memchr(l->s, ' ', l->len);
	size_t digits;
	int64_t n;

	if (blank == NULL)
		return false;
	digits = (size_t)(blank - l->s);
	if (l->s[0] == '0' ||
	    num_parse(l->s, digits, HUNT_MIN, HUNT_MAX, &n) != 0)
		return false;
	l->s += digits + 1;
	l->len -= digits + 1;
	*ret_len = (size_t)n;
	return true;
}

/* Whether the line is what a person can be shown, and shorter than MAX. */
static bool
is_shown(const struct line *l, size_t max)
{
	struct buf b = BUF_INIT(MAX_NOTE);
	bool is_same;

	if (l->len == 0 || l->len >= max)
		return false;
	is_same = esc_visible(&b, l->s, l->len) == 0 && b.len == l->len &&
	    memcmp(b.data, l->s, l->len) == 0;
	buf_wipe(&b);
	return is_same;
}

static int
parse_print(struct line *l, struct hunt_set *set)
{
	unsigned char mark[MARK_BITS / 8];
	char name[HUNT_MAX_NAME];
	struct hunt_print p;

	memset(&p, 0, sizeof(p));
	if (!take_form(l, &p.form) || !take_length(l, &p.len) ||
	    !take_hex(l, mark, sizeof(mark)) || !pass(l, " ") ||
	    !take_hex(l, p.hash, sizeof(p.hash)) || !pass(l, " ") ||
	    !is_shown(l, sizeof(name)))
		return -EBADMSG;
	p.mark = (uint32_t)mark[0] << 16 | (uint32_t)mark[1] << 8 | mark[2];
	memcpy(name, l->s, l->len);
	name[l->len] = '\0';
	return append(set, &p, name);
}

static int
parse_unknown(const struct line *l, struct hunt_set *set)
{
	if (!is_shown(l, MAX_NOTE))
		return -EBADMSG;
	if (set->unknown.len == HUNT_MAX_UNKNOWN)
		return -EMSGSIZE;
	strv_addn(&set->unknown, l->s, l->len);
	return 0;
}

static int
parse_lines(struct line *left, struct hunt_set *set)
{
	struct line l;
	int r = 0;

	if (!next_line(left, &l) || !pass(&l, HEADER) || l.len != 0)
		return -EBADMSG;
	if (!next_line(left, &l) || !pass(&l, KEY) ||
	    !take_hex(&l, set->key, sizeof(set->key)) || l.len != 0)
		return -EBADMSG;
	while (r == 0) {
		/* without its end it is not whole */
		if (!next_line(left, &l))
			return -EBADMSG;
		if (pass(&l, PRINT))
			r = parse_print(&l, set);
		else if (pass(&l, UNKNOWN))
			r = parse_unknown(&l, set);
		else
			return pass(&l, END) && l.len == 0 && left->len == 0 ?
			    0 :
			    -EBADMSG;
	}
	return r;
}

int
hunt_parse(const char *text, size_t len, struct hunt_set *ret_set,
    struct buf *why)
{
	struct hunt_set set = HUNT_SET_INIT;
	struct line left = { text, len };
	int r;

	r = len <= HUNT_MAX_TEXT ? parse_lines(&left, &set) : -EMSGSIZE;
	if (r != 0) {
		(void)buf_adds(why,
		    r == -EMSGSIZE ? "there are too many fingerprints" :
				     "the fingerprints are damaged");
		hunt_wipe(&set);
		return r;
	}
	*ret_set = set;
	return 0;
}

/* --- looking -------------------------------------------------------------- */

/*
 * The bytes of the stream go through BYTES: what is left of the past, at least
 * as much as a window and the longest print, then what is new.  So a print is
 * found when its last byte is there, however the stream was cut.
 */
struct hunt {
	const struct hunt_set *set;
	uint64_t factor[WORDS];
	/* whether some print has a sum with these upper bits, a bit each */
	unsigned char may[WINDOWS][SLOTS / 8];
	/* its first print, plus 1; 0: none */
	uint32_t first[SLOTS];
	uint32_t *next;  /* the next print of its slot, plus 1, for each */
	uint32_t *found; /* the last stream that it was found in, for each */
	uint32_t stream;
	hunt_fn fn;
	void *ctx;
	uint64_t past; /* bytes of the stream before BYTES + WINDOW */
	size_t len;    /* of BYTES, the WINDOW among them */
	unsigned char bytes[WINDOW + HUNT_MAX + BLOCK];
};

struct hunt *
hunt_new(const struct hunt_set *set)
{
	struct hunt *h = xcalloc(1, sizeof(*h));
	uint32_t i;

	h->set = set;
	load_factors(set->key, h->factor);
	h->next = xcalloc(set->len + 1, sizeof(*h->next));
	h->found = xcalloc(set->len + 1, sizeof(*h->found));
	for (i = 0; i < set->len; i++) {
		const struct hunt_print *p = &set->v[i];
		uint32_t slot = p->mark >> (MARK_BITS - SLOT_BITS);

		h->may[window_of(p->len)][slot / 8] |= (unsigned char)(1U
		    << slot % 8);
		h->next[i] = h->first[slot];
		h->first[slot] = i + 1;
	}
	return h;
}

void
hunt_begin(struct hunt *h, hunt_fn fn, void *ctx)
{
	if (++h->stream == 0) {
		memset(h->found, 0, h->set->len * sizeof(*h->found));
		h->stream = 1;
	}
	h->fn = fn;
	h->ctx = ctx;
	h->past = 0;
	/* a window can be looked at before there are so many bytes */
	memset(h->bytes, 0, WINDOW);
	h->len = WINDOW;
}

/* Look whether print I ends at END. */
static int
try_print(struct hunt *h, uint32_t i, size_t end)
{
	const struct hunt_print *p = &h->set->v[i];
	unsigned char hash[HUNT_HASH_SIZE];
	int r;

	if (h->found[i] == h->stream || end - WINDOW < p->len)
		return 0;
	r = make_hash(h->set->key, h->bytes + end - p->len, p->len, hash);
	if (r != 0)
		return r;
	if (memcmp(hash, p->hash, sizeof(hash)) == 0) {
		h->found[i] = h->stream;
		h->fn(h->ctx, p, h->past + (end - WINDOW) - p->len);
	}
	return 0;
}

/* Try the prints that have the mark of SUM in this WINDOW. */
static int
try_slot(struct hunt *h, uint64_t sum, size_t window, size_t end)
{
	uint32_t i = h->first[sum >> (64 - SLOT_BITS)];
	int r = 0;

	for (; r == 0 && i != 0; i = h->next[i - 1]) {
		const struct hunt_print *p = &h->set->v[i - 1];

		if (p->mark == mark_of_sum(sum) && window_of(p->len) == window)
			r = try_print(h, i - 1, end);
	}
	return r;
}

static bool
may_be(const unsigned char *may, uint64_t sum)
{
	unsigned int slot = (unsigned int)(sum >> (64 - SLOT_BITS));

	return (may[slot / 8] >> slot % 8 & 1) != 0;
}

/* Look for all that ends behind FROM.  The sum of a window is part of that of
 * the next longer one. */
static int
scan(struct hunt *h, size_t from)
{
	const uint64_t *factor = h->factor;
	size_t end;
	int r = 0;

	for (end = from + 1; r == 0 && end <= h->len; end++) {
		const unsigned char *p = h->bytes + end;
		uint64_t one = factor[0] * load(p - WORD);
		uint64_t two = one + factor[1] * load(p - 2 * WORD);
		uint64_t four = two + factor[2] * load(p - 3 * WORD) +
		    factor[3] * load(p - 4 * WORD);

		if (may_be(h->may[0], one))
			r = try_slot(h, one, 0, end);
		if (r == 0 && may_be(h->may[1], two))
			r = try_slot(h, two, 1, end);
		if (r == 0 && may_be(h->may[2], four))
			r = try_slot(h, four, 2, end);
	}
	return r;
}

/* Move what may be the beginning of a print to the front. */
static void
drop_past(struct hunt *h)
{
	const size_t keep = WINDOW + HUNT_MAX;
	size_t drop;

	if (h->len <= keep)
		return;
	drop = h->len - keep;
	memmove(h->bytes, h->bytes + drop, keep);
	h->past += drop;
	h->len = keep;
}

int
hunt_feed(struct hunt *h, const void *data, size_t len)
{
	const unsigned char *p = data;
	int r = 0;

	while (r == 0 && len > 0) {
		size_t from = h->len;
		size_t n = sizeof(h->bytes) - from;

		n = n < len ? n : len;
		memcpy(h->bytes + from, p, n);
		h->len += n;
		p += n;
		len -= n;
		r = scan(h, from);
		/* seldom, for those who feed a byte at a time */
		if (h->len == sizeof(h->bytes))
			drop_past(h);
	}
	return r;
}

void
hunt_end(struct hunt *h)
{
	mem_wipe(h->bytes, sizeof(h->bytes));
	h->len = WINDOW;
	h->past = 0;
}

void
hunt_free(struct hunt *h)
{
	if (h == NULL)
		return;
	free(h->next);
	free(h->found);
	freezero(h, sizeof(*h));
}
