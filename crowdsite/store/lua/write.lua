-- Makes a batch of row changes, all of them or none.
--
-- KEYS[1..n]  every row, index and trigram key the batch touches
-- ARGV[1]     a MessagePack array of strings (one packed argument is several times cheaper than thousands of plain
--             ones): the number of operations; then for each operation, one after the other:
--   verb        "I" the row must not exist | "U" it must exist | "D" it must exist and goes | "X" it must not exist
--   row         number of the row's key in KEYS
--   guards      count, then (field, "1" value | "0" "") each: what the row must still hold ("0" = no such field)
--   sets        count, then (field, value) each
--   unsets      count, then field each
--   removals    count, then (key number, "z" | "s", member) each: from a sorted set or a set
--   additions   count, then (key number, "z" | "s", member, length of the unique prefix or 0) each
--
-- Returns {"ok"}, {"exists", operation}, {"stale", operation} or {"taken", operation, key number}; operations from 1.

local stream = cmsgpack.unpack(ARGV[1])
local at = 0
local function take()
  at = at + 1
  return stream[at]
end
local function take_list(width)
  local list = {}
  for i = 1, tonumber(take()) do
    local item = {}
    for j = 1, width do item[j] = take() end
    list[i] = item
  end
  return list
end

local operations = {}
for i = 1, tonumber(take()) do
  operations[i] = {
    verb = take(), row = KEYS[tonumber(take())],
    guards = take_list(3), sets = take_list(2), unsets = take_list(1),
    removals = take_list(3), additions = take_list(4),
  }
end

-- 1. Look, and change nothing. Values given up by one operation are free for the others.
local freed, claimed, seen = {}, {}, {}
for _, op in ipairs(operations) do
  for _, gone in ipairs(op.removals) do
    if gone[2] == "z" then freed[gone[1] .. ":" .. gone[3]] = true end
  end
end
for i, op in ipairs(operations) do
  local exists = redis.call("EXISTS", op.row) == 1
  if op.verb == "I" and (exists or seen[op.row]) then return {"exists", i} end
  if op.verb == "X" and exists then return {"stale", i} end
  if (op.verb == "U" or op.verb == "D") and not exists then return {"stale", i} end
  seen[op.row] = true
  for _, guard in ipairs(op.guards) do
    local value = redis.call("HGET", op.row, guard[1])
    if guard[2] == "1" then
      if value ~= guard[3] then return {"stale", i} end
    elseif value then
      return {"stale", i}
    end
  end
  for _, new in ipairs(op.additions) do
    local length = tonumber(new[4])
    if length > 0 then
      local prefix = string.sub(new[3], 1, length)
      local claim = new[1] .. ":" .. prefix
      if claimed[claim] and claimed[claim] ~= new[3] then return {"taken", i, new[1]} end
      claimed[claim] = new[3]
      local holders = redis.call("ZRANGEBYLEX", KEYS[tonumber(new[1])], "[" .. prefix, "[" .. prefix .. "\255", "LIMIT", 0, 2)
      for _, holder in ipairs(holders) do
        if holder ~= new[3] and not freed[new[1] .. ":" .. holder] then return {"taken", i, new[1]} end
      end
    end
  end
end

-- 2. Write.
for _, op in ipairs(operations) do
  for _, gone in ipairs(op.removals) do
    redis.call(gone[2] == "z" and "ZREM" or "SREM", KEYS[tonumber(gone[1])], gone[3])
  end
  if op.verb == "D" then
    redis.call("DEL", op.row)
  end
  local pairs_to_set = {}
  for _, set in ipairs(op.sets) do
    pairs_to_set[#pairs_to_set + 1] = set[1]
    pairs_to_set[#pairs_to_set + 1] = set[2]
    if #pairs_to_set >= 1000 then
      redis.call("HSET", op.row, unpack(pairs_to_set))
      pairs_to_set = {}
    end
  end
  if #pairs_to_set > 0 then redis.call("HSET", op.row, unpack(pairs_to_set)) end
  for _, unset in ipairs(op.unsets) do redis.call("HDEL", op.row, unset[1]) end
end
for _, op in ipairs(operations) do
  for _, new in ipairs(op.additions) do
    if new[2] == "z" then
      redis.call("ZADD", KEYS[tonumber(new[1])], 0, new[3])
    else
      redis.call("SADD", KEYS[tonumber(new[1])], new[3])
    end
  end
end
return {"ok"}
