/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where stacks come from: $XDG_CONFIG_HOME/coco/stack.d/NAME, then
 * /etc/coco/stack.d/NAME, then the built-in ones.  A file counts only when
 * nobody else can change it (THREATS.md T9).
 */
#ifndef STACKFILE_H
#define STACKFILE_H

#include "buf.h"
#include "stack.h"
#include "strv.h"

/*
 * Load the stack NAME; when there is none of that name, "other" (as libpam
 * does).  *RET_FILE gets where it was found, "built-in" among them.  Returns
 * 0; -EACCES for a file that others can change; or as stack_parse(); the
 * reason is in WHY.
 */
int stackfile_load(const char *name, struct stack *ret_stack,
    struct buf *ret_file, struct buf *why);

/* Add the names of all stacks that there are, each once, sorted. */
void stackfile_names(struct strv *names);

#endif
