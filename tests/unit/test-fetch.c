/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fetch() against tests/fake/fetch_server.py: what is sent, and the result and
 * the reason for each way in which it can go wrong.  No packet leaves the
 * machine.
 */
#include "coco.h"

#include <sys/wait.h>

#include <limits.h>
#include <unistd.h>

#include "clock.h"
#include "fetch.h"
#include "proc.h"
#include "tap.h"

#define TLS_TESTS 36
#define SECRET    "s3cret"

static char dir[] = "/tmp/coco-test-fetch.XXXXXX";
static char plain[64]; /* the server's origins */
static char secure[64];
static char cert[PATH_MAX];
static pid_t server;
static int server_in;

static const char *
url(const char *origin, const char *path)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "%s%s", origin, path);
	return text;
}

/* Fetch, and expect a failure with "ORIGIN: REASON"; "..." at its end stands
 * for more.  No reason may tell the secret that the URLs hold. */
static void
fails(const struct fetch_request *q, int want_r, const char *origin,
    const char *reason)
{
	struct fetch_response a = FETCH_RESPONSE_INIT;
	struct buf why = BUF_INIT(4096);
	struct buf want = BUF_INIT(4096);
	size_t len = strlen(reason);

	if (origin[0] != '\0')
		(void)buf_addf(&want, "%s: ", origin);
	(void)buf_adds(&want, reason);
	if (len > 3 && strcmp(reason + len - 3, "...") == 0)
		buf_truncate(&want, want.len - 3);
	is_int(fetch(q, &a, &why), want_r, "%s", reason);
	if (want.len < why.len && len > 3 && reason[len - 1] == '.')
		buf_truncate(&why, want.len);
	is_str(buf_str(&why), buf_str(&want), "the reason");
	ok(strstr(buf_str(&why), SECRET) == NULL, "it tells no secret");
	ok(a.status == 0 && a.body.len == 0, "the response is empty");
	buf_wipe(&want);
	buf_wipe(&why);
	fetch_response_wipe(&a);
}

/* Fetch, and expect an answer. */
static void
answers(const struct fetch_request *q, int status, const char *body)
{
	struct fetch_response a = FETCH_RESPONSE_INIT;
	struct buf why = BUF_INIT(4096);

	is_int(fetch(q, &a, &why), 0, "status %d", status);
	is_str(buf_str(&why), "", "no complaint");
	is_int(a.status, status, "the status");
	is_str(buf_str(&a.body), body, "the body");
	buf_wipe(&why);
	fetch_response_wipe(&a);
}

static void
test_sent(void)
{
	struct buf form = BUF_INIT(256);
	struct buf want = BUF_INIT(512);
	char target[256];
	struct fetch_request q = { .url = target };

	(void)snprintf(target, sizeof(target), "%s", url(plain, "/echo?a=b"));
	(void)buf_addf(&want,
	    "GET /echo?a=b HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: coco/%s\r\nAccept: */*\r\n\r\n",
	    plain + 7, PACKAGE_VERSION);
	answers(&q, 200, buf_str(&want));
	(void)buf_adds(&form, "grant_type=x&refresh_token=" SECRET);
	q.body = &form;
	q.accept = "application/json";
	q.user = "client";
	q.password = "pass:word";
	buf_clear(&want);
	(void)buf_addf(&want,
	    "POST /echo?a=b HTTP/1.1\r\nHost: %s\r\n"
	    "Authorization: Basic Y2xpZW50OnBhc3M6d29yZA==\r\n"
	    "User-Agent: coco/%s\r\nAccept: application/json\r\n"
	    "Content-Length: %zu\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\n\r\n%s",
	    plain + 7, PACKAGE_VERSION, form.len, buf_str(&form));
	answers(&q, 200, buf_str(&want));
	q.user = NULL;
	q.accept = NULL;
	q.content_type = "application/json";
	q.authorization = "Snowflake Token=\"" SECRET "\"";
	buf_clear(&want);
	(void)buf_addf(&want,
	    "POST /echo?a=b HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: coco/%s\r\nAccept: */*\r\n"
	    "Content-Type: application/json\r\n"
	    "Authorization: Snowflake Token=\"" SECRET "\"\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    plain + 7, PACKAGE_VERSION, form.len, buf_str(&form));
	answers(&q, 200, buf_str(&want));
	buf_wipe(&form);
	buf_wipe(&want);
}

static void
test_answers(void)
{
	struct fetch_response a = FETCH_RESPONSE_INIT;
	struct buf why = BUF_INIT(256);
	struct fetch_request q = { .url = url(plain, "/status/400") };

	answers(&q, 400, "status 400");
	q.url = url(plain, "/status/503");
	answers(&q, 503, "status 503");
	q.url = url(plain, "/redirect");
	answers(&q, 302, "moved");
	q.url = url(plain, "/chunked");
	answers(&q, 200, "abcde");
	q.url = url(plain, "/big/65536");
	is_int(fetch(&q, &a, &why), 0, "the longest body");
	is_int((intmax_t)a.body.len, FETCH_MAX_BODY, "is all there");
	q.url = url(plain, "/status/200");
	is_int(fetch(&q, &a, &why), 0, "into the same response");
	is_str(buf_str(&a.body), "status 200", "replaces it");
	fetch_response_wipe(&a);
	buf_wipe(&why);
}

static void
test_bad_answers(void)
{
	struct fetch_request q = { .url = url(plain, "/big/65537?" SECRET) };

	fails(&q, -EMSGSIZE, plain, "the answer is too long");
	q.url = url(plain, "/fields/66?" SECRET);
	fails(&q, -EMSGSIZE, plain, "the answer is too long");
	q.url = url(plain, "/garbage?" SECRET);
	fails(&q, -EPROTO, plain, "no HTTP answer: ...");
	q.url = url(plain, "/nothing?" SECRET);
	fails(&q, -EPROTO, plain, "no HTTP answer: ...");
	q.url = url(plain, "/short?" SECRET);
	fails(&q, -EPROTO, plain, "no HTTP answer: ...");
	q.url = url(plain, "/silent?" SECRET);
	q.timeout_ms = 100;
	fails(&q, -ETIMEDOUT, plain, "no answer within 0.1 s");
}

static void
test_refused(void)
{
	struct fetch_request q = { .url = "http://h.test/" SECRET };

	fails(&q, -EINVAL, "http://h.test",
	    "refused: plain http is for loopback only");
	q.url = "ftp://" SECRET "/";
	fails(&q, -EINVAL, "", "not a valid http or https URL");
	q.url = "https://u:" SECRET "@h.test/";
	fails(&q, -EINVAL, "", "not a valid http or https URL");
	q.url = url(plain, "/echo?" SECRET);
	q.user = SECRET ":";
	fails(&q, -EINVAL, plain, "a user name with ':' cannot be sent");
	q.user = NULL;
	q.authorization = "Bearer x\r\nHost: evil.test";
	fails(&q, -EINVAL, plain, "a header field cannot be sent");
}

static void
test_no_connection(void)
{
	struct fetch_request q = { .url = "https://h.invalid/" SECRET };

	/* a port that was free a moment ago, and that nobody may use */
	fails(&(struct fetch_request){ .url = "http://127.0.0.1:1/" SECRET },
	    -EHOSTUNREACH, "http://127.0.0.1:1", "cannot connect: ...");
	fails(&q, -EHOSTUNREACH, "https://h.invalid",
	    "its name could not be resolved");
	q.proxy = "http://u:" SECRET "@127.0.0.1:1";
	fails(&q, -EHOSTUNREACH, "https://h.invalid",
	    "cannot connect (a proxy is set): Failed to connect to 127.0.0.1 "
	    "port 1...");
	q.proxy = "bogus://u:" SECRET "@127.0.0.1:1";
	fails(&q, -EHOSTUNREACH, "https://h.invalid",
	    "cannot connect through proxy: its setting is not valid");
	q.proxy = "http://u:" SECRET "@no proxy";
	fails(&q, -EHOSTUNREACH, "https://h.invalid",
	    "cannot connect through proxy: its setting is not valid, or its "
	    "name could not be resolved");
	q.proxy = NULL;
	q.url = "https://refused.test/" SECRET;
	(void)setenv("https_proxy", plain, 1);
	fails(&q, -EHOSTUNREACH, "https://refused.test",
	    "the proxy refused the connection (HTTP 407)");
	/* loopback never goes there */
	(void)setenv("https_proxy", "http://127.0.0.1:1", 1);
	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	(void)setenv("all_proxy", "http://127.0.0.1:1", 1);
	answers(&(struct fetch_request){ .url = url(plain, "/status/200") },
	    200, "status 200");
	(void)unsetenv("https_proxy");
	(void)unsetenv("http_proxy");
	(void)unsetenv("all_proxy");
}

static void
test_ca(void)
{
	struct fetch_request q = { .url = url(secure, "/status/200") };

	fails(&q, -EKEYREJECTED, secure,
	    "certificate is not trusted: "
	    "SSL certificate problem: self-signed certificate "
	    "(set SSL_CERT_FILE to your company's CA bundle)");
	(void)setenv("REQUESTS_CA_BUNDLE", cert, 1);
	answers(&q, 200, "status 200");
	/* the first that is set counts */
	(void)setenv("SSL_CERT_FILE", "/nonexistent/ca.pem", 1);
	fails(&q, -EINVAL, secure,
	    "the CA file cannot be read: "
	    "No such file or directory (SSL_CERT_FILE=/nonexistent/ca.pem)");
	(void)setenv("SSL_CERT_FILE", "/dev/null", 1);
	fails(&q, -EINVAL, secure,
	    "no CA certificate can be read from the "
	    "file of: SSL_CERT_FILE");
	(void)setenv("CURL_CA_BUNDLE", cert, 1);
	answers(&q, 200, "status 200");
	(void)unsetenv("REQUESTS_CA_BUNDLE");
	(void)unsetenv("SSL_CERT_FILE");
}

static void
test_tls(void)
{
	struct fetch_request q = { .url = "https://host.test/status/201" };
	char wrong[128];

	(void)snprintf(wrong, sizeof(wrong), "https://localhost:%s",
	    strrchr(secure, ':') + 1);
	q.proxy = plain;
	answers(&q, 201, "status 201");
	q.url = "https://other.test/" SECRET;
	fails(&q, -EKEYREJECTED, "https://other.test",
	    "certificate is not trusted: SSL: no alternative certificate "
	    "subject name matches target host name 'other.test'");
	q.proxy = NULL;
	q.url = url(wrong, "/");
	fails(&q, -EKEYREJECTED, wrong,
	    "certificate is not trusted: SSL: no "
	    "alternative certificate subject name...");
	(void)snprintf(wrong, sizeof(wrong), "https%s", plain + 4);
	q.url = url(wrong, "/");
	q.timeout_ms = 500;
	fails(&q, -EPROTO, wrong, "no TLS connection: ...");
}

/* A certificate for host.test and 127.0.0.1, with its key in the same file. */
static bool
make_certificate(void)
{
	static const char script[] =
	    "openssl req -x509 -newkey ec "
	    "-pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test "
	    "-addext subjectAltName=DNS:host.test,IP:127.0.0.1 "
	    "-keyout \"$1\" -out \"$1.crt\" 2>/dev/null && "
	    "cat \"$1.crt\" >>\"$1\" && rm \"$1.crt\"";
	char sh[] = "/bin/sh";
	char dash_c[] = "-c";
	char text[sizeof(script)];
	char *argv[] = { sh, dash_c, text, sh, cert, NULL };
	struct proc p = { .argv = argv, .deadline_ms = clock_ms() + 20000 };
	struct buf out = BUF_INIT(256);
	int status = -1;
	int r;

	memcpy(text, script, sizeof(script));
	r = proc_run(&p, &out, &status);
	buf_wipe(&out);
	return r == 0 && status == 0;
}

/* Start the server; it ends when SERVER_IN is closed, so also when we die. */
static void
start_server(bool has_tls)
{
	const char *top = getenv("srcdir");
	char script[PATH_MAX];
	char line[32] = "";
	const char *blank;
	FILE *ports;
	int in[2];
	int out[2];

	(void)snprintf(script, sizeof(script), "%s/tests/fake/fetch_server.py",
	    top != NULL ? top : ".");
	if (pipe(in) != 0 || pipe(out) != 0)
		bail("no pipe");
	server = fork();
	if (server == 0) {
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		closefrom(3);
		(void)execlp("python3", "python3", script,
		    has_tls ? cert : (char *)NULL, (char *)NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	server_in = in[1];
	ports = fdopen(out[0], "r");
	if (server < 0 || ports == NULL ||
	    fgets(line, sizeof(line), ports) == NULL)
		bail("fetch_server.py does not start");
	(void)fclose(ports);
	blank = strchr(line, ' ');
	if (blank == NULL)
		bail("fetch_server.py gives no ports");
	(void)snprintf(plain, sizeof(plain), "http://127.0.0.1:%.*s",
	    (int)(blank - line), line);
	(void)snprintf(secure, sizeof(secure), "https://127.0.0.1:%.*s",
	    (int)strcspn(blank + 1, "\n"), blank + 1);
}

int
main(void)
{
	static const char *const variables[] = {
		"http_proxy",
		"https_proxy",
		"HTTPS_PROXY",
		"all_proxy",
		"ALL_PROXY",
		"no_proxy",
		"NO_PROXY",
		"CURL_CA_BUNDLE",
		"SSL_CERT_FILE",
		"SSL_CERT_DIR",
		"REQUESTS_CA_BUNDLE",
	};
	bool has_tls;
	size_t i;

	for (i = 0; i < ARRAY_LEN(variables); i++)
		(void)unsetenv(variables[i]);
	if (mkdtemp(dir) == NULL)
		bail("no temporary directory");
	(void)snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	proc_init();
	has_tls = make_certificate();
	start_server(has_tls);
	test_sent();
	test_answers();
	test_bad_answers();
	test_refused();
	test_no_connection();
	if (has_tls) {
		test_ca();
		test_tls();
	} else {
		skip(TLS_TESTS, "openssl makes no certificate");
	}
	(void)close(server_in);
	(void)waitpid(server, NULL, 0);
	(void)unlink(cert);
	ok(rmdir(dir) == 0, "no other file is left");
	return done_testing();
}
