/* SPDX-License-Identifier: GPL-3.0-or-later */
/* THREATS.md T14: which container a /proc/PID/cgroup names. */
#include "coco.h"

#include "cgroup.h"
#include "tap.h"

/* Ours, another one, and digits that go on. */
#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

struct row {
	const char *name;
	const char *text;
	bool is;
};

static const struct row rows[] = {
	{ "docker, cgroupfs", "0::/docker/" ID "\n", true },
	{ "docker, systemd", "0::/system.slice/docker-" ID ".scope\n", true },
	{ "podman, root", "0::/machine.slice/libpod-" ID ".scope\n", true },
	{ "podman, cgroupfs", "0::/libpod_parent/libpod-" ID "\n", true },
	{ "podman, rootless",
	    "0::/user.slice/user-1000.slice/user@1000.service/user.slice/"
	    "libpod-" ID ".scope/container\n",
	    true },
	{ "podman, split", "0::/system.slice/x.service/libpod-payload-" ID "\n",
	    true },
	{ "podman, a pod",
	    "0::/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID
	    ".scope\n",
	    true },
	{ "podman, a pod, cgroupfs",
	    "0::/libpod_parent/" OTHER "/libpod-" ID "\n", true },
	{ "cri-o", "0::/kubepods.slice/crio-" ID ".scope\n", true },
	{ "containerd",
	    "0::/kubepods.slice/kubepods-pod01234567_89ab.slice/"
	    "cri-containerd-" ID ".scope\n",
	    true },
	{ "containerd, with colons",
	    "4:memory:/system.slice/containerd.service/kubepods-x.slice:"
	    "cri-containerd:" ID "\n",
	    true },
	{ "kubernetes", "0::/kubepods/burstable/pod01234567-89ab/" ID "\n",
	    true },
	{ "version 1",
	    "3:cpu,cpuacct:/docker/" ID "\n"
	    "2:name=systemd:/docker/" ID "\n",
	    true },
	{ "hybrid",
	    "9:pids:/libpod_parent/libpod-" ID "\n"
	    "1:cpuset:/\n"
	    "0::/\n",
	    true },
	{ "beside our own group", "0::/../../docker/" ID "\n", true },
	{ "below it", "0::/docker/" ID "/sub/docker-" OTHER ".scope\n", true },
	{ "removed", "0::/docker/" ID " (deleted)\n", true },

	{ "nothing", "", false },
	{ "the host", "0::/\n", false },
	{ "a service", "0::/system.slice/ssh.service\n", false },
	{ "another one", "0::/docker/" OTHER "\n", false },
	{ "made by another one", "0::/docker/" OTHER "/docker-" ID ".scope\n",
	    false },
	{ "both in one name", "0::/docker/" OTHER "-" ID "\n", false },
	{ "another one in a pod",
	    "0::/machine.slice/machine-libpod_pod_" ID ".slice/libpod-" OTHER
	    ".scope\n",
	    false },
	{ "only a pod", "0::/machine.slice/machine-libpod_pod_" ID ".slice\n",
	    false },
	{ "only a pod, cgroupfs", "0::/libpod_parent/" ID "\n", false },
	{ "another one that plays a pod",
	    "0::/docker/" OTHER "/machine-libpod_pod_" OTHER ".slice/libpod-" ID
	    "\n",
	    false },
	{ "lines that contradict",
	    "2:cpu:/docker/" ID "\n"
	    "1:memory:/docker/" OTHER "\n",
	    false },
	{ "in the other order",
	    "2:cpu:/docker/" OTHER "\n"
	    "1:memory:/docker/" ID "\n",
	    false },
	{ "conmon, systemd", "0::/machine.slice/libpod-conmon-" ID ".scope\n",
	    false },
	{ "conmon, and the container",
	    "1:cpu:/libpod_parent/conmon-" ID "\n"
	    "0::/libpod_parent/libpod-" ID "\n",
	    false },
	{ "a digit before", "0::/docker/0" ID "\n", false },
	{ "a digit after", "0::/docker/" ID "A\n", false },
	{ "too short",
	    "0::/docker/"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
	    "\n",
	    false },
	{ "upper case",
	    "0::/docker/"
	    "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"
	    "\n",
	    false },
	{ "cut off", "0::/docker/" ID, false },
	{ "cut off later", "1:cpu:/docker/" ID "\n0:", false },
	{ "no path", "0:" ID "\n", false },
	{ "in the controllers", "1:name=" ID ":/\n", false },
	{ "an empty line", "0::/docker/" ID "\n\n", false },
};

int
main(void)
{
	static const char text[] = "0::/docker/" ID "\n";
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(cgroup_is_container(rows[i].text, strlen(rows[i].text),
			   ID),
		    rows[i].is, "%s", rows[i].name);
	ok(!cgroup_is_container(text, strlen(text), ""), "no id");
	ok(!cgroup_is_container(text, strlen(text), "0123456789ab"),
	    "the beginning of an id");
	ok(!cgroup_is_container(text, strlen(text), ID "0"), "a longer one");
	return done_testing();
}
