-- For wrk: a hundred values, which are there, are put anew, then asked for, then put again.
local count = 0
local value = string.rep("v", 100)

function request()
  local path = "/value-" .. count % 100
  local method = count % 200 < 100 and "PUT" or "GET"
  count = count + 1
  return wrk.format(method, path, nil, method == "PUT" and value or nil)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"elapsedUs":%d,"p50Us":%d,"p99Us":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
