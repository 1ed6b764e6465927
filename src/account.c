/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>
#include <strings.h>

#include "account.h"
#include "ascii.h"
#include "esc.h"

#define MAX_LABEL 63 /* RFC 1035 2.3.4 */
#define MAX_NAME  253

#define SUFFIX      ".snowflakecomputing."
#define PRIVATELINK ".privatelink"
#define BLANKS      " \t\r\n"
#define BAD_CHAR    "may hold letters, digits, \"_\" and \"-\" only"
#define LABEL_CHARS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* An account as people write it, taken apart.  The labels point into TEXT. */
struct account {
	const char *text; /* what lies before the suffix */
	size_t len;
	bool has_suffix;
	bool is_china; /* by the suffix, or by the region in it */
};

static int
refuse(struct buf *why, const char *account, const char *fault)
{
	size_t before = why->len;
	int r;

	r = buf_adds(why, "account \"");
	if (r == 0)
		r = esc_visible(why, account, strlen(account));
	if (r == 0)
		r = buf_addf(why, "\" %s", fault);
	if (r != 0)
		buf_truncate(why, before);
	return -EBADMSG;
}

/* The fault of LEN bytes as labels with dots between them, or NULL. */
static const char *
labels_fault(const char *s, size_t len)
{
	const char *end = s + len;
	size_t n;

	if (len > MAX_NAME)
		return "is too long";
	while (s <= end) {
		for (n = 0; s + n < end && s[n] != '.'; n++)
			if (strchr(LABEL_CHARS, s[n]) == NULL)
				return BAD_CHAR;
		if (n == 0)
			return "has an empty part";
		if (n > MAX_LABEL)
			return "has a part that is too long";
		s += n + 1;
	}
	return NULL;
}

static size_t
first_label(const char *s, size_t len)
{
	const char *dot = memchr(s, '.', len);

	return dot != NULL ? (size_t)(dot - s) : len;
}

/* Cut ".snowflakecomputing.com" or ".cn" off the end. */
static void
cut_suffix(struct account *a)
{
	const size_t fixed = sizeof(SUFFIX) - 1;
	size_t tld;

	for (tld = 2; tld <= 3; tld++) {
		const char *top = tld == 2 ? "cn" : "com";
		const char *at;

		if (a->len < fixed + tld)
			continue;
		at = a->text + a->len - tld - fixed;
		if (strncasecmp(at, SUFFIX, fixed) != 0 ||
		    strncasecmp(at + fixed, top, tld) != 0)
			continue;
		a->len -= fixed + tld;
		a->has_suffix = true;
		a->is_china = tld == 2;
		return;
	}
}

static int
account_parse(const char *account, struct account *ret_a, struct buf *why)
{
	struct account a = { account, 0, false, false };
	const char *fault;
	const char *rest;
	size_t first;
	bool is_url;

	a.text += strspn(a.text, BLANKS);
	is_url = strncasecmp(a.text, "https://", 8) == 0 ||
	    strncasecmp(a.text, "http://", 7) == 0;
	if (is_url)
		a.text = strchr(a.text, '/') + 2;
	a.len = strcspn(a.text, "/?#" BLANKS);
	rest = a.text + a.len;
	if (!is_url && rest[strspn(rest, "/" BLANKS)] != '\0')
		return refuse(why, account, BAD_CHAR);
	cut_suffix(&a);
	if (is_url && !a.has_suffix)
		return refuse(why, account,
		    "is a URL of another service; "
		    "write the account identifier, or set \"host\"");
	fault = labels_fault(a.text, a.len);
	if (fault != NULL)
		return refuse(why, account, fault);
	first = first_label(a.text, a.len);
	if (strncasecmp(a.text + first, ".cn-", 4) == 0)
		a.is_china = true;
	*ret_a = a;
	return 0;
}

/* Append LEN bytes in lower case, as a name that strict TLS clients take. */
static int
add_lower(struct buf *b, const char *s, size_t len)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < len; i++) {
		char c = ascii_lower(s[i]);

		r = buf_addc(b, c == '_' ? '-' : c);
	}
	return r;
}

static bool
has_privatelink(const struct account *a)
{
	const size_t len = sizeof(PRIVATELINK) - 1;

	return a->len > len &&
	    strncasecmp(a->text + a->len - len, PRIVATELINK, len) == 0;
}

/* Append the labels.  A region of its own takes the place of the one in the
 * account, as in the Python driver. */
static int
add_labels(const struct account *a, const char *region, struct buf *b)
{
	int r;

	if (region == NULL)
		return add_lower(b, a->text, a->len);
	r = add_lower(b, a->text, first_label(a->text, a->len));
	if (r == 0)
		r = buf_addc(b, '.');
	if (r == 0)
		r = add_lower(b, region, strlen(region));
	if (r == 0 && has_privatelink(a))
		r = buf_adds(b, PRIVATELINK);
	return r;
}

int
account_host(const char *account, const char *region, struct buf *ret_host,
    struct buf *why)
{
	size_t before = ret_host->len;
	struct account a;
	int r;

	r = account_parse(account, &a, why);
	if (r != 0)
		return r;
	if (region != NULL &&
	    (region[0] == '\0' || strcasecmp(region, "us-west-2") == 0))
		region = NULL;
	if (region != NULL) {
		const char *fault = labels_fault(region, strlen(region));

		if (fault != NULL) {
			(void)buf_adds(why, "the region of ");
			return refuse(why, account, fault);
		}
		a.is_china = strncasecmp(region, "cn-", 3) == 0;
	}
	r = add_labels(&a, region, ret_host);
	if (r == 0)
		r = buf_adds(ret_host, a.is_china ? SUFFIX "cn" : SUFFIX "com");
	if (r == 0 && ret_host->len - before > MAX_NAME)
		r = refuse(why, account, "is too long");
	if (r != 0)
		buf_truncate(ret_host, before);
	return r;
}

/*
 * The second of two labels, where it is not a region: every region has a '-'.
 * Then the first one is an organisation, and what Snowflake wants is the two
 * joined by '-'; the organisation alone would be another account's name.
 */
static bool
is_organisation(const struct account *a, size_t first)
{
	const char *second = a->text + first + 1;
	size_t len;

	if (first == a->len)
		return false;
	len = first_label(second, a->len - first - 1);
	return first + 1 + len == a->len && memchr(second, '-', len) == NULL;
}

int
account_name(const char *account, struct buf *ret_name, struct buf *why)
{
	size_t before = ret_name->len;
	struct account a;
	const char *dash;
	size_t first;
	size_t i;
	int r;

	r = account_parse(account, &a, why);
	if (r != 0)
		return r;
	if (has_privatelink(&a))
		a.len -= sizeof(PRIVATELINK) - 1;
	first = first_label(a.text, a.len);
	/* NAME-HASH.global is an account behind a failover address */
	if (a.len - first == 7 &&
	    strncasecmp(a.text + first, ".global", 7) == 0) {
		dash = memchr(a.text, '-', first);
		if (dash != NULL)
			first = (size_t)(dash - a.text);
	} else if (is_organisation(&a, first)) {
		return refuse(why, account,
		    "has a dot between organisation and account; "
		    "write \"-\" there");
	}
	for (i = 0; r == 0 && i < first; i++)
		r = buf_addc(ret_name, ascii_upper(a.text[i]));
	if (r != 0)
		buf_truncate(ret_name, before);
	return r;
}
