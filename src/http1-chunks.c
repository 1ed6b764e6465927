/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include "hex.h"
#include "http1-scan.h"
#include "http1.h"

/* Those of a 64 bit number, which so never overflows. */
#define MAX_DIGITS 16

/* What comes next; SIZE is 0, for HTTP1_CHUNKS_INIT. */
enum {
	SIZE,    /* a digit of it, or the CR behind */
	SIZE_LF, /* behind that CR */
	DATA,
	DATA_CR, /* behind the data */
	DATA_LF,
	LAST_CR, /* behind the chunk of size 0 */
	LAST_LF,
	END
};

static int
read_size(struct http1_chunks *c, char byte)
{
	int digit = hex_value(byte);

	if (digit >= 0 && c->digits < MAX_DIGITS) {
		c->size = c->size * 16 + (unsigned int)digit;
		c->digits++;
		return 0;
	}
	if (byte != '\r' || c->digits == 0)
		return -EBADMSG;
	if (c->size > c->left)
		return -EFBIG;
	c->left -= c->size;
	c->digits = 0;
	c->state = SIZE_LF;
	return 0;
}

/* Read a byte that is no data. */
static int
step(struct http1_chunks *c, char byte)
{
	static const struct {
		char byte;
		int next;
	} want[] = {
		[SIZE_LF] = { '\n', DATA },
		[DATA_CR] = { '\r', DATA_LF },
		[DATA_LF] = { '\n', SIZE },
		[LAST_CR] = { '\r', LAST_LF },
		[LAST_LF] = { '\n', END },
	};

	if (c->state == SIZE)
		return read_size(c, byte);
	if (byte != want[c->state].byte)
		return -EBADMSG;
	c->state = want[c->state].next;
	if (c->state == DATA && c->size == 0)
		c->state = LAST_CR;
	return 0;
}

/* Take what there is of a chunk's data. */
static size_t
take_data(struct http1_chunks *c, const char *data, size_t len,
    struct http1_span *ret_data)
{
	size_t n = c->size < len ? (size_t)c->size : len;

	ret_data->s = data;
	ret_data->len = n;
	c->size -= n;
	if (c->size == 0)
		c->state = DATA_CR;
	return n;
}

ssize_t
http1_chunks_read(struct http1_chunks *c, const char *data, size_t len,
    struct http1_span *ret_data, bool *ret_end)
{
	struct http1_span body = { data, 0 };
	size_t n = 0;

	while (c->error == 0 && c->state != DATA && c->state != END && n < len)
		c->error = step(c, data[n++]);
	if (c->error != 0)
		return c->error;
	if (c->state == DATA && n < len)
		n += take_data(c, data + n, len - n, &body);
	*ret_data = body;
	*ret_end = c->state == END;
	return (ssize_t)n;
}
