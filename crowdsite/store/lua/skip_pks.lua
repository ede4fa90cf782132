-- Raises the counter of automatic pks to a pk given by hand.
-- KEYS[1] the counter   ARGV[1] the pk
local last = tonumber(redis.call("GET", KEYS[1]) or "0")
if last < tonumber(ARGV[1]) then redis.call("SET", KEYS[1], ARGV[1]) end
return {}
