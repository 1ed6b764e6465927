/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "stack.h"

static const char *const verbs[STACK_VERBS] = {
	[STACK_GET] = "get",
	[STACK_STORE] = "store",
	[STACK_ERASE] = "erase",
};

const char *
stack_verb_name(enum stack_verb v)
{
	return verbs[v];
}

bool
stack_is_name(const char *name)
{
	size_t len = strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return len > 0 && len <= STACK_MAX_NAME && name[len] == '\0';
}

bool
stack_has_option(const struct stack_rule *rule, const char *name)
{
	const char *word;
	size_t i;

	for (i = 1; rule->kind == STACK_NAME && i < rule->argv.len; i++) {
		word = rule->argv.v[i];
		word += strspn(word, "-");
		if (strncmp(word, name, strlen(name)) == 0)
			return true;
	}
	return false;
}

void
stack_clear(struct stack *s)
{
	size_t v;
	size_t i;

	for (v = 0; v < STACK_VERBS; v++) {
		for (i = 0; i < s->verb[v].len; i++) {
			strv_clear(&s->verb[v].rule[i].argv);
			free(s->verb[v].rule[i].file);
		}
		free(s->verb[v].rule);
	}
	*s = (struct stack)STACK_INIT;
}

void
stack_eval_init(struct stack_eval *e, const struct stack_rules *rules)
{
	memset(e, 0, sizeof(*e));
	e->rules = rules;
	e->status = RESULT_NOT_FOUND;
	e->saved[0].status = RESULT_NOT_FOUND;
}

const struct stack_rule *
stack_eval_next(struct stack_eval *e)
{
	const struct stack_rule *rule;

	for (; e->next < e->rules->len; e->next++) {
		rule = &e->rules->rule[e->next];
		if (e->prev_level < rule->level) {
			e->saved[rule->level].impression = e->impression;
			e->saved[rule->level].status = e->status;
		}
		e->prev_level = rule->level;
		if (rule->kind != STACK_SUBSTACK)
			return rule;
	}
	return NULL;
}

/* The first rule behind the module at AT, with its substack if it has one;
 * LEN when LEVEL ends there. */
static size_t
skip_module(const struct stack_rules *rules, size_t at, int level)
{
	do
		at++;
	while (at < rules->len && rules->rule[at].level > level);
	return at;
}

/* Skip COUNT modules behind the rule at AT without leaving its level.  Returns
 * how many were too many. */
static int
jump(const struct stack_rules *rules, size_t at, int count, size_t *ret_at)
{
	int level = rules->rule[at].level;
	size_t next = at + 1;

	while (count > 0 && next < rules->len &&
	    rules->rule[next].level >= level) {
		next = skip_module(rules, next, level);
		count--;
	}
	*ret_at = next;
	return count;
}

bool
stack_can_jump(const struct stack_rules *rules, size_t at, int count)
{
	size_t next;

	return jump(rules, at, count, &next) == 0;
}

/* A result counts unless a failure or an earlier non-success came first. */
static void
take_good(struct stack_eval *e, enum result result)
{
	if (e->impression == 0 ||
	    (e->impression > 0 && e->status == RESULT_SUCCESS)) {
		e->impression = 1;
		e->status = result;
	}
}

/* The first failure wins; "ignore" is not fit to be reported as one. */
static void
take_bad(struct stack_eval *e, enum result result)
{
	if (e->impression < 0)
		return;
	e->impression = -1;
	e->status = result == RESULT_IGNORE ? RESULT_NOT_FOUND : result;
}

/* Leave the (sub)stack: go to the next rule that is less deep. */
static void
leave(struct stack_eval *e, int level)
{
	while (e->next < e->rules->len &&
	    e->rules->rule[e->next].level >= level)
		e->next++;
}

int
stack_eval_feed(struct stack_eval *e, enum result result)
{
	size_t at = e->next;
	const struct stack_rule *rule = &e->rules->rule[at];
	int action = rule->action[result];

	e->next = at + 1;
	switch (action) {
	case STACK_RESET:
		e->impression = e->saved[rule->level].impression;
		e->status = e->saved[rule->level].status;
		break;
	case STACK_OK:
	case STACK_DONE:
		take_good(e, result);
		if (action == STACK_DONE && e->impression > 0)
			leave(e, rule->level);
		break;
	case STACK_BAD:
	case STACK_DIE:
		take_bad(e, result);
		if (action == STACK_DIE)
			leave(e, rule->level);
		break;
	case STACK_IGNORE:
		break;
	default:
		if (jump(e->rules, at, action, &e->next) != 0) {
			e->impression = -1;
			e->status = RESULT_NOT_FOUND;
		}
	}
	return action;
}

enum result
stack_eval_result(const struct stack_eval *e)
{
	if (e->status == RESULT_SUCCESS && e->impression <= 0)
		return RESULT_NOT_FOUND;
	return e->status;
}
