-- wrk's side of `lab load`: paced requests, and a summary in JSON as the last line of the output.

-- Each connection waits this long between requests: the load shows what fails, it must not take the processors from the
-- hosts that are being patched.
local pause_milliseconds = 10

function delay()
    return pause_milliseconds
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.3f,"p50Milliseconds":%.3f,"p99Milliseconds":%.3f,"maximumMilliseconds":%.3f,' ..
        '"statusErrors":%d,"connectErrors":%d,"readErrors":%d,"writeErrors":%d,"timeouts":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        latency.max / 1e3, errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
