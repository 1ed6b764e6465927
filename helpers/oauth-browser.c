/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "oauth-browser.h"
#include "url.h"

#define BLANKS " \t"
#define SPAWN_FLAGS \
	(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
#define WORD_MAX (4 * URL_MAX)

/* One word with each %s replaced.  Returns whether there was one. */
static bool
add_word(const char *word, size_t len, const char *url, struct strv *words)
{
	struct buf b = BUF_INIT(WORD_MAX);
	bool found = false;
	size_t i = 0;

	while (i < len) {
		if (len - i >= 2 && memcmp(word + i, "%s", 2) == 0) {
			(void)buf_adds(&b, url);
			found = true;
			i += 2;
		} else {
			(void)buf_addc(&b, word[i++]);
		}
	}
	strv_add(words, buf_str(&b));
	buf_wipe(&b);
	return found;
}

void
oauth_browser_words(const char *command, size_t len, const char *url,
    struct strv *words)
{
	bool found = false;
	size_t i = 0;
	size_t start;

	for (;;) {
		while (i < len && strchr(BLANKS, command[i]) != NULL)
			i++;
		if (i == len)
			break;
		start = i;
		while (i < len && strchr(BLANKS, command[i]) == NULL)
			i++;
		if (add_word(command + start, i - start, url, words))
			found = true;
	}
	if (words->len != 0 && !found)
		strv_add(words, url);
}

bool
oauth_browser_may_see(const char *variable)
{
	static const char *const hidden[] = {
		"SNOWFLAKE_",
		"PAT_",
		"PRIVATE_KEY_",
		"COCO_CAPABILITY",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(hidden); i++)
		if (strncmp(variable, hidden[i], strlen(hidden[i])) == 0)
			return false;
	return true;
}

static void
visible_environment(struct strv *env)
{
	size_t i;

	for (i = 0; environ[i] != NULL; i++)
		if (oauth_browser_may_see(environ[i]))
			strv_add(env, environ[i]);
}

/* posix_spawn, because it tells when the program cannot be executed. */
static int
spawn(char *const *argv, char *const *envp, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t set;
	int fd;
	int r = 0;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	(void)sigemptyset(&set);
	(void)posix_spawnattr_setsigmask(&attr, &set);
	(void)sigaddset(&set, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attr, &set);
	(void)posix_spawnattr_setflags(&attr, SPAWN_FLAGS);
	for (fd = 0; r == 0 && fd < 3; fd++)
		r = posix_spawn_file_actions_addopen(&files, fd, "/dev/null",
		    O_RDWR, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&files, 3);
	if (r == 0)
		r = posix_spawnp(ret_pid, argv[0], &files, &attr, argv, envp);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

/* Without a display xdg-open may start a browser for terminals, which nobody
 * would see. */
static const char *
commands(void)
{
	if (is_set("BROWSER"))
		return getenv("BROWSER");
	if (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"))
		return "xdg-open";
	return "";
}

int
oauth_browser_start(const char *url, pid_t *ret_pid)
{
	struct strv words = STRV_INIT;
	struct strv env = STRV_INIT;
	const char *s = commands();
	size_t len;
	int r = -ENOENT;

	visible_environment(&env);
	for (; r != 0 && *s != '\0'; s += len + (s[len] == ':')) {
		len = strcspn(s, ":");
		oauth_browser_words(s, len, url, &words);
		if (words.len != 0)
			r = spawn(words.v, env.v, ret_pid);
		strv_clear(&words);
	}
	strv_clear(&env);
	return r == 0 ? 0 : -ENOENT;
}

bool
oauth_browser_failed(pid_t *pid)
{
	int status;

	if (*pid == 0 || waitpid(*pid, &status, WNOHANG) != *pid)
		return false;
	*pid = 0;
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}
