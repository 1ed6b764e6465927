/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another wall clock for the program under test, by LD_PRELOAD:
 *
 *	COCO_TEST_NOW=1700000000	the clock stands still there
 *	COCO_TEST_NOW=+3600		an hour ahead of the real one
 *	COCO_TEST_NOW=-60		a minute behind it
 *
 * Only calls that ask for the wall clock are bent; the monotonic clock, and so
 * every deadline, stays real.  The kernel is asked by system call, because a
 * search for libc's own function may run before a sanitizer has set itself up.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void
bend(struct timespec *ts)
{
	const char *now = getenv("COCO_TEST_NOW");
	long long value;
	char *end;

	if (now == NULL || *now == '\0')
		return;
	value = strtoll(now, &end, 10);
	if (*end != '\0')
		abort();
	if (*now == '+' || *now == '-') {
		ts->tv_sec += value;
		return;
	}
	ts->tv_sec = value;
	ts->tv_nsec = 0;
}

static bool
is_wall(clockid_t id)
{
	return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ||
	    id == CLOCK_TAI;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	long r;

	r = syscall(SYS_clock_gettime, id, ts);
	if (r == 0 && is_wall(id))
		bend(ts);
	return (int)r;
}

time_t
time(time_t *ret_now)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret_now != NULL)
		*ret_now = ts.tv_sec;
	return ts.tv_sec;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts = { 0, 0 };

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
