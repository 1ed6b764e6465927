/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for compose.h: what is refused has a reason that can be printed;
 * of what is taken, an override can be written for each service and network,
 * which names the same when it is read.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "compose.h"
#include "fuzz.h"
#include "mem.h"

static void
check_file(const struct compose_file *file)
{
	size_t i;

	check(file->services_len > 0);
	for (i = 0; i < file->services_len; i++) {
		const struct compose_service *s = &file->services[i];

		check(compose_service(file, s->name) == s);
		check(s->network_mode == NULL || s->networks.len == 0);
	}
	for (i = 0; i < file->networks_len; i++)
		check(compose_network(file, file->networks[i].name) ==
		    &file->networks[i]);
}

/* TEXT is the value of a variable, where it is a string. */
static void
check_write(const struct compose_file *file, const char *text)
{
	const struct compose_mount mount = { "/a", "/b", true };
	struct compose_override o = { .file = "f",
		.override = "o",
		.subnet = "10.1.0.0/24",
		.gateway = "10.1.0.1" };
	struct compose_change *changes;
	struct compose_file back = COMPOSE_FILE_INIT;
	struct buf out = BUF_INIT(COMPOSE_MAX_SIZE);
	struct buf why = BUF_INIT(COMPOSE_MAX_WHY);
	size_t i;
	int r;

	changes = xcalloc(file->services_len, sizeof(*changes));
	for (i = 0; i < file->services_len; i++) {
		changes[i].service = file->services[i].name;
		changes[i].mounts = &mount;
		changes[i].mounts_len = 1;
	}
	strv_addf(&changes[0].env, "A=%s", text);
	o.changes = changes;
	o.changes_len = file->services_len;
	if (file->networks_len > 0)
		o.network = file->networks[0].name;
	r = compose_write(&o, &why, &out);
	check_why(r, &why);
	if (r == 0) {
		r = compose_parse(out.data, out.len, "o", &why, &back);
		check(r == 0 && back.services_len == file->services_len);
		for (i = 0; i < file->services_len; i++)
			check(strcmp(back.services[i].name,
				  file->services[i].name) == 0);
		check((back.networks_len == 1) == (o.network != NULL));
	}
	compose_clear(&back);
	strv_clear(&changes[0].env);
	free(changes);
	buf_wipe(&out);
	buf_wipe(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct compose_file file = COMPOSE_FILE_INIT;
	struct buf why = BUF_INIT(COMPOSE_MAX_WHY);
	char *text = xstrndup((const char *)data, size);
	int r;

	r = compose_parse((const char *)data, size, "f", &why, &file);
	check_why(r, &why);
	if (r == 0) {
		check_file(&file);
		check_write(&file, text);
	}
	compose_clear(&file);
	free(text);
	buf_wipe(&why);
	return 0;
}
