-- Mixed traffic for wrk, which runs this once in each of its threads.
--
--     wrk ... -s soak.lua URL -- FOLDER
--
-- FOLDER/plan-N holds what thread N needs, a line each: credentials of a project, a
-- session and a token to join it with, and sessions to archive. What was acknowledged
-- goes to FOLDER/acknowledged-N as it comes. The last line that is printed is JSON.

local threads = {}

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

local project, hall, token, studios
local acknowledged
local turn = 0
local joined, started = {}, {}
local seen, latest = {}, nil
refused, complaint = {}, ""

function init(args)
   local plan = assert(io.open(args[1] .. "/plan-" .. number))
   local key = plan:read()
   wrk.headers["X-OPENTOK-AUTH"], wrk.headers["Accept"] = plan:read(), "application/json"
   project, hall, token, studios = "/v2/project/" .. key, plan:read(), plan:read(), {}
   for studio in plan:lines() do
      table.insert(studios, studio)
   end
   acknowledged = assert(io.open(args[1] .. "/acknowledged-" .. number, "a"))
end

local function control(session)
   return "/_emulator/session/" .. session .. "/connection"
end

local calls = {
   function() return "POST", "/session/create" end,
   function() return "POST", control(hall), '{"token":"' .. token .. '"}' end,
   function()
      local studio = studios[math.floor(turn / 8) % #studios + 1]
      local tag = number .. "-" .. turn
      return "POST", project .. "/archive",
         '{"sessionId":"' .. studio .. '","multiArchiveTag":"' .. tag .. '"}'
   end,
   function() return "GET", project .. "/archive?count=10" end,
   function() return "GET", project .. "/session/" .. hall .. "/connection" end,
   -- What others have begun is ended; where there is nothing yet, something is read.
   function()
      local connection = table.remove(joined)
      if connection then
         return "DELETE", control(hall) .. "/" .. connection
      end
      return "GET", project .. "/session/" .. studios[1] .. "/stream"
   end,
   function()
      local archive = table.remove(started, 1)
      if archive then
         return "POST", project .. "/archive/" .. archive .. "/stop"
      end
      return "GET", project .. "/broadcast"
   end,
   function()
      return "GET", latest and project .. "/archive/" .. latest or "/_emulator/clock"
   end,
}

function request()
   local method, path, body = calls[turn % #calls + 1]()
   turn = turn + 1
   return wrk.format(method, path, nil, body)
end

local function note(what, id)
   acknowledged:write(what, " ", id, "\n")
end

function response(status, headers, body)
   if status < 200 or status > 299 then
      local name = tostring(status)
      refused[name] = (refused[name] or 0) + 1
      complaint = name .. " " .. body
      return
   end
   local session = body:match('^%[{"session_id":"([^"]+)"')
   if session then
      note("session", session)
   end
   local connection = body:match('^{"connectionId":"([^"]+)"')
   if connection then
      table.insert(joined, connection)
   end
   local archive, state = body:match('^{"id":"([^"]+)","status":"(%a+)"')
   if state == "started" and not seen[archive] then
      note("archive", archive)
      table.insert(started, archive)
      seen[archive], latest = true, archive
   elseif state == "stopped" then
      note("stopped", archive)
   end
end

function done(summary, latency, requests)
   local errors, statuses, example = summary.errors, {}, ""
   for _, thread in ipairs(threads) do
      for status, count in pairs(thread:get("refused")) do
         statuses[status] = (statuses[status] or 0) + count
      end
      example = thread:get("complaint") .. example
   end
   local counted = {}
   for status, count in pairs(statuses) do
      table.insert(counted, string.format('"%s":%d', status, count))
   end
   print(string.format(
      '{"requests":%d,"seconds":%f,"connect":%d,"read":%d,"write":%d,"timeout":%d,'
         .. '"p50":%f,"p99":%f,"slowest":%f,"refused":{%s},"complaint":"%s"}',
      summary.requests, summary.duration / 1e6,
      errors.connect, errors.read, errors.write, errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
      table.concat(counted, ","), example:gsub('["\\%c]', "'")
   ))
end
