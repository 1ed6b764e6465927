/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `inspect' of docker and podman says of a container, as data.  Nothing is
 * run here: engine.h asks with the template CONTAINER_FORMAT, by which both
 * answer with the same JSON object, and this reads it.
 *
 * The answer is the daemon's, but much in it was chosen by whoever started the
 * container or made its image: names and texts are checked and limited.
 */
#ifndef CONTAINER_H
#define CONTAINER_H

#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "strv.h"

#define CONTAINER_MAX_NETWORKS 64
#define CONTAINER_MAX_MOUNTS   256
#define CONTAINER_MAX_TEXT     4096 /* bytes of a name or a path */

/* The object has no more than is read, for all of it can be longer than json.h
 * allows.  "Id" is as podman 4 wants it: there is no {{json .Id}}.  Docker that
 * is podman's service has no {{json .HostConfig.Tmpfs}} where there is none. */
#define CONTAINER_FORMAT                                   \
	"{\"Id\":\"{{.Id}}\","                             \
	"\"Name\":{{json .Name}},"                         \
	"\"ImageId\":{{json .Image}},"                     \
	"\"Running\":{{json .State.Running}},"             \
	"\"Paused\":{{json .State.Paused}},"               \
	"\"Pid\":{{json .State.Pid}},"                     \
	"\"User\":{{json .Config.User}},"                  \
	"\"Env\":{{json .Config.Env}},"                    \
	"\"HostConfig\":{{json .HostConfig}},"             \
	"\"Networks\":{{json .NetworkSettings.Networks}}," \
	"\"Mounts\":{{json .Mounts}}}"

/* Addresses as text, "" where there is none. */
struct container_address {
	char address[INET_ADDRSTRLEN];
	char gateway[INET_ADDRSTRLEN];
	unsigned int prefix_len;
};

struct container_network {
	char *name;
	struct container_address v4;
};

struct container_mount {
	char *type;        /* "bind", "volume", "tmpfs", ... */
	char *source;      /* on the host; "" for a tmpfs */
	char *destination; /* absolute */
	bool writable;
};

struct container {
	char id[65]; /* 64 hexadecimal digits */
	char *name;
	char *image_id; /* "" when there is none */
	char *user;     /* who runs in it, as it was said: "", "1000:1000" */
	char *network_mode;
	bool is_running;
	bool is_paused;
	bool is_read_only; /* its root file system */
	int64_t pid;       /* of its first process on the daemon's host; 0 */
	struct strv env;   /* what it was started with; may be secret */
	struct container_network *networks;
	size_t network_count;
	struct container_mount *mounts;
	size_t mount_count;
};

/*
 * Whether S can name a container or a network: what both accept as a name, or
 * an id.  Such a name is never an option and has nothing to be quoted.
 */
bool container_is_name(const char *s);

/*
 * Read the answer, LEN bytes at TEXT.  Returns 0, or -EBADMSG or -EMSGSIZE with
 * the reason appended to WHY.  The caller frees with container_clear().
 */
int container_parse(const char *text, size_t len, struct buf *why,
    struct container *ret);

/* The mount that the absolute path PATH is on: the innermost, or NULL for the
 * root file system. */
const struct container_mount *
container_mount_of(const struct container *c, const char *path);

/* Whether PATH can be changed, as far as inspect tells. */
bool container_is_writable(const struct container *c, const char *path);

/* The value of NAME in its environment, the last one, or NULL. */
const char *container_env(const struct container *c, const char *name);

/* Free all; NULL and a zeroed one are fine. */
void container_clear(struct container *c);

#endif
