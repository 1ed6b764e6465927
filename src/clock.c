/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <time.h>

#include "clock.h"

#define SKEW_MAX 120

int64_t
clock_utc(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

int64_t
clock_ms(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_stale_at(int64_t expiry_utc, int64_t issued_utc)
{
	int64_t skew = SKEW_MAX;

	if (expiry_utc == 0)
		return INT64_MAX;
	if (issued_utc > 0 && issued_utc < expiry_utc &&
	    (expiry_utc - issued_utc) / 5 < skew)
		skew = (expiry_utc - issued_utc) / 5;
	return expiry_utc > INT64_MIN + skew ? expiry_utc - skew : INT64_MIN;
}

bool
clock_is_stale(int64_t expiry_utc, int64_t issued_utc, int64_t now_utc)
{
	if (expiry_utc == 0)
		return false;
	if (issued_utc > 0 && issued_utc > now_utc &&
	    issued_utc - now_utc > SKEW_MAX)
		return true;
	return now_utc >= clock_stale_at(expiry_utc, issued_utc);
}

int
clock_add_left(struct buf *b, int64_t left)
{
	if (left < 120)
		return buf_addf(b, "in %lld s", (long long)left);
	if (left < 7200)
		return buf_addf(b, "in %lld min", (long long)(left / 60));
	if (left < 172800)
		return buf_addf(b, "in %lld h", (long long)(left / 3600));
	return buf_addf(b, "in %lld d", (long long)(left / 86400));
}
