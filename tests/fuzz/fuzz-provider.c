/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for provider.h: whatever is taken can be used as it is, and what
 * is refused has a place and a reason.
 */
#include "coco.h"

#include <string.h>

#include "fuzz.h"
#include "place.h"
#include "provider.h"

static void
check_pairs(const struct provider_pair *pairs, size_t count)
{
	size_t i;

	check(count <= PROVIDER_MAX);
	for (i = 0; i < count; i++)
		check(pairs[i].name != NULL && pairs[i].value != NULL &&
		    (!pairs[i].raw || pairs[i].value[0] != '\0'));
}

static void
check_file(const struct provider_file *f)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH + 1);

	check(buf_addf(&path, "/%s", f->path) == 0);
	check(place_is_path(buf_str(&path)));
	check((f->mode & ~(mode_t)0755) == 0);
	check((f->content != NULL) == (f->format == PROVIDER_TEXT));
	check_pairs(f->set, f->count);
	buf_wipe(&path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf why = BUF_INIT(PROVIDER_MAX_WHY);
	struct provider p = PROVIDER_INIT;
	size_t i;
	int r;

	r = provider_parse("fuzz", (const char *)data, size, &p, &why);
	check((r == 0) == (why.len == 0));
	check(r == 0 || (why.data[0] >= '1' && why.data[0] <= '9'));
	if (r == 0) {
		check(p.summary != NULL && (p.tokens != 0 || !p.connections));
		check_pairs(p.connection, p.connection_count);
		check_pairs(p.environment, p.environment_count);
		for (i = 0; i < p.environment_count; i++)
			check(strpbrk(p.environment[i].name, "='\n ") == NULL);
		for (i = 0; i < p.file_count; i++)
			check_file(&p.files[i]);
	}
	provider_clear(&p);
	buf_wipe(&why);
	return 0;
}
