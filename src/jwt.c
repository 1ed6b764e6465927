/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "b64.h"
#include "esc.h"
#include "jwt.h"

static int
add_members(struct buf *json, const struct jwt_member *m, size_t len)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < len; i++) {
		r = buf_addf(json, "%s\"%s\":", json->len > 1 ? "," : "",
		    m[i].name);
		if (r != 0)
			break;
		if (m[i].text == NULL)
			r = buf_addf(json, "%lld", (long long)m[i].number);
		else if (!esc_is_utf8(m[i].text))
			r = -EBADMSG;
		else
			r = esc_json(json, m[i].text, strlen(m[i].text));
	}
	return r;
}

/* Append the object that HEAD begins, with the members, as base64url. */
static int
add_object(struct buf *b, const char *head, const struct jwt_member *m,
    size_t len)
{
	struct buf json = BUF_INIT(JWT_MAX);
	int r;

	r = buf_adds(&json, head);
	if (r == 0)
		r = add_members(&json, m, len);
	if (r == 0)
		r = buf_addc(&json, '}');
	if (r == 0)
		r = b64_encode_url(b, json.data, json.len);
	buf_wipe(&json);
	return r;
}

int
jwt_sign(struct key *k, const struct jwt_member *header, size_t header_len,
    const struct jwt_member *claims, size_t claims_len, struct buf *ret_token)
{
	struct buf signature = BUF_INIT(KEY_MAX_SIGNATURE);
	struct buf head = BUF_INIT(64);
	struct buf b = BUF_INIT(JWT_MAX);
	int r;

	r = buf_addf(&head, "{\"alg\":\"%s\",\"typ\":\"JWT\"", key_alg(k));
	if (r == 0)
		r = add_object(&b, buf_str(&head), header, header_len);
	if (r == 0)
		r = buf_addc(&b, '.');
	if (r == 0)
		r = add_object(&b, "{", claims, claims_len);
	if (r == 0)
		r = key_sign(k, b.data, b.len, &signature);
	if (r == 0)
		r = buf_addc(&b, '.');
	if (r == 0)
		r = b64_encode_url(&b, signature.data, signature.len);
	if (r == 0)
		r = buf_add(ret_token, b.data, b.len);
	buf_wipe(&signature);
	buf_wipe(&head);
	buf_wipe(&b);
	return r;
}
