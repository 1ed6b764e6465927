/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One HTTP request out, one answer in, over libcurl.  TLS is always verified
 * and at least 1.2; plain http goes to loopback only; redirects are never
 * followed; .netrc is never read.
 *
 * The user's settings are honoured.  Proxy: http_proxy, https_proxy,
 * all_proxy, no_proxy as curl reads them, unless the request says otherwise;
 * loopback never goes through one.  CA: the first of CURL_CA_BUNDLE,
 * SSL_CERT_FILE and REQUESTS_CA_BUNDLE that is set, and SSL_CERT_DIR; empty
 * counts as unset.
 *
 * All that libcurl itself copies of a request (its credentials, a short body)
 * is in wiping memory; what OpenSSL below it copies is not.  So fetch()
 * must be the first in a process to initialise libcurl.
 *
 *	struct fetch_response a = FETCH_RESPONSE_INIT;
 *	r = fetch(&request, &a, &why);
 *	...
 *	fetch_response_wipe(&a);
 */
#ifndef FETCH_H
#define FETCH_H

#include <stdint.h>

#include "buf.h"

#define FETCH_MAX_BODY 65536
#define FETCH_MAX_HEAD \
	65536 /* status line and header fields,
    in all */
#define FETCH_TIMEOUT_MS         30000
#define FETCH_CONNECT_TIMEOUT_MS 10000

struct fetch_request {
	const char *url;
	const struct buf *body;    /* of a POST; NULL: GET */
	const char *content_type;  /* its media type; NULL: a urlencoded form */
	const char *accept;        /* media type; NULL: any */
	const char *authorization; /* the field's value, instead of a user */
	const char *user;          /* HTTP Basic, no ':' in it; NULL: none */
	const char *password;      /* NULL: empty */
	const char *proxy;         /* overrides the environment; or NULL */
	const char *no_proxy;      /* the same */
	int64_t timeout_ms;        /* for everything; 0: 30 s */
};

struct fetch_response {
	long status;
	struct buf body; /* at most FETCH_MAX_BODY */
};

#define FETCH_RESPONSE_INIT                 \
	{                                   \
		0, BUF_INIT(FETCH_MAX_BODY) \
	}

/*
 * Send it and wait.  The response is emptied first.  Returns 0 for any HTTP
 * answer, whatever its status; -EINVAL for a request that is not allowed (its
 * URL, a ':' in the user, control bytes in a field) or cannot be made with the
 * user's settings (a CA file that cannot be read); -EHOSTUNREACH when there is
 * no connection, or it broke, or a proxy does not work; -ETIMEDOUT;
 * -EKEYREJECTED when the server's certificate does not verify; -EMSGSIZE for an
 * answer that is too long; -EPROTO for one that is none; -ENOMEM.  One line of
 * reason, which starts with the URL's origin, is appended to WHY; neither the
 * path and query nor anything else of the request or of the answer is in it.
 */
int fetch(const struct fetch_request *request, struct fetch_response *response,
    struct buf *why);

/* Wipe and release; reusable afterwards. */
void fetch_response_wipe(struct fetch_response *response);

#endif
