"""What is done with a phone's line within Redis: each script is one round trip."""

from __future__ import annotations

from ussd_app.dialog.wire import Script

NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

# KEYS line, epoch; ARGV call, lease ms, line ms, interval ms and burst of the rate, count this try
HOLD = Script(
    NOW
    + """
local line, call = KEYS[1], 's:' .. ARGV[1]
local f = redis.call('HMGET', line, 'lock', 'fence', 'tat', call, 'order', 'open', 'at', 'cut',
  'secret')
local tat = tonumber(f[3]) or 0
if ARGV[6] == '1' then
  tat = math.max(tat, now) + tonumber(ARGV[4])
  if tat - now > tonumber(ARGV[4]) * tonumber(ARGV[5]) then return {'flooded'} end
end
if f[1] and tonumber(f[1]) > now then
  redis.call('HSET', line, 'tat', tat)
  return {'busy'}
end
local fence = (tonumber(f[2]) or 0) + 1
redis.call('HSET', line, 'lock', now + tonumber(ARGV[2]), 'fence', fence, 'tat', tat)
redis.call('PEXPIRE', line, ARGV[3])
local began = redis.call('GET', KEYS[2])
if not began then
  redis.call('SET', KEYS[2], now)
  began = now
end
local before, age = false, 0
if f[8] and f[9] == '1' then f[6] = 'untold' end
if not f[4] and f[5] and f[6] ~= '0' then
  local newest = string.match(f[5], '^%x+')
  before = newest .. ':' .. redis.call('HGET', line, 's:' .. newest)
  age = now - tonumber(f[7])
end
return {'held', fence, f[4], before, age, now - tonumber(began), f[6]}
"""
)

# KEYS line, traces; ARGV call, fence, sealed session, open, calls kept, calls known, over, and of the
# trace: sealed, its field, how many are kept. A call that ends after another was begun stays behind
# it: that other's first screen told what became of it. A trace that cannot be kept fails nothing.
SAVE = Script(
    NOW
    + """
local line, call = KEYS[1], ARGV[1]
if ARGV[8] ~= '' then
  redis.pcall('XADD', KEYS[2], 'MAXLEN', '~', ARGV[10], '*', ARGV[9], ARGV[8])
end
local f = redis.call('HMGET', line, 'fence', 'lock', 'order')
if f[1] ~= ARGV[2] or not f[2] then return 0 end
local order, secret = f[3] or '', ARGV[4] == 'untold' and '1' or '0'
if string.sub(order, 1, #call) ~= call then
  if ARGV[7] == '1' and string.find(order, call, 1, true) then
    redis.call('HSET', line, 's:' .. call, ARGV[3])
    redis.call('HDEL', line, 'lock')
    return 2
  end
  redis.call('HDEL', line, 'cut')
  local kept, n = {call}, 1
  for other in string.gmatch(order, '%x+') do
    if other ~= call then
      n = n + 1
      if n > tonumber(ARGV[6]) then redis.call('HDEL', line, 's:' .. other)
      else
        kept[n] = other
        if n > tonumber(ARGV[5]) then redis.call('HSET', line, 's:' .. other, '') end
      end
    end
  end
  order = table.concat(kept, ',')
end
redis.call('HSET', line, 's:' .. call, ARGV[3], 'order', order, 'at', now, 'open', ARGV[4],
  'secret', secret)
if ARGV[4] ~= 'untold' then redis.call('HDEL', line, 'lock') end
return 1
"""
)

# KEYS line; ARGV fence, perhaps open
RELEASE = Script(
    """
if redis.call('HGET', KEYS[1], 'fence') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'lock')
  if ARGV[2] then redis.call('HSET', KEYS[1], 'open', ARGV[2]) end
end
return 1
"""
)

# KEYS line; ARGV call
CUT = Script(
    """
local order = redis.call('HGET', KEYS[1], 'order')
if order and string.sub(order, 1, #ARGV[1]) == ARGV[1] then
  redis.call('HSET', KEYS[1], 'cut', '1')
end
return 1
"""
)

# KEYS line; ARGV line ms. The fence goes on, or whoever holds the line now would fit the next hold.
END = Script(
    """
local f = redis.call('HMGET', KEYS[1], 'fence', 'tat')
if not f[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'fence', f[1] + 1, 'tat', f[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
"""
)
