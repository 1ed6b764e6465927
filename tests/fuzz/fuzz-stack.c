/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stack files: the first byte seeds the results, the rest is the text, which
 * may include itself and two small stacks.  Every evaluation ends, and runs no
 * rule twice.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "stack.h"

struct input {
	const char *text;
	size_t len;
};

static int
load(void *ctx, const char *name, struct buf *text, struct buf *file,
    struct buf *why)
{
	const struct input *in = ctx;

	(void)why;
	(void)buf_adds(file, name);
	if (strcmp(name, "main") == 0)
		return buf_add(text, in->text, in->len);
	if (strcmp(name, "a") == 0)
		return buf_adds(text, "get sufficient x\nstore required y\n");
	if (strcmp(name, "b") == 0)
		return buf_adds(text, "get substack a\nget requisite z\n");
	return -ENOENT;
}

static void
evaluate(const struct stack_rules *rules, unsigned seed)
{
	const struct stack_rule *last = NULL;
	const struct stack_rule *rule;
	struct stack_eval e;

	stack_eval_init(&e, rules);
	for (rule = stack_eval_next(&e); rule != NULL;
	     rule = stack_eval_next(&e)) {
		if (last != NULL && rule <= last)
			abort();
		last = rule;
		seed = seed * 1103515245U + 12345U;
		(void)stack_eval_feed(&e,
		    (enum result)((seed >> 16) % RESULT_COUNT));
	}
	if ((unsigned)stack_eval_result(&e) >= RESULT_COUNT)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data + 1, size - 1 };
	struct buf why = BUF_INIT(65536);
	struct stack stack = STACK_INIT;
	size_t v;

	if (size == 0)
		return 0;
	if (stack_parse("main", load, &in, &stack, &why) == 0)
		for (v = 0; v < STACK_VERBS; v++)
			evaluate(&stack.verb[v], data[0]);
	stack_clear(&stack);
	buf_wipe(&why);
	return 0;
}
