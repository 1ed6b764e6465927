/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What every program of ours prints about its own command line (opt.h).
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdbool.h>

#include "opt.h"

/* Print WHY and the usage line to stderr.  Returns the exit status to end
 * with. */
int usage_fail(const struct opt_spec *spec, const char *why);

/* The same of a program whose help is long, with the command that shows it. */
int usage_refuse(const struct opt_spec *spec, const char *why);

/* The same, with the WORD that is wrong, in quotes, behind WHY. */
int usage_refuse_word(const struct opt_spec *spec, const char *why,
    const char *word);

/* Print the help, or the version, to stdout.  Returns the exit status. */
int usage_show(const struct opt_spec *spec, bool help);

#endif
