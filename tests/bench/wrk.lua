-- SPDX-License-Identifier: GPL-3.0-or-later
-- What wrk found out, as numbers on one line: requests, seconds, p50 and p99
-- in microseconds, failures of any kind, bytes that came.
function done(summary, latency, _)
	local e = summary.errors
	io.write(string.format("result\t%d\t%.6f\t%d\t%d\t%d\t%d\n",
	    summary.requests, summary.duration / 1e6, latency:percentile(50),
	    latency:percentile(99),
	    e.connect + e.read + e.write + e.status + e.timeout, summary.bytes))
end
