/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store in the desktop's keyring: one item of the Secret Service for each
 * entry.  The attributes of an item name the entry, so that it can be searched
 * for and be seen in seahorse; its secret is the whole entry, so that secret,
 * expiry and refresh token change together or not at all:
 *
 *	stored=1764000000000
 *	protocol=https
 *	host=myorg-dev.snowflakecomputing.com
 *	...
 *
 * The first line is our own order.  The service's time of modification counts
 * in seconds, and a get gives the newest of what may have been stored within
 * one: a stamp in milliseconds, and always above those that it was stored
 * after, has no ties among the entries of one host.
 *
 * An item that is not as we write it is reported and passed over: it gives
 * nothing, and is neither changed nor deleted.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "esc.h"
#include "inspect.h"
#include "keyring.h"
#include "lock.h"
#include "log.h"
#include "mem.h"
#include "num.h"
#include "store.h"

#define SCHEMA     "org.coco.Credential"
#define STAMP      "stored="
#define MAX_STAMP  (INT64_MAX / 2)
#define MAX_ATTRS  8
#define MAX_LABEL  4096
#define MAX_PERIOD 600

/* The default deadlines, in seconds. */
#define PERIOD        10
#define UNLOCK_PERIOD 120

/* Wait for others a little less than for the service, so that the message is
 * the right one. */
#define LOCK_MARGIN_MS 200

/* An item that was read, and the entry in it. */
struct record {
	struct keyring_item *item;
	struct cred entry;
	int64_t stamp;
	bool surplus; /* an older one with the same key */
	bool kept;    /* during save */
};

struct secrets {
	unsigned period; /* 0: not given */
	struct keyring *keyring;
	struct buf detail;
	int lock;
	struct keyring_items items;
	struct record *v; /* oldest first */
	size_t len;
	size_t last_asked; /* the one with the key of the request, or newest */
};

static struct secrets secrets = {
	.detail = BUF_INIT(KEYRING_MAX_DETAIL),
	.lock = -1,
};

/* --- attributes and text -------------------------------------------------- */

/* The attributes of an item; absent ones have no value, empty ones an empty
 * one.  D-Bus carries UTF-8 only, so other bytes are shown escaped: the key of
 * an entry is what its text says. */
struct attrs {
	struct keyring_attr v[MAX_ATTRS];
	struct buf text[MAX_ATTRS];
};

static const enum cred_attr keys[] = { CRED_PROTOCOL, CRED_HOST, CRED_PATH,
	CRED_USERNAME, CRED_CONNECTION, CRED_ROLE };

/* Those of KEYS that a search narrows by.  Not the user: entries that one get
 * chooses from must be seen together when one of them is stored. */
static const enum cred_attr search_keys[] = { CRED_PROTOCOL, CRED_HOST,
	CRED_CONNECTION };

static const char *
utf8(struct buf *b, const char *value)
{
	size_t len = strlen(value);
	size_t i = 0;
	size_t n;

	do {
		n = esc_utf8(value + i, len - i);
		i += n;
	} while (n != 0 && i < len);
	if (i == len)
		return value;
	*b = (struct buf)BUF_INIT(len * 4);
	(void)esc_visible(b, value, len);
	return buf_str(b);
}

static void
attrs_make(struct attrs *a, const struct cred *c, const enum cred_attr *which,
    size_t n)
{
	const char *value;
	size_t i;

	*a = (struct attrs){ 0 };
	for (i = 0; i < n; i++) {
		value = c != NULL ? cred_get(c, which[i]) : NULL;
		a->v[i].name = cred_attr_name(which[i]);
		if (value != NULL)
			a->v[i].value = utf8(&a->text[i], value);
	}
}

static void
attrs_wipe(struct attrs *a)
{
	size_t i;

	for (i = 0; i < MAX_ATTRS; i++)
		buf_wipe(&a->text[i]);
}

/* What people see: "coco: ALICE at HOST (connection dev)". */
static void
make_label(const struct cred *c, struct buf *b)
{
	static const struct {
		enum cred_attr attr;
		const char *before;
		const char *after;
	} parts[] = {
		{ CRED_USERNAME, "", " at " },
		{ CRED_HOST, "", "" },
		{ CRED_PATH, "/", "" },
		{ CRED_CONNECTION, " (connection ", ")" },
		{ CRED_ROLE, " (role ", ")" },
	};
	const char *value;
	size_t i;
	int r;

	r = buf_adds(b, "coco: ");
	for (i = 0; r == 0 && i < ARRAY_LEN(parts); i++) {
		value = cred_get(c, parts[i].attr);
		if (value == NULL || value[0] == '\0')
			continue;
		r = buf_adds(b, parts[i].before);
		if (r == 0)
			r = esc_visible(b, value, strlen(value));
		if (r == 0)
			r = buf_adds(b, parts[i].after);
	}
}

static int
format_record(const struct cred *c, int64_t stamp, struct buf *text)
{
	int r = buf_addf(text, STAMP "%lld\n", (long long)stamp);

	return r == 0 ? cred_format(c, text) : r;
}

/* Read the stamp; *TEXT and *LEN become what is behind its line. */
static int
parse_stamp(const char **text, size_t *len, int64_t *ret_stamp)
{
	const size_t before = strlen(STAMP);
	const char *newline;
	int r;

	if (*len < before || memcmp(*text, STAMP, before) != 0)
		return -EBADMSG;
	newline = memchr(*text, '\n', *len);
	if (newline == NULL)
		return -EBADMSG;
	r = num_parse(*text + before, (size_t)(newline - *text) - before, 0,
	    MAX_STAMP, ret_stamp);
	*len -= (size_t)(newline + 1 - *text);
	*text = newline + 1;
	return r == 0 ? 0 : -EBADMSG;
}

/* Parse the text of one entry as strictly as those of a file. */
static int
parse_record(const char *text, size_t len, struct record *rec, struct buf *why)
{
	struct buf file = BUF_INIT(KEYRING_MAX_SECRET);
	struct entries one = ENTRIES_INIT;
	int r;

	r = parse_stamp(&text, &len, &rec->stamp);
	if (r != 0) {
		(void)buf_adds(why, "it does not begin with a stamp");
		return r;
	}
	r = buf_adds(&file, ENTRIES_HEADER);
	if (r == 0)
		r = buf_add(&file, text, len);
	if (r == 0)
		r = entries_parse(buf_str(&file), file.len, &one, why);
	else
		(void)buf_adds(why, "it is too long");
	if (r == 0 && one.len != 1) {
		(void)buf_addf(why, "it has %zu entries", one.len);
		r = -EBADMSG;
	}
	if (r == 0)
		cred_move(&rec->entry, &one.v[0]);
	entries_wipe(&one);
	buf_wipe(&file);
	return r;
}

/* Whether the item says of itself what its text says. */
static bool
has_its_attrs(const struct record *rec)
{
	struct attrs a;
	bool same = true;
	size_t i;

	attrs_make(&a, &rec->entry, keys, ARRAY_LEN(keys));
	for (i = 0; i < ARRAY_LEN(keys); i++)
		same = same &&
		    keyring_has_attr(rec->item, a.v[i].name, a.v[i].value);
	attrs_wipe(&a);
	return same;
}

/* --- load ----------------------------------------------------------------- */

static void
forget(struct secrets *s)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		cred_wipe(&s->v[i].entry);
	free(s->v);
	s->v = NULL;
	s->len = 0;
	keyring_items_clear(&s->items);
}

/* Read an item; one that is not of ours is left out. */
static void
read_item(struct secrets *s, struct keyring_item *item)
{
	struct record rec = { item, CRED_INIT, 0, false, false };
	struct buf why = BUF_INIT(1024);
	const char *text;
	size_t len;
	int r;

	text = keyring_secret(item, &len);
	r = parse_record(text, len, &rec, &why);
	if (r == 0 && !has_its_attrs(&rec)) {
		(void)buf_adds(&why,
		    "its attributes are not those of its text");
		r = -EBADMSG;
	}
	if (r == 0) {
		s->v[s->len] = rec;
		s->len++;
	} else {
		log_warn("keyring item %s is damaged and not used: %s",
		    keyring_path(item), buf_str(&why));
		log_hint("look at it in seahorse, or with: secret-tool search "
			 "--all xdg:schema " SCHEMA);
		cred_wipe(&rec.entry);
	}
	buf_wipe(&why);
}

static int
compare_records(const void *a, const void *b)
{
	const struct record *x = a;
	const struct record *y = b;

	if (x->stamp != y->stamp)
		return x->stamp < y->stamp ? -1 : 1;
	return strcmp(keyring_path(x->item), keyring_path(y->item));
}

/* Mark all but the newest of each key, and find that of the request. */
static void
mark(struct secrets *s, const struct cred *request)
{
	size_t i;
	size_t j;

	for (i = 0; i < s->len; i++)
		for (j = i + 1; j < s->len && !s->v[i].surplus; j++)
			s->v[i].surplus = cred_same_key(&s->v[i].entry,
			    &s->v[j].entry);
	s->last_asked = s->len - 1;
	for (i = 0; request != NULL && i < s->len; i++)
		if (!s->v[i].surplus && cred_same_key(&s->v[i].entry, request))
			s->last_asked = i;
}

static void
give_entries(const struct secrets *s, struct entries *ret_entries)
{
	struct entries e = ENTRIES_INIT;
	size_t i;

	e.v = xcalloc(s->len + 1, sizeof(*e.v));
	for (i = 0; i < s->len; i++)
		if (!s->v[i].surplus)
			cred_merge(&e.v[e.len++], &s->v[i].entry);
	*ret_entries = e;
}

static enum result
open_keyring(struct secrets *s)
{
	if (s->keyring != NULL)
		return RESULT_SUCCESS;
	return keyring_open(s->period != 0 ? s->period : PERIOD, false,
	    &s->detail, &s->keyring);
}

static enum result
location(void *ctx, struct buf *b)
{
	(void)ctx;
	(void)buf_adds(b, "default keyring of the Secret Service");
	return RESULT_SUCCESS;
}

static void
detail(void *ctx, struct buf *b)
{
	const struct secrets *s = ctx;

	(void)buf_adds(b, buf_str(&s->detail));
}

static void
end(void *ctx)
{
	struct secrets *s = ctx;

	forget(s);
	keyring_close(s->keyring);
	s->keyring = NULL;
	lock_release(s->lock);
	s->lock = -1;
}

/* The keyring first: where there is none, there is nothing to lock. */
static enum result
begin(void *ctx)
{
	struct secrets *s = ctx;
	struct buf why = BUF_INIT(1024);
	unsigned period = s->period != 0 ? s->period : PERIOD;
	enum result result;
	int r;

	result = open_keyring(s);
	if (result == RESULT_SUCCESS) {
		r = lock_take("libsecret",
		    clock_ms() + (int64_t)period * 1000 - LOCK_MARGIN_MS, &why,
		    &s->lock);
		if (r != 0)
			log_warn("%s", buf_str(&why));
		result = r == -ETIMEDOUT ? RESULT_UNAVAILABLE :
					   result_of_errno(r);
	}
	buf_wipe(&why);
	return result;
}

static enum result
load(void *ctx, const struct cred *request, struct entries *ret_entries)
{
	struct secrets *s = ctx;
	struct attrs a;
	enum result result;
	size_t i;

	attrs_make(&a, request, search_keys, ARRAY_LEN(search_keys));
	result = open_keyring(s);
	if (result == RESULT_SUCCESS)
		result = keyring_find(s->keyring, SCHEMA, a.v, &s->items);
	attrs_wipe(&a);
	if (result == RESULT_SUCCESS) {
		s->v = xcalloc(s->items.len + 1, sizeof(*s->v));
		for (i = 0; i < s->items.len; i++)
			read_item(s, s->items.v[i]);
		qsort(s->v, s->len, sizeof(*s->v), compare_records);
		mark(s, request);
		give_entries(s, ret_entries);
	}
	/* only a change has more to do */
	if (s->lock < 0)
		end(s);
	return result;
}

/* --- save ----------------------------------------------------------------- */

static struct record *
find_record(struct secrets *s, const struct cred *entry)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		if (!s->v[i].surplus && cred_same_key(&s->v[i].entry, entry))
			return &s->v[i];
	return NULL;
}

static bool
same_text(const struct cred *a, const struct cred *b)
{
	struct buf x = BUF_INIT(KEYRING_MAX_SECRET);
	struct buf y = BUF_INIT(KEYRING_MAX_SECRET);
	bool same;

	same = cred_format(a, &x) == 0 && cred_format(b, &y) == 0 &&
	    buf_equals(&x, buf_str(&y));
	buf_wipe(&x);
	buf_wipe(&y);
	return same;
}

static enum result
create(struct secrets *s, const struct cred *entry, const struct buf *text)
{
	struct buf label = BUF_INIT(MAX_LABEL);
	struct attrs a;
	enum result result;

	make_label(entry, &label);
	attrs_make(&a, entry, keys, ARRAY_LEN(keys));
	result = keyring_create(s->keyring, SCHEMA, a.v, buf_str(&label), text);
	attrs_wipe(&a);
	buf_wipe(&label);
	return result;
}

/* Write ENTRY with STAMP into the item of REC, or into a new one. */
static enum result
write_record(struct secrets *s, struct record *rec, const struct cred *entry,
    int64_t stamp)
{
	struct buf text = BUF_INIT(KEYRING_MAX_SECRET);
	enum result result;
	int r;

	r = format_record(entry, stamp, &text);
	if (r != 0) {
		log_warn("the credential cannot be stored: %s",
		    r == -EMSGSIZE ? "it is too long" :
				     "a value holds a newline or is too long");
		result = RESULT_ERROR;
	} else if (rec != NULL) {
		result = keyring_write(s->keyring, rec->item, &text);
	} else {
		result = create(s, entry, &text);
	}
	buf_wipe(&text);
	return result;
}

/*
 * Write what is new or has changed.  The stamps follow the order of E, in
 * which what was stored just now is the last one.
 */
static enum result
write_changes(struct secrets *s, const struct entries *e, size_t *writes)
{
	int64_t now = clock_utc() * 1000;
	int64_t before = 0;
	enum result result = RESULT_SUCCESS;
	struct record *rec;
	int64_t stamp;
	size_t i;

	for (i = 0; result == RESULT_SUCCESS && i < e->len; i++) {
		rec = find_record(s, &e->v[i]);
		stamp = rec != NULL ? rec->stamp : now;
		if (rec != NULL)
			rec->kept = true;
		if (rec == NULL || stamp <= before ||
		    !same_text(&rec->entry, &e->v[i])) {
			if (i + 1 == e->len && stamp < now)
				stamp = now;
			if (stamp <= before)
				stamp = before + 1;
			result = write_record(s, rec, &e->v[i], stamp);
			(*writes)++;
		}
		before = stamp;
	}
	return result;
}

static enum result
delete_rest(struct secrets *s, size_t *writes)
{
	enum result result = RESULT_SUCCESS;
	size_t i;

	for (i = 0; result == RESULT_SUCCESS && i < s->len; i++) {
		if (s->v[i].kept)
			continue;
		result = keyring_delete(s->keyring, s->v[i].item);
		(*writes)++;
	}
	return result;
}

/*
 * First what is to be, then without what is not to be: whatever happens in
 * between, no key is without its entry.  When there is nothing to do, the
 * caller wants to know whether it could be done (entries_store()).
 */
static enum result
save(void *ctx, const struct entries *e)
{
	struct secrets *s = ctx;
	enum result result;
	size_t writes = 0;
	const struct record *rec;

	result = write_changes(s, e, &writes);
	if (result == RESULT_SUCCESS)
		result = delete_rest(s, &writes);
	if (result == RESULT_SUCCESS && writes == 0 && s->len != 0) {
		rec = &s->v[s->last_asked];
		result = write_record(s, &s->v[s->last_asked], &rec->entry,
		    rec->stamp);
	}
	return result;
}

/* --- verbs of its own ----------------------------------------------------- */

static enum result
run_unlock(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct keyring *k = NULL;
	enum result result;

	(void)request;
	(void)answer;
	(void)text;
	result = keyring_open(secrets.period != 0 ? secrets.period :
						    UNLOCK_PERIOD,
	    true, &secrets.detail, &k);
	if (result == RESULT_SUCCESS)
		result = keyring_unlock(k);
	keyring_close(k);
	return result;
}

/* Two of inspect-coco's items: python-keyring keeps a service and a user. */
struct inspected {
	struct keyring *keyring;
	struct keyring_items token;
	struct keyring_items meta;
	struct buf text; /* the refresh token */
};

#define INSPECTED_INIT                                        \
	{                                                     \
		NULL, KEYRING_ITEMS_INIT, KEYRING_ITEMS_INIT, \
		    BUF_INIT(JSON_MAX_SIZE)                   \
	}

static void
inspected_wipe(struct inspected *in)
{
	keyring_items_clear(&in->token);
	keyring_items_clear(&in->meta);
	keyring_close(in->keyring);
	buf_wipe(&in->text);
}

/* The newest of several; NULL for none. */
static struct keyring_item *
newest(const struct keyring_items *items)
{
	struct keyring_item *item = NULL;
	size_t i;

	for (i = 0; i < items->len; i++)
		if (item == NULL ||
		    keyring_modified(items->v[i]) > keyring_modified(item))
			item = items->v[i];
	return item;
}

static enum result
inspected_find(struct inspected *in, const char *service)
{
	const struct keyring_attr token[] = { { "service", service },
		{ "username", "refresh_token" }, { NULL, NULL } };
	const struct keyring_attr meta[] = { { "service", service },
		{ "username", "token_metadata" }, { NULL, NULL } };
	enum result result;
	const char *data;
	size_t len;

	result = keyring_open(secrets.period != 0 ? secrets.period : PERIOD,
	    false, &secrets.detail, &in->keyring);
	if (result == RESULT_SUCCESS)
		result = keyring_find(in->keyring, NULL, token, &in->token);
	if (result == RESULT_SUCCESS)
		result = keyring_find(in->keyring, NULL, meta, &in->meta);
	if (result != RESULT_SUCCESS)
		return result;
	if (in->token.len == 0)
		return RESULT_NOT_FOUND;
	data = keyring_secret(newest(&in->token), &len);
	if (len != 0 && memchr(data, '\0', len) == NULL &&
	    buf_add(&in->text, data, len) == 0)
		return RESULT_SUCCESS;
	log_warn("keyring item %s is no refresh token",
	    keyring_path(newest(&in->token)));
	return RESULT_ERROR;
}

/* Without its metadata the token is still one. */
static enum result
inspected_answer(const struct inspected *in, const struct cred *request,
    const struct conn *c, const char *service, struct cred *answer)
{
	struct json *meta = NULL;
	enum result result;
	const char *data;
	size_t len;

	if (in->meta.len != 0) {
		data = keyring_secret(newest(&in->meta), &len);
		if (json_parse(data, len, &meta) != 0) {
			log_warn("keyring item %s is no JSON object",
			    keyring_path(newest(&in->meta)));
			return RESULT_ERROR;
		}
	}
	result = inspect_answer(request, c, service, buf_str(&in->text), meta,
	    answer);
	json_free(meta);
	return result;
}

/* The token last: until it is gone, the rest can be tried again. */
static enum result
inspected_erase(struct inspected *in)
{
	enum result result = RESULT_SUCCESS;
	size_t i;

	for (i = 0; result == RESULT_SUCCESS && i < in->meta.len; i++)
		result = keyring_delete(in->keyring, in->meta.v[i]);
	for (i = 0; result == RESULT_SUCCESS && i < in->token.len; i++)
		result = keyring_delete(in->keyring, in->token.v[i]);
	return result;
}

/* Import, or when ANSWER is NULL import-erase. */
static enum result
import(const struct cred *request, struct cred *answer)
{
	struct inspected in = INSPECTED_INIT;
	struct buf service = BUF_INIT(INSPECT_MAX_ACCOUNT + 16);
	struct conn *c = NULL;
	enum result result;

	result = inspect_connection(request, &c, &service);
	if (result == RESULT_SUCCESS)
		result = result_of_errno(buf_adds(&service, ".inspect-coco"));
	if (result == RESULT_SUCCESS)
		result = inspected_find(&in, buf_str(&service));
	if (result == RESULT_SUCCESS && answer != NULL)
		result = inspected_answer(&in, request, c, buf_str(&service),
		    answer);
	if (result == RESULT_SUCCESS && answer == NULL)
		result = inspect_may_erase(request, buf_str(&service),
		    buf_str(&in.text));
	if (result == RESULT_SUCCESS && answer == NULL)
		result = inspected_erase(&in);
	inspected_wipe(&in);
	buf_wipe(&service);
	conn_free(c);
	return result;
}

static enum result
run_import(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)text;
	return import(request, answer);
}

static enum result
run_import_erase(const struct cred *request, struct cred *answer,
    struct buf *text)
{
	(void)answer;
	(void)text;
	return import(request, NULL);
}

static int
on_option(void *ctx, int id, const char *value)
{
	int64_t n;
	int r;

	(void)ctx;
	(void)id;
	r = num_parse(value, strlen(value), 1, MAX_PERIOD, &n);
	if (r == 0)
		secrets.period = (unsigned)n;
	return r == 0 ? 0 : -EINVAL;
}

int
main(int argc, char **argv)
{
	static const struct opt opts[] = {
		{ 't', "timeout", "SECONDS",
		    "how long the keyring may take, 1 to 600; 10, and for "
		    "unlock 120" },
		OPT_COMMON
	};
	static const struct helper_verb extra[] = {
		{ "unlock", "unlock the keyring; this may ask you", run_unlock,
		    HELPER_EXTRA | HELPER_PERSON },
		{ "import", "print the login of inspect-coco", run_import,
		    HELPER_EXTRA },
		{ "import-erase", "delete the login of inspect-coco",
		    run_import_erase, HELPER_EXTRA },
		{ NULL, NULL, NULL, 0 }
	};
	static const struct store store = {
		.program = "coco-credential-libsecret",
		.summary = "Keep credentials in the keyring of the desktop, by "
			   "the Secret Service.",
		.opts = opts,
		.on_option = on_option,
		.footer = "Requests are read from stdin; see "
			  "coco-protocol(7).",
		.extra = extra,
		.encrypted = true,
		.location = location,
		.detail = detail,
		.begin = begin,
		.load = load,
		.save = save,
		.end = end,
		.ctx = &secrets,
	};

	return store_main(&store, argc, argv);
}
