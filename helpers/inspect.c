/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <ctype.h>
#include <string.h>

#include "ascii.h"
#include "helper.h"
#include "inspect.h"
#include "log.h"
#include "mem.h"

#define SUFFIX ".snowflakecomputing.com"
#define BLANKS " \t\r\n\v\f"

/* The host name of the URL S of LEN bytes, as Python's urlparse() finds it. */
static size_t
find_hostname(const char **s, size_t len)
{
	const char *start = memmem(*s, len, "://", 3);
	const char *end = *s + len;
	const char *at;

	if (start == NULL)
		return 0;
	*s = start + 3;
	len = (size_t)(end - *s);
	for (end = *s; len > 0 && strchr("/?#", *end) == NULL; end++)
		len--;
	at = memrchr(*s, '@', (size_t)(end - *s));
	if (at != NULL)
		*s = at + 1;
	for (at = *s; at < end && *at != ':'; at++)
		;
	return (size_t)(at - *s);
}

int
inspect_account(const char *account, struct buf *ret_account)
{
	const char *s = account + strspn(account, BLANKS);
	size_t len = strlen(s);
	bool is_url;
	size_t i;
	int r = 0;

	while (len > 0 && strchr(BLANKS, s[len - 1]) != NULL)
		len--;
	is_url = strncmp(s, "http", 4) == 0;
	if (is_url)
		len = find_hostname(&s, len);
	if (len >= strlen(SUFFIX) &&
	    memcmp(s + len - strlen(SUFFIX), SUFFIX, strlen(SUFFIX)) == 0)
		len -= strlen(SUFFIX);
	while (len > 0 && s[len - 1] == '/')
		len--;
	if (len == 0)
		return -EBADMSG;
	for (i = 0; r == 0 && i < len; i++) {
		if (s[i] == '_')
			r = buf_addc(ret_account, '-');
		else if (is_url)
			r = buf_addc(ret_account,
			    (char)tolower((unsigned char)s[i]));
		else
			r = buf_addc(ret_account, s[i]);
	}
	return r;
}

enum result
inspect_connection(const struct cred *request, struct conn **ret_conn,
    struct buf *ret_account)
{
	struct conn *c = NULL;
	enum result result;
	int r;

	result = helper_connection(request, &c);
	if (result != RESULT_SUCCESS)
		return result;
	r = inspect_account(conn_account(c), ret_account);
	if (r == 0) {
		*ret_conn = c;
		return RESULT_SUCCESS;
	}
	log_warn("connection \"%s\": inspect-coco has no name for its account",
	    conn_name(c));
	conn_free(c);
	return RESULT_NOT_FOUND;
}

enum result
inspect_answer(const struct cred *request, const struct conn *c,
    const char *where, const char *token, const struct json *meta,
    struct cred *answer)
{
	const char *user = cred_get(request, CRED_USERNAME);
	const char *role = NULL;

	if (meta != NULL)
		role = json_text(meta, "role");
	if (role != NULL && role[0] == '\0')
		role = NULL;
	if (token[0] == '\0' || ascii_has_control(token) ||
	    (role != NULL && ascii_has_control(role))) {
		log_warn(
		    "%s: the refresh token or role is empty or has control "
		    "characters",
		    where);
		return RESULT_ERROR;
	}
	cred_set(answer, CRED_USERNAME, user != NULL ? user : conn_user(c));
	cred_set(answer, CRED_OAUTH_REFRESH_TOKEN, token);
	cred_set(answer, CRED_ROLE, role);
	return RESULT_SUCCESS;
}

enum result
inspect_may_erase(const struct cred *request, const char *where,
    const char *token)
{
	const char *taken = cred_get(request, CRED_OAUTH_REFRESH_TOKEN);

	if (taken == NULL) {
		log_warn("%s: nothing is deleted without the "
			 "oauth_refresh_token that was taken over",
		    where);
		return RESULT_DENIED;
	}
	if (strlen(taken) == strlen(token) &&
	    mem_differ(taken, token, strlen(token)) == 0)
		return RESULT_SUCCESS;
	log_warn("%s: has another refresh token by now, and stays", where);
	return RESULT_NOT_FOUND;
}
