-- Record one entry or exit: log, counters, day totals, occupancy, stream and publication, together or not at all.
-- A member that is in the log already changes nothing, so a delivery may be repeated as often as needed.
--
-- KEYS[1] person_logs               sorted set
-- KEYS[2] person_tracker:cam:{id}:in or :out   counter
-- KEYS[3] person_tracker:day:{site}:{day}      hash
-- KEYS[4] person_tracker:site:{site}           hash: day, inside, missed_entries
-- KEYS[5] stats_stream              stream
-- ARGV[1] member (compact JSON, the same text at every delivery)
-- ARGV[2] unix seconds
-- ARGV[3] field of the day hash, {camera_id}:{label}:{in|out}
-- ARGV[4] site day, YYYY-MM-DD
-- ARGV[5] +1, -1 or 0: what the event does to the people inside (0 = not a person)
-- ARGV[6] seconds the day hash is kept
-- ARGV[7] entries the stream keeps, about
-- ARGV[8] channel
-- Returns 1 when recorded, 0 when it was there already.
if redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1]) == 0 then
  return 0
end
redis.call('INCR', KEYS[2])
redis.call('HINCRBY', KEYS[3], ARGV[3], 1)
redis.call('EXPIRE', KEYS[3], ARGV[6])

local step = tonumber(ARGV[5])
if step ~= 0 then
  local day = redis.call('HGET', KEYS[4], 'day')
  if not day or ARGV[4] > day then
    redis.call('HSET', KEYS[4], 'day', ARGV[4], 'inside', 0, 'missed_entries', 0)
    day = ARGV[4]
  end
  -- An event delivered late, after the site's midnight, belongs to a day that is closed.
  if ARGV[4] == day then
    local inside = tonumber(redis.call('HGET', KEYS[4], 'inside')) + step
    if inside < 0 then
      redis.call('HINCRBY', KEYS[4], 'missed_entries', -inside)
      inside = 0
    end
    redis.call('HSET', KEYS[4], 'inside', inside)
  end
end

redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[7], '*', 'event', ARGV[1])
redis.call('PUBLISH', ARGV[8], ARGV[1])
return 1
