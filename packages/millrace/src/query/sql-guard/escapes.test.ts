import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StoreError } from '../../ports/store.ts';
import { escapes } from './escapes.suite.ts';
import { everydayStatements } from './everyday.suite.ts';
import { SqlRefusal } from './index.ts';
import { CANARY, openShopStore, type ShopStore } from './shop-store.suite.ts';

let shop: ShopStore;
beforeAll(async () => {
  shop = await openShopStore();
});
afterAll(async () => {
  expect(existsSync(shop.forbiddenFile)).toBe(false);
  await shop.close();
});

const filled = (statement: string): string =>
  statement
    .replaceAll('{canary}', CANARY)
    .replaceAll('{file}', shop.canaryFile)
    .replaceAll('{out}', shop.forbiddenFile);

const parameters = { t: 'secret.canary' };
const bounds = { max_execution_time: 5, max_memory_usage: 500_000_000 };

const runRaw = async (sql: string): Promise<string> => {
  const { bytes } = await shop.store.read(sql, {
    format: 'TSV',
    settings: { ...bounds, max_execution_time: 60, param_t: parameters.t },
  });
  return Buffer.from(bytes).toString();
};

/** True if the statement was let through and the engine then answered with the secret. */
async function answersWithSecret(source: string): Promise<'refused' | 'harmless' | 'secret'> {
  try {
    const statement = await shop.guard.check(source, parameters);
    const { bytes } = await shop.store.read(statement.sql, {
      format: 'TSV',
      settings: { ...bounds, ...statement.engineSettings },
    });
    return Buffer.from(bytes).includes(CANARY) ? 'secret' : 'harmless';
  } catch (error) {
    if (!(error instanceof SqlRefusal || error instanceof StoreError)) throw error;
    return error.message.includes(CANARY) && !source.includes(CANARY) ? 'secret' : 'refused';
  }
}

test.each(escapes)('is refused by the guard: $statement', async ({ statement }) => {
  await expect(shop.guard.check(filled(statement), parameters)).rejects.toSatisfy(
    (error) => error instanceof SqlRefusal || (error instanceof StoreError && error.code === 62),
  );
});

test.each(escapes.filter(({ engine }) => engine === 'leaks'))(
  'would leak without the guard: $statement',
  async ({ statement }) => {
    expect(await runRaw(filled(statement))).toContain(CANARY);
  },
);

test.each(escapes.filter(({ engine }) => engine === 'runs'))(
  'would run without the guard: $statement',
  async ({ statement }) => {
    await runRaw(filled(statement));
  },
);

test.each(escapes.filter(({ engine }) => engine === 'refuses'))(
  'is refused by the engine too: $statement',
  async ({ statement }) => {
    await expect(runRaw(filled(statement))).rejects.toBeInstanceOf(StoreError);
  },
);

test('what an answer left behind when it failed is in no other', async () => {
  const failing = "SELECT toString(number), throwIf(number = 400000, 'late') FROM numbers(500000)";
  await expect(runRaw(failing)).rejects.toBeInstanceOf(StoreError);
  expect(await runRaw('SELECT 1')).toBe('1\n');
});

/** Ways to write the same in another way, or to hide it. */
const disguises: readonly ((sql: string, at: number) => string)[] = [
  (sql, at) => insert(sql, at, '/**/'),
  (sql, at) => insert(sql, at, ' /* /* */ */ '),
  (sql, at) => insert(sql, at, '-- x\n'),
  (sql, at) => insert(sql, at, '\u00a0'),
  (sql, at) => insert(sql, at, '\u3000'),
  (sql, at) => insert(sql, at, '\ufeff'),
  (sql, at) => insert(sql, at, '\u0000'),
  (sql, at) => insert(sql, at, '\n\t\r\n '),
  (sql, at) => insert(sql, at, ';'),
  (sql, at) => insert(sql, at, "'"),
  (sql, at) => insert(sql, at, "\\'"),
  (sql, at) => insert(sql, at, '`'),
  (sql, at) => insert(sql, at, '"'),
  (sql, at) => insert(sql, at, '('),
  (sql, at) => insert(sql, at, ')'),
  (sql, at) => insert(sql, at, '$$'),
  (sql, at) => insert(sql, at, '{t:Identifier}'),
  (sql) => sql.toUpperCase(),
  (sql) => sql.toLowerCase(),
  (sql, at) => sql.slice(0, at) + flipCase(sql.slice(at, at + 4)) + sql.slice(at + 4),
  (sql) => `(${sql})`,
  (sql) => `SELECT * FROM (${sql}) AS x`,
  (sql) => `WITH x AS (${sql}) SELECT * FROM x`,
  (sql) => `WITH x AS (SELECT 1) ${sql}`,
  (sql) => `SELECT count() FROM events WHERE user_id IN (${sql})`,
  (sql) => `EXPLAIN ${sql}`,
  (sql) => `DESCRIBE (${sql})`,
  (sql) => `SELECT 1 UNION ALL ${sql}`,
  (sql) => `${sql} UNION ALL SELECT 'x'`,
  (sql) => `SELECT toString((${sql}))`,
  (sql) => `SELECT * FROM view(${sql})`,
  (sql) => `${sql} FORMAT JSON`,
  (sql) => `${sql} SETTINGS max_threads = 1`,
  (sql) => sql.replaceAll(/\b(secret|canary|file|revenue__v1)\b/g, '`$1`'),
  (sql) => sql.replaceAll(/\b(secret|canary|file|revenue__v1)\b/g, '"$1"'),
  (sql) => sql.replaceAll('(', ' ( '),
  (sql) => sql.replaceAll(' ', '\u2003'),
  (sql) => sql.replaceAll(' ', '/**/'),
];

const insert = (sql: string, at: number, text: string): string =>
  sql.slice(0, at) + text + sql.slice(at);
const flipCase = (text: string): string =>
  [...text].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join('');

const disguise = fc.tuple(
  fc.integer({ min: 0, max: disguises.length - 1 }),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

const disguised = (statement: string, steps: readonly (readonly [number, number])[]): string =>
  steps.reduce(
    (sql, [index, place]) => disguises[index]?.(sql, Math.floor(place * sql.length)) ?? sql,
    statement,
  );

test('whatever the disguise, the secret is never in an answer', async () => {
  const leaks = escapes.filter(({ engine }) => engine === 'leaks');
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...leaks.map(({ statement }) => statement)),
      fc.array(disguise, { minLength: 1, maxLength: 4 }),
      async (statement, steps) => {
        expect(await answersWithSecret(disguised(filled(statement), steps))).not.toBe('secret');
      },
    ),
    { numRuns: 1_000 },
  );
});

test('nor in that of pieces of questions and escapes put together', async () => {
  const pieces = [...leaksAndQuestions()].flatMap((sql) => sql.match(/\w+|'[^']*'|\S/g) ?? []);
  const spliced = fc
    .tuple(
      fc.constantFrom(...everydayStatements),
      fc.array(fc.tuple(fc.constantFrom(...pieces), fc.double({ min: 0, max: 1, noNaN: true })), {
        minLength: 1,
        maxLength: 6,
      }),
    )
    .map(([sql, parts]) =>
      parts.reduce(
        (text, [piece, place]) => insert(text, Math.floor(place * text.length), ` ${piece} `),
        sql,
      ),
    );
  await fc.assert(
    fc.asyncProperty(spliced, async (sql) => {
      expect(await answersWithSecret(filled(sql))).not.toBe('secret');
    }),
    { numRuns: 500 },
  );
});

function* leaksAndQuestions(): Generator<string> {
  for (const { engine, statement } of escapes) if (engine === 'leaks') yield statement;
  yield* everydayStatements;
}
