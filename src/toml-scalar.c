/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The values of TOML that are written without quotes.  One word is cut out of
 * the text first and must then be a boolean, a number, a date or a time from
 * its first byte to its last; so "1.2.3" is an error at its first byte.
 */
#include "coco.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "toml-scan.h"

/* Digits of a second that are kept. */
#define MAX_FRACTION 9

struct word {
	const char *s;
	size_t len;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word_byte(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c > 0 && strchr("+-._:", c) != NULL);
}

static bool
word_is(struct word w, const char *s)
{
	return w.len == strlen(s) && memcmp(w.s, s, w.len) == 0;
}

static void
word_skip(struct word *w, size_t n)
{
	w->s += n;
	w->len -= n;
}

static bool
word_take(struct word *w, const char *any)
{
	if (w->len == 0 || strchr(any, w->s[0]) == NULL)
		return false;
	word_skip(w, 1);
	return true;
}

/* Exactly N digits, as a number between MIN and MAX. */
static bool
take_number(struct word *w, size_t n, int min, int max, int *ret_n)
{
	int value = 0;
	size_t i;

	if (w->len < n)
		return false;
	for (i = 0; i < n; i++) {
		if (!is_digit(w->s[i]))
			return false;
		value = value * 10 + (w->s[i] - '0');
	}
	word_skip(w, n);
	*ret_n = value;
	return value >= min && value <= max;
}

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool
take_date(struct word *w)
{
	int year;
	int month;
	int day;

	return take_number(w, 4, 0, 9999, &year) && word_take(w, "-") &&
	    take_number(w, 2, 1, 12, &month) && word_take(w, "-") &&
	    take_number(w, 2, 1, days_in(year, month), &day);
}

/* RET_FRACTION gets the number of digits after the point.  Second 60 is a leap
 * second (RFC 3339 5.6), and nobody knows which days will have one. */
static bool
take_time(struct word *w, size_t *ret_fraction)
{
	size_t n = 0;
	int value;

	*ret_fraction = 0;
	if (!take_number(w, 2, 0, 23, &value) || !word_take(w, ":") ||
	    !take_number(w, 2, 0, 59, &value) || !word_take(w, ":") ||
	    !take_number(w, 2, 0, 60, &value))
		return false;
	if (!word_take(w, "."))
		return true;
	while (n < w->len && is_digit(w->s[n]))
		n++;
	word_skip(w, n);
	*ret_fraction = n;
	return n != 0;
}

static bool
take_offset(struct word *w)
{
	int value;

	if (word_take(w, "Zz"))
		return true;
	return word_take(w, "+-") && take_number(w, 2, 0, 23, &value) &&
	    word_take(w, ":") && take_number(w, 2, 0, 59, &value);
}

/* Store the word in the form of RFC 3339, where the time, if any, begins at
 * TIME and has FRACTION digits of a second. */
static void
store_time(struct toml_scan *s, struct word w, size_t time, size_t fraction,
    struct toml_token *ret_token)
{
	size_t mark = s->out->len;
	size_t cut = fraction > MAX_FRACTION ? fraction - MAX_FRACTION : 0;
	size_t upto = time + sizeof("00:00:00.") - 1 + fraction;
	char *copy;
	int r;

	if (fraction == 0 || cut == 0)
		upto = w.len;
	r = buf_add(s->out, w.s, upto - cut);
	assert(r == 0);
	r = buf_add(s->out, w.s + upto, w.len - upto);
	assert(r == 0);
	r = buf_addc(s->out, '\0');
	assert(r == 0);
	(void)r;
	copy = s->out->data + mark;
	if (time > 1)
		copy[time - 1] = 'T';
	ret_token->s = copy;
	ret_token->len = w.len - cut;
	if (copy[ret_token->len - 1] == 'z')
		copy[ret_token->len - 1] = 'Z';
}

static bool
scan_time(struct toml_scan *s, struct word w, struct toml_scalar *ret_scalar)
{
	struct word rest = w;
	size_t fraction = 0;
	size_t time = 0;

	if (w.len > 4 && w.s[4] == '-') {
		if (!take_date(&rest))
			return false;
		ret_scalar->kind = TOML_DATE;
		if (rest.len != 0) {
			if (!word_take(&rest, "Tt ") ||
			    !take_time(&rest, &fraction))
				return false;
			time = sizeof("0000-00-00T") - 1;
			ret_scalar->kind = TOML_DATETIME_LOCAL;
		}
		if (rest.len != 0) {
			if (!take_offset(&rest))
				return false;
			ret_scalar->kind = TOML_DATETIME;
		}
	} else {
		if (!take_time(&rest, &fraction))
			return false;
		ret_scalar->kind = TOML_TIME;
	}
	if (rest.len != 0)
		return false;
	store_time(s, w, time, fraction, &ret_scalar->u.time);
	return true;
}

static int
digit_of(char c, int base)
{
	int value = -1;

	if (is_digit(c))
		value = c - '0';
	else if (c >= 'a' && c <= 'f')
		value = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		value = c - 'A' + 10;
	return value < base ? value : -1;
}

/* Digits of BASE at the start of W, single underscores between them; 0 when
 * there are none. */
static size_t
digits_span(struct word w, int base)
{
	size_t n;

	for (n = 0; n < w.len; n++) {
		if (digit_of(w.s[n], base) >= 0)
			continue;
		if (w.s[n] != '_' || n == 0 || w.s[n - 1] == '_')
			break;
	}
	if (n > 0 && w.s[n - 1] == '_')
		n--;
	return n;
}

/* The digits of W up to LIMIT. */
static bool
accumulate(struct word w, int base, uint64_t limit, uint64_t *ret_n)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < w.len; i++) {
		uint64_t digit;

		if (w.s[i] == '_')
			continue;
		digit = (uint64_t)digit_of(w.s[i], base);
		if (value > (limit - digit) / (uint64_t)base)
			return false;
		value = value * (uint64_t)base + digit;
	}
	*ret_n = value;
	return true;
}

static int
scan_integer(struct toml_scan *s, struct word w, int base, bool negative,
    struct toml_scalar *ret_scalar)
{
	uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	uint64_t n;

	if (!accumulate(w, base, limit, &n))
		return toml_scan_fail(s, s->pos,
		    "the integer does not fit into 64 bits");
	ret_scalar->kind = TOML_INTEGER;
	if (!negative)
		ret_scalar->u.integer = (int64_t)n;
	else if (n == limit)
		ret_scalar->u.integer = INT64_MIN;
	else
		ret_scalar->u.integer = -(int64_t)n;
	return 0;
}

/* W is a float by its form.  It is copied without its underscores behind the
 * decoded text, where there is room for it, and dropped again. */
static int
scan_float(struct toml_scan *s, struct word w, struct toml_scalar *ret_scalar)
{
	size_t mark = s->out->len;
	size_t i;
	double d;
	int r;

	for (i = 0; i < w.len; i++) {
		if (w.s[i] == '_')
			continue;
		r = buf_addc(s->out, w.s[i]);
		assert(r == 0);
		(void)r;
	}
	d = strtod(buf_str(s->out) + mark, NULL);
	buf_truncate(s->out, mark);
	if (isinf(d))
		return toml_scan_fail(s, s->pos, "the number is too large");
	ret_scalar->kind = TOML_FLOAT;
	ret_scalar->u.number = d;
	return 0;
}

/* Length of a decimal integer without leading zeros; 0 for none. */
static size_t
decimal_span(struct word w)
{
	size_t n = digits_span(w, 10);

	return n > 1 && w.s[0] == '0' ? 0 : n;
}

/* Whether W is what may follow the integer part of a float. */
static bool
is_float_tail(struct word w)
{
	bool found = false;
	size_t n;

	if (word_take(&w, ".")) {
		n = digits_span(w, 10);
		if (n == 0)
			return false;
		word_skip(&w, n);
		found = true;
	}
	if (word_take(&w, "eE")) {
		(void)word_take(&w, "+-");
		n = digits_span(w, 10);
		if (n == 0)
			return false;
		word_skip(&w, n);
		found = true;
	}
	return found && w.len == 0;
}

static int
fail_value(struct toml_scan *s)
{
	return toml_scan_fail(s, s->pos,
	    "not a valid value; text must be in quotes");
}

/* What the digits of W count in, when it begins with "0x", "0o" or "0b"; else
 * 0. */
static int
prefix_base(struct word w)
{
	if (w.len < 2 || w.s[0] != '0')
		return 0;
	switch (w.s[1]) {
	case 'x':
		return 16;
	case 'o':
		return 8;
	case 'b':
		return 2;
	default:
		return 0;
	}
}

static int
scan_number(struct toml_scan *s, struct word w, struct toml_scalar *ret_scalar)
{
	struct word digits = w;
	bool negative = w.len > 0 && w.s[0] == '-';
	bool has_sign = word_take(&digits, "+-");
	int base = prefix_base(digits);
	size_t n;

	if (base != 0) {
		word_skip(&digits, 2);
		n = digits_span(digits, base);
		if (has_sign || n == 0 || n != digits.len)
			return fail_value(s);
		return scan_integer(s, digits, base, false, ret_scalar);
	}
	n = decimal_span(digits);
	if (n == 0)
		return fail_value(s);
	if (n == digits.len)
		return scan_integer(s, digits, 10, negative, ret_scalar);
	word_skip(&digits, n);
	if (!is_float_tail(digits))
		return fail_value(s);
	return scan_float(s, w, ret_scalar);
}

static bool
scan_name(struct word w, struct toml_scalar *ret_scalar)
{
	bool negative = w.len > 0 && w.s[0] == '-';

	ret_scalar->kind = TOML_BOOL;
	ret_scalar->u.truth = word_is(w, "true");
	if (ret_scalar->u.truth || word_is(w, "false"))
		return true;
	ret_scalar->kind = TOML_FLOAT;
	(void)word_take(&w, "+-");
	if (word_is(w, "inf"))
		ret_scalar->u.number = negative ? -HUGE_VAL : HUGE_VAL;
	else if (word_is(w, "nan"))
		ret_scalar->u.number = (double)NAN;
	else
		return false;
	return true;
}

/* A blank may stand for the "T" between a date and a time. */
static struct word
cut_word(const struct toml_scan *s)
{
	struct word w = { s->text + s->pos, 0 };
	size_t left = s->len - s->pos;

	while (w.len < left && is_word_byte((unsigned char)w.s[w.len]))
		w.len++;
	if (w.len == sizeof("0000-00-00") - 1 && w.s[4] == '-' &&
	    left - w.len > 1 && w.s[w.len] == ' ' && is_digit(w.s[w.len + 1])) {
		w.len++;
		while (w.len < left && is_word_byte((unsigned char)w.s[w.len]))
			w.len++;
	}
	return w;
}

/* Whether W can only be meant as a date or time. */
static bool
looks_like_time(struct word w)
{
	size_t n = 0;

	while (n < w.len && is_digit(w.s[n]))
		n++;
	return n > 0 && n < w.len && (w.s[n] == '-' || w.s[n] == ':');
}

int
toml_scan_scalar(struct toml_scan *s, struct toml_scalar *ret_scalar)
{
	struct toml_scalar scalar;
	struct word w = cut_word(s);
	int r = 0;

	memset(&scalar, 0, sizeof(scalar));
	if (w.len == 0)
		return toml_scan_fail(s, s->pos, "expected a value");
	if (looks_like_time(w)) {
		if (!scan_time(s, w, &scalar))
			r = toml_scan_fail(s, s->pos,
			    "not a valid date or time");
	} else if (!scan_name(w, &scalar)) {
		r = scan_number(s, w, &scalar);
	}
	if (r != 0)
		return r;
	s->pos += w.len;
	*ret_scalar = scalar;
	return 0;
}
