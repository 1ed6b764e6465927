/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "log.h"
#include "oauth-client.h"
#include "oauth-paste.h"
#include "url.h"

#define TRIES 3

/* A line of the terminal: the kernel's line discipline gives at most 4095
 * bytes, which is more than any code needs. */
#define LINE_SIZE 4096

/* Append one line of the terminal, without the newline. */
static int
read_line(int fd, int64_t deadline_ms, struct buf *line)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	int64_t left = deadline_ms - clock_ms();
	ssize_t n;

	n = poll(&pfd, 1, left < 0 ? 0 : (int)left);
	if (n == 0)
		return -ETIMEDOUT;
	if (n > 0)
		n = read(fd, buf_space(line, LINE_SIZE), LINE_SIZE);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	buf_grew(line, (size_t)n);
	return 0;
}

/* What is wrong with an address, or NULL when it is the one. */
static const char *
read_address(const struct buf *line, const char *state,
    struct oauth_reply *ret_reply)
{
	struct buf text = BUF_INIT(LINE_SIZE);
	struct url u = URL_INIT;
	const char *s = buf_str(line);
	const char *wrong = NULL;
	size_t len;

	s += strspn(s, " \t");
	len = strcspn(s, " \t\r\n");
	(void)buf_add(&text, s, len);
	if (s[len + strspn(s + len, " \t\r\n")] != '\0')
		wrong = "that has blanks in it";
	else if (url_parse(buf_str(&text), &u) != 0)
		wrong = "that is no address; it starts with http://";
	else if (oauth_read_reply(u.query, state, ret_reply) == -EACCES)
		wrong = "that address is not of this login";
	else if (ret_reply->code.len == 0 && ret_reply->error.len == 0)
		wrong = "that address has neither a code nor an error in it";
	url_clear(&u);
	buf_wipe(&text);
	return wrong;
}

static enum result
give_up(int error)
{
	if (error == -ETIMEDOUT) {
		log_warn("nothing was pasted in time");
		return RESULT_UNAVAILABLE;
	}
	log_warn("cannot read from the terminal: %s",
	    error == -EPIPE ? "it was closed" : strerror(-error));
	return RESULT_ERROR;
}

enum result
oauth_paste(const char *state, int64_t deadline_ms,
    struct oauth_reply *ret_reply)
{
	static const char prompt[] = "Address of the page where it ends: ";
	struct buf line = BUF_INIT(LINE_SIZE + 1);
	enum result result = RESULT_DENIED;
	const char *wrong = "";
	int fd;
	int i;
	int r = 0;

	fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		log_warn("--paste needs a terminal: %s", strerror(errno));
		return RESULT_ERROR;
	}
	for (i = 0; i < TRIES && r == 0 && wrong != NULL; i++) {
		buf_clear(&line);
		r = io_write_all(fd, prompt, sizeof(prompt) - 1);
		if (r == 0)
			r = read_line(fd, deadline_ms, &line);
		if (r == 0)
			wrong = read_address(&line, state, ret_reply);
		if (r == 0 && wrong != NULL)
			log_warn("%s", wrong);
	}
	if (r != 0)
		result = give_up(r);
	else if (wrong == NULL)
		result = RESULT_SUCCESS;
	else
		log_warn("%d tries are enough; start the login again", TRIES);
	buf_wipe(&line);
	io_close(fd);
	return result;
}
