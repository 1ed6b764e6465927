/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which container a process is in, by the text of its /proc/PID/cgroup
 * (cgroups(7)): runtimes put the id of a container, 64 hexadecimal digits, into
 * the name of its control group.
 *
 *	/docker/ID				/libpod_parent/libpod-ID
 *	/system.slice/docker-ID.scope		/machine.slice/libpod-ID.scope
 *	/kubepods/besteffort/podUID/ID		.../cri-containerd-ID.scope
 *
 * The first such name on a path counts: what follows was made by the container
 * or for it, and may say anything.  Names of podman's pods above it, which look
 * alike, are passed over; conmon, which watches over a container, is not in it.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#define CGROUP_ID_LEN 64

/*
 * Whether the LEN bytes at TEXT, of any version of control groups, name the
 * container ID.  Every line that names one must name this one, and one must;
 * a text that does not end with its line is no answer.
 */
bool cgroup_is_container(const char *text, size_t len, const char *id);

#endif
