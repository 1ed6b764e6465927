/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "b64.h"
#include "clock.h"
#include "crypt.h"
#include "esc.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "path.h"
#include "proc.h"
#include "seal-key.h"
#include "seal.h"

/* Less than what coco-credential gives a helper, so that the terminal is put
 * in order and a command is ended by us. */
#define WAIT_MS 50000

/*
 * A key is not stretched, so it must have its 256 bits: 32 bytes, if they are
 * random ones.
 *
 * A passphrase is guessed without anybody to stop that by who has the file, so
 * the 8 characters of NIST SP 800-63B, which counts on a server that stops
 * guessing, are too few.
 */
#define MIN_KEY        CRYPT_KEY_SIZE
#define MIN_PASSPHRASE 12

static const char *const names[] = { "key-file", "key-command",
	"key-credential", "passphrase-file", "passphrase-command",
	"passphrase-terminal" };

void
seal_key_set(struct seal_key *k, int id, const char *arg)
{
	k->count++;
	k->source = (enum seal_key_source)id;
	k->arg = arg;
}

enum result
seal_key_check(const struct seal_key *k)
{
	if (k->count == 1)
		return RESULT_SUCCESS;
	log_warn(k->count == 0 ? "it is not said where the key is" :
				 "more than one place of the key is named");
	log_hint("give one of key-file=PATH, key-command=COMMAND, "
		 "key-credential=NAME, passphrase-file=PATH, "
		 "passphrase-command=COMMAND, --passphrase-terminal");
	return RESULT_USAGE;
}

bool
seal_key_is_passphrase(const struct seal_key *k)
{
	return k->source >= SEAL_KEY_PASSPHRASE_FILE;
}

const char *
seal_key_name(const struct seal_key *k)
{
	return names[k->source - SEAL_KEY_FILE];
}

/* Refuse a file that is not a secret of ours.  FORBIDDEN are the bits of its
 * mode that must not be set. */
static enum result
check_file(int fd, const char *path, mode_t forbidden)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		log_warn("%s: %s", path, strerror(errno));
		return RESULT_ERROR;
	}
	if (!S_ISREG(st.st_mode)) {
		log_warn("%s: is not a regular file", path);
		return RESULT_DENIED;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		log_warn("%s: belongs to another user", path);
		return RESULT_DENIED;
	}
	if ((st.st_mode & forbidden) == 0)
		return RESULT_SUCCESS;
	log_warn("%s: can be used by others", path);
	log_hint("they may know it; when you are sure that they do not: "
		 "chmod 600 %s",
	    path);
	return RESULT_DENIED;
}

static enum result
complain(const char *path, int error)
{
	if (error == -ELOOP) {
		log_warn("%s: is a symbolic link", path);
		return RESULT_DENIED;
	}
	log_warn("%s: %s", path,
	    error == -EMSGSIZE ? "is too long" : strerror(-error));
	return error == -ENOENT ? RESULT_UNAVAILABLE : result_of_errno(error);
}

static enum result
read_file(const char *path, mode_t forbidden, struct buf *b)
{
	enum result result;
	int fd;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return complain(path, -errno);
	result = check_file(fd, path, forbidden);
	if (result == RESULT_SUCCESS) {
		r = io_read_all(fd, b);
		if (r != 0)
			result = complain(path, r);
	}
	io_close(fd);
	return result;
}

static enum result
expand(const struct seal_key *k, struct buf *path)
{
	if (path_expand(path, k->arg) == 0)
		return RESULT_SUCCESS;
	log_warn("no place for %s: the path is too long or HOME is not set",
	    seal_key_name(k));
	return RESULT_UNAVAILABLE;
}

/* What to do without the key file: of a new store, or of one that is there. */
static void
hint_at_key_file(const struct seal_key *k, bool is_new)
{
	struct buf program = BUF_INIT(PATH_MAX);

	if (!is_new)
		log_hint("what is stored can be read with that key alone: put "
			 "it back; if it is lost, move the store away, make "
			 "a new key and log in again");
	else if (path_program("coco-credential-sealed", &program) == 0)
		log_hint("a new store needs a new key: %s key-file=%s keygen",
		    buf_str(&program), k->arg);
	buf_wipe(&program);
}

static enum result
from_file(const struct seal_key *k, bool is_new, struct buf *b)
{
	struct buf path = BUF_INIT(PATH_MAX);
	enum result result;

	result = expand(k, &path);
	if (result == RESULT_SUCCESS)
		result = read_file(buf_str(&path), 077, b);
	if (result == RESULT_UNAVAILABLE && k->source == SEAL_KEY_FILE)
		hint_at_key_file(k, is_new);
	buf_wipe(&path);
	return result;
}

/*
 * systemd.exec(5), "Credentials".  The files are root's and can be read by
 * the service's user through an access control list, whose mask is what the
 * mode then shows for the group; the directory keeps others out.
 */
static enum result
from_credential(const struct seal_key *k, struct buf *b)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct buf path = BUF_INIT(PATH_MAX);
	enum result result;

	if (k->arg[0] == '\0' || k->arg[0] == '.' ||
	    strchr(k->arg, '/') != NULL) {
		log_warn("key-credential=%s: is not the name of a credential",
		    k->arg);
		return RESULT_USAGE;
	}
	if (dir == NULL || dir[0] != '/') {
		log_warn("key-credential=%s: there are no credentials of a "
			 "service here: CREDENTIALS_DIRECTORY is not set",
		    k->arg);
		log_hint("put LoadCredential=%s:PATH or "
			 "SetCredentialEncrypted=%s:... into the unit",
		    k->arg, k->arg);
		return RESULT_UNAVAILABLE;
	}
	if (buf_addf(&path, "%s/%s", dir, k->arg) != 0)
		result = complain(k->arg, -ENAMETOOLONG);
	else
		result = read_file(buf_str(&path), 027, b);
	buf_wipe(&path);
	return result;
}

static enum result
from_command(const struct seal_key *k, struct buf *b)
{
	char shell[] = "/bin/sh";
	char option[] = "-c";
	struct buf command = BUF_INIT(65536);
	char *argv[] = { shell, option, NULL, NULL };
	const struct proc p = { .argv = argv,
		.deadline_ms = clock_ms() + WAIT_MS };
	int status = 0;
	int r;

	r = buf_adds(&command, k->arg);
	if (r == 0) {
		argv[2] = command.data;
		r = proc_run(&p, b, &status);
	}
	buf_wipe(&command);
	if (r == 0 && status == 0)
		return RESULT_SUCCESS;
	if (r == 0)
		log_warn("%s: the command ended with status %d",
		    seal_key_name(k), status);
	else
		log_warn("%s: the command %s", seal_key_name(k),
		    r == -ETIMEDOUT    ? "took too long" :
			r == -EMSGSIZE ? "printed too much" :
					 strerror(-r));
	return r == -EMSGSIZE ? RESULT_ERROR : RESULT_UNAVAILABLE;
}

static enum result
ask(const char *prompt, struct buf *b)
{
	int r = ask_hidden(prompt, clock_ms() + WAIT_MS, b);

	if (r == 0)
		return RESULT_SUCCESS;
	if (r == -ENXIO)
		log_warn("there is no terminal to ask for the passphrase");
	else if (r == -ETIMEDOUT)
		log_warn("no passphrase was typed in time");
	else
		log_warn("no passphrase was typed: %s",
		    r == -EPIPE ? "the input ended" : strerror(-r));
	return RESULT_UNAVAILABLE;
}

static enum result
from_terminal(bool confirm, struct buf *b)
{
	struct buf again = BUF_INIT(SEAL_MAX_SECRET);
	enum result result;

	result = ask(confirm ? "New passphrase of the sealed store: " :
			       "Passphrase of the sealed store: ",
	    b);
	if (result == RESULT_SUCCESS && confirm)
		result = ask("The same again: ", &again);
	if (result == RESULT_SUCCESS && confirm &&
	    (again.len != b->len ||
		mem_differ(buf_str(&again), buf_str(b), b->len) != 0)) {
		log_warn("the two are not the same; nothing was stored");
		result = RESULT_ERROR;
	}
	buf_wipe(&again);
	return result;
}

/* Take off the newline that editors and commands put behind a line, but not
 * one that is the last of 32 raw bytes; then see whether it is long enough. */
static enum result
check_length(const struct seal_key *k, struct buf *b)
{
	bool typed = seal_key_is_passphrase(k);
	size_t min = typed ? MIN_PASSPHRASE : MIN_KEY;

	if (b->len != 0 && b->data[b->len - 1] == '\n' &&
	    (typed || b->len != MIN_KEY))
		buf_truncate(b, b->len - 1);
	if (b->len >= min)
		return RESULT_SUCCESS;
	log_warn("%s: the %s has %zu bytes and needs %zu", seal_key_name(k),
	    typed ? "passphrase" : "key", b->len, min);
	if (!typed)
		log_hint("coco-credential-sealed keygen prints a good one");
	return RESULT_ERROR;
}

enum result
seal_key_read(const struct seal_key *k, bool confirm, struct buf *ret_secret)
{
	struct buf b = BUF_INIT(SEAL_MAX_SECRET);
	enum result result;

	switch (k->source) {
	case SEAL_KEY_FILE:
	case SEAL_KEY_PASSPHRASE_FILE:
		result = from_file(k, confirm, &b);
		break;
	case SEAL_KEY_CREDENTIAL:
		result = from_credential(k, &b);
		break;
	case SEAL_KEY_PASSPHRASE_TERMINAL:
		result = from_terminal(confirm, &b);
		break;
	default:
		result = from_command(k, &b);
		break;
	}
	if (result == RESULT_SUCCESS)
		result = check_length(k, &b);
	if (result == RESULT_SUCCESS)
		buf_move(ret_secret, &b);
	buf_wipe(&b);
	return result;
}

/* A fresh key as a line of base64, so that it can be copied by hand. */
static int
make_line(struct buf *line)
{
	struct buf raw = BUF_INIT(CRYPT_KEY_SIZE);
	int r;

	r = crypt_random(buf_space(&raw, CRYPT_KEY_SIZE), CRYPT_KEY_SIZE);
	if (r == 0) {
		buf_grew(&raw, CRYPT_KEY_SIZE);
		r = b64_encode(line, raw.data, raw.len);
	}
	if (r == 0)
		r = buf_addc(line, '\n');
	buf_wipe(&raw);
	return r;
}

static enum result
write_key(const char *path, const struct buf *line, struct buf *text)
{
	int r = io_create(path, buf_str(line), line->len);

	if (r == 0) {
		(void)buf_adds(text, "key_file=");
		(void)esc_visible(text, path, strlen(path));
		(void)buf_addc(text, '\n');
		return RESULT_SUCCESS;
	}
	if (r == -EEXIST) {
		log_warn("%s: is there already; it was left as it is", path);
		return RESULT_DENIED;
	}
	log_warn("%s: %s", path, strerror(-r));
	if (r == -ENOENT)
		log_hint(
		    "its directory must exist: mkdir -p -m 700 \"$(dirname "
		    "%s)\"",
		    path);
	return r == -ENOENT ? RESULT_UNAVAILABLE : result_of_errno(r);
}

enum result
seal_key_make(const struct seal_key *k, struct buf *text)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf line = BUF_INIT(64);
	enum result result = RESULT_SUCCESS;

	if (k->count > 1 || (k->count == 1 && k->source != SEAL_KEY_FILE)) {
		log_warn("keygen takes key-file=PATH, or prints the key");
		return RESULT_USAGE;
	}
	if (make_line(&line) != 0) {
		log_warn("there are no random bytes");
		result = RESULT_ERROR;
	} else if (k->count == 0) {
		(void)buf_add(text, line.data, line.len);
	} else {
		result = expand(k, &path);
		if (result == RESULT_SUCCESS)
			result = write_key(buf_str(&path), &line, text);
	}
	buf_wipe(&path);
	buf_wipe(&line);
	return result;
}
