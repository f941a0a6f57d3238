import type { Random } from '../random.ts';

// Questions out of a small grammar: right ones, wrong ones, and some that want
// what nobody may have.

const columns = [
  'event_id',
  'type',
  'timestamp',
  'user_id',
  'properties.text',
  'late',
  '*',
  'nope',
];
const tables = [
  ...['events', 'events', 'default.events', 'dead_letters', 'numbers(100)', 'numbers(1e18)'],
  ...['system.tables', 'system.settings', "file('/etc/passwd')", '`events`', 'events.events'],
];
const functions = [
  'count',
  'uniq',
  'lower',
  'toString',
  'length',
  'sum',
  'repeat',
  'sleep',
  'nope',
];
const literals = [
  '1',
  "'a'",
  'NULL',
  '[1, 2]',
  '1e999',
  "'\\0'",
  "'it''s'",
  '{p:String}',
  "''",
  '-0.0',
];
const formats = ['JSON', 'Native', 'CSV', 'Parquet', 'Null', 'Nope', 'PrettyCompact'];
const words = [
  '(',
  ')',
  ',',
  ';',
  '--',
  '/*',
  "'",
  '"',
  '`',
  '$$',
  '\0',
  '\u00a0',
  'INTO OUTFILE',
  '@',
];

function expression(random: Random, depth = 0): string {
  const kind = random.next();
  if (depth > 3 || kind < 0.35) return random.pick(columns);
  if (kind < 0.55) return random.pick(literals);
  if (kind < 0.75) return `${random.pick(functions)}(${expression(random, depth + 1)})`;
  if (kind < 0.9) {
    const operator = random.pick(['+', '=', '<', 'AND', 'IN', 'LIKE', '||', '::', '.', '->']);
    return `${expression(random, depth + 1)} ${operator} ${expression(random, depth + 1)}`;
  }
  if (kind < 0.97) return `(${select(random, depth + 1)})`;
  return '('.repeat(200) + expression(random, depth + 1) + ')'.repeat(200);
}

function select(random: Random, depth = 0): string {
  const from = random.chance(0.8) ? random.pick(tables) : `(${select(random, depth + 1)})`;
  const parts = [`SELECT ${expression(random, depth)}`, ` FROM ${depth > 3 ? 'events' : from}`];
  if (random.chance(0.3)) parts.push(` WHERE ${expression(random, depth + 1)}`);
  if (random.chance(0.2)) parts.push(` GROUP BY ${random.pick(columns)}`);
  if (random.chance(0.2)) parts.push(` ORDER BY ${random.pick(columns)}`);
  if (random.chance(0.6)) parts.push(` LIMIT ${random.pick(['10', '0', '-1', '1e3', '1, 2'])}`);
  return parts.join('');
}

export function sqlText(random: Random): string {
  const kind = random.next();
  let sql = select(random);
  if (kind < 0.1)
    sql = `${random.pick(['EXPLAIN', 'DESCRIBE', 'WITH x AS', 'INSERT INTO events'])} (${sql})`;
  else if (kind < 0.2) {
    sql = random.pick([
      'SHOW TABLES',
      'EXISTS events',
      'DESC events',
      'SYSTEM RELOAD CONFIG',
      'KILL QUERY',
    ]);
  }
  if (random.chance(0.3)) sql += ` FORMAT ${random.pick(formats)}`;
  if (random.chance(0.1)) sql += ` SETTINGS max_threads = ${random.pick(literals)}`;
  for (let n = random.chance(0.2) ? random.between(1, 3) : 0; n > 0; n -= 1) {
    const at = random.between(0, sql.length);
    sql = sql.slice(0, at) + random.pick(words) + sql.slice(at);
  }
  return sql;
}
