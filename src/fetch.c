/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "ascii.h"
#include "esc.h"
#include "fetch.h"
#include "mem.h"
#include "url.h"
#include "wipe.h"

/* One header field of ours: a token of Snowflake's, and some. */
#define FETCH_MAX_FIELD 65536

/* One transfer, from its set-up to the reason of its failure. */
struct transfer {
	const struct fetch_request *request;
	struct url url;
	struct buf full_url; /* what curl gets; holds the query */
	struct buf *why;
	CURL *curl;
	struct curl_slist *headers;
	int64_t timeout_ms;
	const char *ca_variable; /* NULL: the system's CAs */
	struct fetch_response *response;
	size_t head_len;
	bool too_long;
	char error[CURL_ERROR_SIZE];
};

/* An option that curl refuses makes the transfer fail, whichever it is. */
#define SET(code, curl, option, value)                                        \
	do {                                                                  \
		if ((code) == CURLE_OK)                                       \
			(code) = curl_easy_setopt((curl), (option), (value)); \
	} while (0)

static bool
init_curl(void)
{
	static bool done;

	if (!done)
		done = curl_global_init_mem(CURL_GLOBAL_DEFAULT, wipe_malloc,
			   wipe_free, wipe_realloc, wipe_strdup,
			   wipe_calloc) == CURLE_OK;
	return done;
}

/* Append "ORIGIN: WHAT", and DETAIL made safe for a terminal; may be NULL. */
static void
explain(struct transfer *t, const char *what, const char *detail)
{
	(void)url_origin(&t->url, t->why);
	(void)buf_addf(t->why, ": %s", what);
	if (detail == NULL || detail[0] == '\0')
		return;
	(void)buf_adds(t->why, ": ");
	(void)esc_visible(t->why, detail, strlen(detail));
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	if (buf_add(&t->response->body, data, size * count) == 0)
		return size * count;
	t->too_long = true;
	return 0;
}

/* Only counted: curl has no limit for all header fields together. */
static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	(void)data;
	t->head_len += size * count;
	if (t->head_len <= FETCH_MAX_HEAD)
		return size * count;
	t->too_long = true;
	return 0;
}

static const char *
env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Without a word from the request curl reads the environment. */
static CURLcode
set_proxy(struct transfer *t)
{
	CURLcode code = CURLE_OK;

	if (url_is_loopback(&t->url)) {
		SET(code, t->curl, CURLOPT_PROXY, "");
		return code;
	}
	if (t->request->proxy != NULL)
		SET(code, t->curl, CURLOPT_PROXY, t->request->proxy);
	if (t->request->no_proxy != NULL)
		SET(code, t->curl, CURLOPT_NOPROXY, t->request->no_proxy);
	return code;
}

/* Add a field to the request.  The list copies it, into wiping memory. */
static CURLcode
add_field(struct transfer *t, const char *name, const char *value)
{
	struct buf field = BUF_INIT(FETCH_MAX_FIELD);
	struct curl_slist *list = NULL;

	if (buf_addf(&field, "%s:%s%s", name, value[0] != '\0' ? " " : "",
		value) == 0)
		list = curl_slist_append(t->headers, buf_str(&field));
	buf_wipe(&field);
	if (list == NULL)
		return CURLE_OUT_OF_MEMORY;
	t->headers = list;
	return CURLE_OK;
}

static CURLcode
add_fields(struct transfer *t)
{
	const struct fetch_request *q = t->request;
	const struct {
		const char *name;
		const char *value;
	} fields[] = {
		/* no "Expect: 100-continue", which some proxies answer with
		 * 417 */
		{ "Expect", "" },
		{ "Accept", q->accept },
		{ "Content-Type", q->body != NULL ? q->content_type : NULL },
		{ "Authorization", q->authorization },
	};
	CURLcode code = CURLE_OK;
	size_t i;

	for (i = 0; code == CURLE_OK && i < ARRAY_LEN(fields); i++)
		if (fields[i].value != NULL)
			code = add_field(t, fields[i].name, fields[i].value);
	return code;
}

/*
 * What is sent.  POSTFIELDS is not copied by the option, but curl puts a short
 * body behind the head that it builds; user and password are copied, and once
 * more into the Authorization field.  All of that is in wiping memory.
 */
static CURLcode
set_request(struct transfer *t)
{
	const struct fetch_request *q = t->request;
	CURLcode code = add_fields(t);

	SET(code, t->curl, CURLOPT_HTTPHEADER, t->headers);
	SET(code, t->curl, CURLOPT_URL, buf_str(&t->full_url));
	if (q->body != NULL) {
		SET(code, t->curl, CURLOPT_POSTFIELDS, buf_str(q->body));
		SET(code, t->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)q->body->len);
	}
	if (q->user != NULL) {
		SET(code, t->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(code, t->curl, CURLOPT_USERNAME, q->user);
		SET(code, t->curl, CURLOPT_PASSWORD,
		    q->password != NULL ? q->password : "");
	}
	return code;
}

/* What is the same for every transfer. */
static CURLcode
set_rules(struct transfer *t)
{
	long total = (long)t->timeout_ms;
	CURL *curl = t->curl;
	CURLcode code = CURLE_OK;

	SET(code, curl, CURLOPT_ERRORBUFFER, t->error);
	SET(code, curl, CURLOPT_PROTOCOLS_STR,
	    url_is_loopback(&t->url) ? "http,https" : "https");
	SET(code, curl, CURLOPT_FOLLOWLOCATION, 0L);
	SET(code, curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(code, curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(code, curl, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(code, curl, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(code, curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(code, curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(code, curl, CURLOPT_NOSIGNAL, 1L);
	SET(code, curl, CURLOPT_TIMEOUT_MS, total);
	SET(code, curl, CURLOPT_CONNECTTIMEOUT_MS,
	    total < FETCH_CONNECT_TIMEOUT_MS ? total :
					       (long)FETCH_CONNECT_TIMEOUT_MS);
	SET(code, curl, CURLOPT_USERAGENT, "coco/" PACKAGE_VERSION);
	SET(code, curl, CURLOPT_WRITEFUNCTION, on_body);
	SET(code, curl, CURLOPT_WRITEDATA, t);
	SET(code, curl, CURLOPT_HEADERFUNCTION, on_header);
	SET(code, curl, CURLOPT_HEADERDATA, t);
	return code;
}

static bool
is_proxy_set(const struct transfer *t)
{
	return !url_is_loopback(&t->url) &&
	    (t->request->proxy != NULL || env("https_proxy") != NULL ||
		env("HTTPS_PROXY") != NULL || env("all_proxy") != NULL ||
		env("ALL_PROXY") != NULL);
}

/*
 * Curl's usual text names the host and port it tried, which are the proxy's if
 * there is one.  Any other text is not shown: with this same code curl quotes
 * the setting of a proxy whose scheme it does not know, password included.
 */
static int
no_connection(struct transfer *t)
{
	static const char usual[] = "Failed to connect to ";
	bool is_usual = strncmp(t->error, usual, sizeof(usual) - 1) == 0;

	if (!is_proxy_set(t))
		explain(t, "cannot connect", is_usual ? t->error : NULL);
	else if (is_usual)
		explain(t, "cannot connect (a proxy is set)", t->error);
	else
		explain(t,
		    "cannot connect through proxy: its setting is not "
		    "valid",
		    NULL);
	return -EHOSTUNREACH;
}

static int
timed_out(struct transfer *t)
{
	curl_off_t connected = 0;
	int64_t ms = t->timeout_ms;

	(void)curl_easy_getinfo(t->curl, CURLINFO_PRETRANSFER_TIME_T,
	    &connected);
	if (connected == 0 && ms > FETCH_CONNECT_TIMEOUT_MS)
		ms = FETCH_CONNECT_TIMEOUT_MS;
	explain(t, connected == 0 ? "no connection" : "no answer", NULL);
	(void)buf_addf(t->why, " within %g s", (double)ms / 1000);
	return -ETIMEDOUT;
}

static int
not_trusted(struct transfer *t)
{
	long verified = 0;

	explain(t, "certificate is not trusted", t->error);
	(void)curl_easy_getinfo(t->curl, CURLINFO_SSL_VERIFYRESULT, &verified);
	/* 0, or curl's first value 1 where OpenSSL had no complaint: a good
	 * chain for another name, and no CA setting would help */
	if (verified <= 1)
		return -EKEYREJECTED;
	if (t->ca_variable != NULL)
		(void)buf_addf(t->why, " (trusted is what %s names)",
		    t->ca_variable);
	else
		(void)buf_adds(t->why,
		    " (set SSL_CERT_FILE to your company's CA bundle)");
	return -EKEYREJECTED;
}

/* Whether the proxy answered our CONNECT with a refusal, and say so. */
static bool
proxy_refused(struct transfer *t)
{
	long status = 0;

	(void)curl_easy_getinfo(t->curl, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status < 300)
		return false;
	explain(t, "the proxy refused the connection", NULL);
	(void)buf_addf(t->why, " (HTTP %ld)", status);
	return true;
}

/*
 * A result for CODE, and the reason.  Curl's own text is used only where it
 * cannot hold a secret.
 */
static int
fail(struct transfer *t, CURLcode code)
{
	if (t->too_long) {
		explain(t, "the answer is too long", NULL);
		return -EMSGSIZE;
	}
	if (proxy_refused(t))
		return -EHOSTUNREACH;
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return timed_out(t);
	case CURLE_PEER_FAILED_VERIFICATION:
		return not_trusted(t);
	case CURLE_COULDNT_CONNECT:
		return no_connection(t);
	case CURLE_COULDNT_RESOLVE_HOST:
		explain(t, "its name could not be resolved", NULL);
		return -EHOSTUNREACH;
	case CURLE_COULDNT_RESOLVE_PROXY:
		explain(t,
		    "cannot connect through proxy: its setting is not "
		    "valid, or its name could not be resolved",
		    NULL);
		return -EHOSTUNREACH;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		explain(t, "the connection broke", NULL);
		return -EHOSTUNREACH;
	case CURLE_SSL_CACERT_BADFILE:
		explain(t, "no CA certificate can be read from the file of",
		    t->ca_variable != NULL ? t->ca_variable : "the system");
		return -EINVAL;
	case CURLE_SSL_CONNECT_ERROR:
		explain(t, "no TLS connection", t->error);
		return -EPROTO;
	case CURLE_OUT_OF_MEMORY:
		explain(t, "out of memory", NULL);
		return -ENOMEM;
	default:
		explain(t, "no HTTP answer", curl_easy_strerror(code));
		return -EPROTO;
	}
}

/*
 * The user's CA settings.  A file that cannot be read is an error with its
 * name, for curl's own ("error setting certificate verify locations") leaves
 * open where the path came from.
 */
static int
set_ca(struct transfer *t)
{
	static const char *const variables[] = {
		"CURL_CA_BUNDLE",
		"SSL_CERT_FILE",
		"REQUESTS_CA_BUNDLE",
	};
	const char *dir = env("SSL_CERT_DIR");
	CURLcode code = CURLE_OK;
	const char *path = NULL;
	struct stat st;
	size_t i;

	for (i = 0; path == NULL && i < ARRAY_LEN(variables); i++) {
		path = env(variables[i]);
		if (path != NULL)
			t->ca_variable = variables[i];
	}
	if (dir != NULL)
		SET(code, t->curl, CURLOPT_CAPATH, dir);
	if (path == NULL)
		return code == CURLE_OK ? 0 : fail(t, code);
	if (stat(path, &st) != 0 || access(path, R_OK) != 0) {
		explain(t, "the CA file cannot be read", strerror(errno));
		(void)buf_addf(t->why, " (%s=", t->ca_variable);
		(void)esc_visible(t->why, path, strlen(path));
		(void)buf_addc(t->why, ')');
		return -EINVAL;
	}
	/* Python's requests allows a directory as well */
	if (S_ISDIR(st.st_mode))
		SET(code, t->curl, CURLOPT_CAPATH, path);
	else
		SET(code, t->curl, CURLOPT_CAINFO, path);
	return code == CURLE_OK ? 0 : fail(t, code);
}

/* Whether a value makes one field of a head, and no more. */
static bool
is_field(const char *s)
{
	return !ascii_has_control(s) && strlen(s) < FETCH_MAX_FIELD - 64;
}

static int
check_fields(struct transfer *t)
{
	const char *const values[] = { t->request->accept,
		t->request->content_type, t->request->authorization };
	size_t i;

	for (i = 0; i < ARRAY_LEN(values); i++)
		if (values[i] != NULL && !is_field(values[i])) {
			explain(t, "a header field cannot be sent", NULL);
			return -EINVAL;
		}
	return 0;
}

/* Check the request before anything is sent. */
static int
prepare(struct transfer *t)
{
	int r = url_parse(t->request->url, &t->url);

	if (r != 0) {
		(void)buf_adds(t->why, "not a valid http or https URL");
		return -EINVAL;
	}
	if (strcmp(t->url.scheme, "https") != 0 && !url_is_loopback(&t->url)) {
		explain(t, "refused: plain http is for loopback only", NULL);
		return -EINVAL;
	}
	if (t->request->user != NULL && strchr(t->request->user, ':') != NULL) {
		explain(t, "a user name with ':' cannot be sent", NULL);
		return -EINVAL;
	}
	r = check_fields(t);
	if (r != 0)
		return r;
	/* from our own parts, so that curl cannot read another host in it */
	r = url_origin(&t->url, &t->full_url);
	if (r == 0)
		r = buf_adds(&t->full_url, t->url.path);
	if (r == 0 && t->url.query[0] != '\0')
		r = buf_addf(&t->full_url, "?%s", t->url.query);
	return r;
}

static int
perform(struct transfer *t)
{
	CURLcode code;
	int r;

	t->curl = curl_easy_init();
	if (t->curl == NULL)
		return fail(t, CURLE_OUT_OF_MEMORY);
	r = strcmp(t->url.scheme, "https") == 0 ? set_ca(t) : 0;
	if (r != 0)
		return r;
	code = set_rules(t);
	if (code == CURLE_OK)
		code = set_proxy(t);
	if (code == CURLE_OK)
		code = set_request(t);
	if (code == CURLE_OK)
		code = curl_easy_perform(t->curl);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE,
		    &t->response->status);
	return code == CURLE_OK ? 0 : fail(t, code);
}

int
fetch(const struct fetch_request *request, struct fetch_response *response,
    struct buf *why)
{
	struct transfer t = {
		.request = request,
		.url = URL_INIT,
		.full_url = BUF_INIT(2 * URL_MAX),
		.why = why,
		.timeout_ms = request->timeout_ms > 0 ? request->timeout_ms :
							FETCH_TIMEOUT_MS,
		.response = response,
	};
	int r;

	fetch_response_wipe(response);
	r = prepare(&t);
	if (r == 0 && !init_curl())
		r = fail(&t, CURLE_OUT_OF_MEMORY);
	if (r == 0)
		r = perform(&t);
	curl_easy_cleanup(t.curl);
	curl_slist_free_all(t.headers);
	url_clear(&t.url);
	buf_wipe(&t.full_url);
	mem_wipe(t.error, sizeof(t.error));
	if (r != 0)
		fetch_response_wipe(response);
	return r;
}

void
fetch_response_wipe(struct fetch_response *response)
{
	response->status = 0;
	buf_wipe(&response->body);
}
