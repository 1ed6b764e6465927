/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line of the audit log, the file, its other name when it is full, and many
 * writers at once. */
#include "coco.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "audit.h"
#include "io.h"
#include "lock.h"
#include "policy.h"
#include "tap.h"

#define WRITERS   20
#define LINES     10
#define MAX_LOG   (9 * 1024 * 1024)
#define MAX_VALUE 6000

static char state[] = "/tmp/coco-test-audit.XXXXXX";
static struct buf path = BUF_INIT(PATH_MAX);
static struct buf old = BUF_INIT(PATH_MAX);

/* The line for A from its event on to before the process. */
static const char *
line_of(const struct audit *a, struct buf *line)
{
	const char *start;
	const char *end;

	buf_clear(line);
	is_int(audit_format(a, line), 0, "a line");
	ok(line->len < AUDIT_MAX_LINE, "short enough");
	ok(strncmp(buf_str(line), "{\"time\":\"2", 10) == 0, "its start");
	is_str(buf_str(line) + line->len - 1, "}", "its end");
	start = strstr(buf_str(line), ",\"event\"");
	end = strstr(buf_str(line), ",\"pid\":");
	if (start == NULL || end == NULL)
		bail("no such line");
	buf_truncate(line, (size_t)(end - buf_str(line)));
	return start;
}

static void
test_line(void)
{
	struct buf line = BUF_INIT(AUDIT_MAX_LINE);
	struct cred request = CRED_INIT;
	struct cred answer = CRED_INIT;
	char file[] = "/s/x";
	struct stack_rule rule = {
		.kind = STACK_NAME, .file = file, .line = 3
	};
	struct audit a = { .event = "refresh",
		.result = RESULT_EXPIRED,
		.verb = "get",
		.rule = &rule,
		.request = &request,
		.answer = &answer,
		.grant = "0123456789abcdef",
		.from = "unix uid 0 pid 4711" };

	is_str(line_of(&(struct audit){ .event = "answer" }, &line),
	    ",\"event\":\"answer\",\"result\":\"success\"", "as little");
	audit_set_stack("oauth");
	strv_add(&rule.argv, "oauth");
	strv_add(&rule.argv, "--secret");
	cred_set(&request, CRED_CONNECTION, "dev");
	cred_set(&request, CRED_PROTOCOL, "https");
	cred_set(&request, CRED_HOST, "h");
	cred_set(&request, CRED_PATH, "a/b?token=canary#canary");
	cred_set(&request, CRED_USERNAME, "asked");
	cred_set(&request, CRED_ROLE, "R");
	cred_set(&request, CRED_AUTHENTICATOR, "OAUTH");
	cred_set(&request, CRED_PASSWORD, "canary");
	cred_set(&answer, CRED_USERNAME, "got");
	cred_set(&answer, CRED_PASSWORD, "canary");
	cred_set(&answer, CRED_OAUTH_REFRESH_TOKEN, "canary");
	is_str(line_of(&a, &line),
	    ",\"event\":\"refresh\",\"result\":\"expired\",\"verb\":\"get\","
	    "\"stack\":\"oauth\",\"helper\":\"oauth\",\"rule\":\"/s/x:3\","
	    "\"connection\":\"dev\",\"protocol\":\"https\",\"host\":\"h\","
	    "\"path\":\"a/b\",\"username\":\"got\",\"role\":\"R\","
	    "\"authenticator\":\"OAUTH\",\"grant\":\"0123456789abcdef\","
	    "\"from\":\"unix uid 0 pid 4711\"",
	    "as much");
	cred_set(&answer, CRED_USERNAME, NULL);
	ok(strstr(line_of(&a, &line), "\"asked\"") != NULL,
	    "the name that was asked for");
	rule.kind = STACK_SHELL;
	ok(strstr(line_of(&a, &line), "\"helper\":\"!command\"") != NULL,
	    "the text of a command is left out");
	strv_clear(&rule.argv);
	cred_wipe(&request);
	cred_wipe(&answer);
	buf_wipe(&line);
}

static void
test_hostile(void)
{
	static const enum cred_attr attrs[] = { CRED_CONNECTION, CRED_PROTOCOL,
		CRED_HOST, CRED_PATH, CRED_USERNAME, CRED_ROLE,
		CRED_AUTHENTICATOR };
	struct buf line = BUF_INIT(AUDIT_MAX_LINE);
	struct cred request = CRED_INIT;
	struct stack_rule rule = { .kind = STACK_PATH };
	struct audit a = { .event = "store",
		.result = RESULT_ERROR,
		.verb = "store",
		.rule = &rule,
		.request = &request };
	char value[MAX_VALUE];
	const char *text;
	size_t i;

	memset(value, 1, sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (i = 0; i < ARRAY_LEN(attrs); i++)
		cred_set(&request, attrs[i], value);
	strv_add(&rule.argv, value);
	rule.file = value;
	a.grant = value;
	a.from = value;
	(void)line_of(&a, &line);
	for (i = 0; i < ARRAY_LEN(attrs); i++)
		cred_set(&request, attrs[i], NULL);
	rule.kind = STACK_SHELL;
	rule.file = NULL;
	a.grant = NULL;
	a.from = NULL;
	cred_set(&request, CRED_HOST, "a\nb\"c\\d\r\t\33\x80z");
	ok(strstr(line_of(&a, &line),
	       ",\"host\":\"a\\nb\\\"c\\\\d\\r\\t\\u001b\\ufffdz\"") != NULL,
	    "escaped");
	/* the last character that fits would end one byte too far */
	memset(value, 'x', AUDIT_MAX_VALUE - 2);
	value[AUDIT_MAX_VALUE - 2] = '\xc3';
	value[AUDIT_MAX_VALUE - 1] = '\xa9';
	cred_set(&request, CRED_HOST, value);
	text = strstr(line_of(&a, &line), ",\"host\":\"");
	if (text == NULL)
		bail("no host");
	is_int(strlen(text), 9 + AUDIT_MAX_VALUE - 2 + 4, "cut");
	is_str(text + strlen(text) - 6, "xx...\"", "between characters");
	strv_clear(&rule.argv);
	cred_wipe(&request);
	buf_wipe(&line);
}

static mode_t
mode_of(const char *file)
{
	struct stat st;

	return lstat(file, &st) == 0 ? st.st_mode : 0;
}

/* Write one line; the reason goes to WHY. */
static int
write_one(const char *verb, struct buf *why)
{
	const struct audit a = {
		.event = "store", .result = RESULT_SUCCESS, .verb = verb
	};

	buf_clear(why);
	return audit_event(&a, why);
}

/* Whether what is at the log's name is refused because it is not a plain file
 * of ours alone. */
static void
refused(const char *what, struct buf *why)
{
	is_int(write_one("x", why) < 0, 1, "refused: %s", what);
	ok(strstr(buf_str(why), "audit.jsonl is not a plain file that only") !=
		NULL,
	    "why: %s", buf_str(why));
	buf_clear(why);
	is_int(audit_check(why) < 0, 1, "refused by audit_check: %s", what);
}

static void
test_file(void)
{
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	struct buf dir = BUF_INIT(PATH_MAX);
	const char *log = buf_str(&path);

	(void)buf_addf(&dir, "%s/coco", state);
	is_int(write_one("x", &why), 0, "written");
	is_int(mode_of(log), S_IFREG | 0600, "a private file");
	is_int(mode_of(buf_str(&dir)), S_IFDIR | 0700, "in a private one");
	is_int(audit_check(&why), 0, "fine");
	(void)chmod(log, 0640);
	refused("readable by the group", &why);
	(void)unlink(log);
	if (symlink(buf_str(&old), log) != 0)
		bail("symlink");
	refused("a link", &why);
	is_int(mode_of(buf_str(&old)), 0, "nothing behind it");
	(void)unlink(log);
	if (mkfifo(log, 0600) != 0)
		bail("mkfifo");
	refused("a FIFO", &why);
	(void)unlink(log);
	if (mkdir(log, 0700) != 0)
		bail("mkdir");
	is_int(write_one("x", &why), -EISDIR, "refused: a directory");
	(void)rmdir(log);
	(void)chmod(buf_str(&dir), 0750);
	is_int(write_one("x", &why), -EACCES, "refused: an open directory");
	ok(strstr(buf_str(&why), "/coco is not a directory that only") != NULL,
	    "why: %s", buf_str(&why));
	(void)chmod(buf_str(&dir), 0700);
	(void)unsetenv("XDG_STATE_HOME");
	(void)unsetenv("HOME");
	is_int(write_one("x", &why), -ENOENT, "refused: no home");
	is_str(buf_str(&why),
	    "the audit log cannot be written: HOME is not set", "why");
	(void)setenv("XDG_STATE_HOME", state, 1);
	buf_wipe(&dir);
	buf_wipe(&why);
}

/* Make the log SIZE bytes long, all but its last byte a hole. */
static void
make_log(off_t size)
{
	int fd = open(buf_str(&path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || pwrite(fd, "\n", 1, size - 1) != 1)
		bail("no log");
	io_close(fd);
}

static off_t
size_of(const char *file)
{
	struct stat st;

	return lstat(file, &st) == 0 ? st.st_size : -1;
}

static void
test_full(void)
{
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	off_t size;
	int fd = -1;

	make_log(AUDIT_MAX_FILE - 1);
	is_int(write_one("x", &why), 0, "room for a last line");
	size = size_of(buf_str(&path));
	ok(size > AUDIT_MAX_FILE, "it was the last one");
	is_int(size_of(buf_str(&old)), -1, "no old log");
	is_int(write_one("x", &why), 0, "one more");
	is_int(size_of(buf_str(&old)), size, "the old log");
	ok(size_of(buf_str(&path)) < AUDIT_MAX_LINE, "a new one");
	is_int(mode_of(buf_str(&path)), S_IFREG | 0600, "a private one");
	make_log(AUDIT_MAX_FILE);
	if (lock_take_file(buf_str(&path), 0, &why, &fd) != 0)
		bail("no lock");
	is_int(write_one("x", &why), 0, "while another renames it");
	ok(size_of(buf_str(&path)) > AUDIT_MAX_FILE, "it is left to that one");
	lock_release(fd);
	make_log(AUDIT_MAX_FILE);
	is_int(write_one("x", &why), 0, "once more");
	is_int(size_of(buf_str(&old)), AUDIT_MAX_FILE, "the older one is gone");
	buf_wipe(&why);
}

/* Fork WRITERS processes that write LINES lines each. */
static void
write_many(void)
{
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	int failed = 0;
	int status;
	int i;
	int k;

	for (i = 0; i < WRITERS; i++) {
		pid_t pid = fork();

		for (k = 0; pid == 0 && k < LINES; k++)
			if (write_one("many", &why) != 0)
				_exit(1);
		if (pid == 0)
			_exit(0);
		failed += pid < 0;
	}
	while (wait(&status) > 0)
		failed += status != 0;
	is_int(failed, 0, "all wrote");
	buf_wipe(&why);
}

/* The whole lines of FILE that write_many() made; -1 when there are others
 * than that and the hole that make_log() left. */
static int
count(const char *file)
{
	struct buf text = BUF_INIT(MAX_LOG);
	const char *line;
	const char *end;
	int n = 0;

	if (io_read_file(file, &text) != 0)
		bail("no log to read");
	line = buf_str(&text);
	end = line + text.len;
	while (line < end && (*line == '\0' || *line == '\n'))
		line++;
	for (; n >= 0 && line < end; line = strchr(line, '\n') + 1) {
		n++;
		if (strncmp(line, "{\"time\":\"", 9) != 0 ||
		    strstr(line, "\"many\"") == NULL ||
		    strchr(line, '\n') == NULL || strchr(line, '\n')[-1] != '}')
			n = -1;
		if (n < 0)
			break;
	}
	buf_wipe(&text);
	return n;
}

static void
test_many(void)
{
	(void)unlink(buf_str(&path));
	(void)unlink(buf_str(&old));
	write_many();
	is_int(count(buf_str(&path)), WRITERS * LINES, "no line is torn");
	is_int(size_of(buf_str(&old)), -1, "none is elsewhere");
	make_log(AUDIT_MAX_FILE - 10000);
	write_many();
	ok(size_of(buf_str(&old)) >= AUDIT_MAX_FILE, "it was full");
	is_int(count(buf_str(&path)) + count(buf_str(&old)), WRITERS * LINES,
	    "no line is lost meanwhile");
}

/* What a full disk left of a line does not take the next one with it. */
static void
test_torn(void)
{
	static const char torn[] = "{\"time\":\"20";
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	struct buf text = BUF_INIT(MAX_LOG);

	is_int(io_replace(buf_str(&path), torn, strlen(torn)), 0,
	    "half a line");
	is_int(write_one("x", &why), 0, "one behind it");
	is_int(write_one("x", &why), 0, "and another");
	is_int(io_read_file(buf_str(&path), &text), 0, "read");
	ok(strncmp(buf_str(&text), "{\"time\":\"20\n{\"time\":\"2", 22) == 0,
	    "it begins a line: %s", buf_str(&text));
	ok(strstr(buf_str(&text), "}\n{") != NULL, "so does the other one");
	ok(strstr(buf_str(&text), "\n\n") == NULL, "no line is empty");
	(void)unlink(buf_str(&path));
	buf_wipe(&text);
	buf_wipe(&why);
}

/* Without a policy, an answer leaves whether it can be written down or not. */
static void
test_answer(void)
{
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	struct cred c = CRED_INIT;
	struct buf text = BUF_INIT(MAX_LOG);

	(void)unlink(buf_str(&path));
	is_int(audit_answer("token", RESULT_SUCCESS, &c, &c, &why),
	    RESULT_SUCCESS, "it may leave");
	is_int(io_read_file(buf_str(&path), &text), 0, "there is a log");
	ok(strstr(buf_str(&text),
	       "\"event\":\"answer\",\"result\":\"success\","
	       "\"verb\":\"token\"") != NULL,
	    "it is written down");
	(void)chmod(buf_str(&path), 0644);
	is_int(audit_answer("token", RESULT_SUCCESS, &c, &c, &why),
	    RESULT_SUCCESS, "it may leave even so");
	is_str(buf_str(&why), "", "in silence");
	(void)unlink(buf_str(&path));
	buf_wipe(&text);
	buf_wipe(&why);
}

/* The daemon has a file of its own, in a directory of its own. */
static void
test_other_file(void)
{
	const struct audit use = { .event = "use",
		.verb = "token",
		.grant = "0123456789abcdef",
		.from = "10.88.0.5" };
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	struct buf file = BUF_INIT(PATH_MAX);
	struct buf text = BUF_INIT(MAX_LOG);

	(void)unlink(buf_str(&path));
	audit_set_file("tokend/audit.jsonl");
	(void)buf_addf(&file, "%s/coco/tokend/audit.jsonl", state);
	is_int(audit_release(&use, &why), RESULT_SUCCESS, "it may leave");
	is_int(io_read_file(buf_str(&file), &text), 0, "there is another log");
	ok(strstr(buf_str(&text),
	       "\"event\":\"use\",\"result\":\"success\","
	       "\"verb\":\"token\"") != NULL &&
		strstr(buf_str(&text),
		    ",\"grant\":\"0123456789abcdef\","
		    "\"from\":\"10.88.0.5\",\"pid\":") != NULL,
	    "with the grant: %zu bytes", text.len);
	is_int(size_of(buf_str(&path)), -1, "and nothing in the first");
	is_int(mode_of(buf_str(&file)), S_IFREG | 0600, "a private file");
	(void)unlink(buf_str(&file));
	buf_truncate(&file, file.len - strlen("/audit.jsonl"));
	is_int(mode_of(buf_str(&file)), S_IFDIR | 0700, "in a private one");
	(void)chmod(buf_str(&file), 0711);
	is_int(audit_event(&use, &why), -EACCES, "refused: an open directory");
	ok(strstr(buf_str(&why), "/coco/tokend is not a directory that") !=
		NULL,
	    "why: %s", buf_str(&why));
	is_int(rmdir(buf_str(&file)), 0, "nothing else is there");
	audit_set_file("audit.jsonl");
	buf_wipe(&text);
	buf_wipe(&file);
	buf_wipe(&why);
}

int
main(void)
{
	test_line();
	test_hostile();
	if (access(POLICY_FILE, F_OK) == 0) {
		skip(1, "this machine has a policy");
		return done_testing();
	}
	if (mkdtemp(state) == NULL)
		bail("mkdtemp");
	(void)setenv("XDG_STATE_HOME", state, 1);
	(void)buf_addf(&path, "%s/coco/audit.jsonl", state);
	(void)buf_addf(&old, "%s.1", buf_str(&path));
	test_file();
	test_full();
	test_many();
	test_torn();
	test_answer();
	test_other_file();
	(void)unlink(buf_str(&old));
	buf_truncate(&path, path.len - strlen("/audit.jsonl"));
	is_int(rmdir(buf_str(&path)), 0, "nothing else is left");
	(void)rmdir(state);
	buf_wipe(&path);
	buf_wipe(&old);
	return done_testing();
}
