import { expect, test } from 'vitest';
import { type Reader, unlimitedReader } from '../query/reader.ts';
import { killedId, RunningQuestions } from './running-questions.ts';

test('a question is stopped by its id, by its own key or by one for everything', async () => {
  const running = new RunningQuestions();
  const own: Reader = { tables: new Set(['events']) };
  const other: Reader = { tables: new Set(['events']) };
  const stopped: string[] = [];
  const ask = (id: string, reader: Reader) =>
    running.run(id, reader, async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      stopped.push(id);
    });
  const questions = [ask('a', own), ask('b', own), ask('c', unlimitedReader)];
  expect(running.size).toBe(3);
  expect(running.stop('a', other)).toBe(false);
  expect(running.stop('c', own)).toBe(false);
  expect(running.stop('nothing', unlimitedReader)).toBe(false);
  expect(running.stop('a', own)).toBe(true);
  expect(running.stop('b', unlimitedReader)).toBe(true);
  expect(running.stop('c', unlimitedReader)).toBe(true);
  await Promise.all(questions);
  expect(stopped).toEqual(['a', 'b', 'c']);
  expect(running.size).toBe(0);
  expect(running.stop('a', own)).toBe(false);
});

test.each([
  ["KILL QUERY WHERE query_id = 'a-1'", 'a-1'],
  ["kill query where query_id='a' async;", 'a'],
  ["\nKILL QUERY WHERE query_id = '0f:1.x_y' SYNC\n", '0f:1.x_y'],
  ["KILL QUERY WHERE query_id = 'a' TEST", null],
  ["KILL QUERY WHERE query_id = 'a' OR 1", null],
  ["KILL QUERY WHERE query_id = 'a\\'b'", null],
  ['KILL QUERY WHERE 1', null],
  ["KILL QUERY ON CLUSTER c WHERE query_id = 'a'", null],
  ["KILL MUTATION WHERE query_id = 'a'", null],
  ["SELECT 'KILL QUERY'", null],
])('%s is about %s', (sql, id) => {
  expect(killedId(sql)).toBe(id);
});
