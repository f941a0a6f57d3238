import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Collected, collectJson } from './collect-json.suite.ts';
import { mutatedBatch } from './mutated-batch.suite.ts';

describe('a body with anything in it', () => {
  it('is refused as a whole, or each of its events is in one of the logs', async () => {
    let understood = 0;
    await fc.assert(
      fc.asyncProperty(mutatedBatch, fc.boolean(), async (body, lines) => {
        const collected = await collectJson(body, { lines }).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'invalid_body' });
          return null;
        });
        if (collected === null) return;
        understood += 1;
        expectKept(body, collected);
      }),
      { numRuns: 3_000 },
    );
    expect(understood).toBeGreaterThan(100);
  });
});

describe('a body that is made to take long', () => {
  const million = 1_000_000;
  it.each([
    ['digits', `{"large":${'1'.repeat(4 * million)}}`, 'number_out_of_range'],
    ['digits for a float', `{"ratio":${'1'.repeat(4 * million)}}`, 'number_out_of_range'],
    ['digits of a fraction', `{"amount":0.${'0'.repeat(4 * million)}1}`, 'decimal_too_precise'],
    ['zeros in a string', `{"amount":"0.${'0'.repeat(4 * million)}1"}`, 'wrong_type'],
    ['digits of an undeclared one', `{"n":-${'1'.repeat(4 * million)}}`, 'number_out_of_range'],
    ['digits in a string', `{"large":"${'1'.repeat(4 * million)}"}`, 'number_out_of_range'],
    ['brackets', `{"n":${'['.repeat(4 * million)}${']'.repeat(4 * million)}}`, 'too_deep'],
    ['spaces', `{"at":"${' '.repeat(4 * million)}"}`, 'bad_timestamp'],
    [
      'names',
      `{${Array.from({ length: million / 2 }, (_, index) => `"n${index}":1`).join(',')}}`,
      'too_many_properties',
    ],
  ])('of %s does not', async (_, properties, code) => {
    const started = process.cpuUsage();
    const { rejected } = await collectJson(`{"type":"everything","properties":${properties}}`);
    const { user, system } = process.cpuUsage(started);
    expect(rejected).toMatchObject([{ code }]);
    expect((user + system) / 1e6).toBeLessThan(5);
  });
});

function expectKept(body: Buffer, { accepted, rejected, log, deadLetters }: Collected): void {
  expect(log.lines).toHaveLength(accepted);
  expect(deadLetters.lines).toHaveLength(rejected.length);
  for (const line of [...log.lines, ...deadLetters.lines]) {
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toBeTypeOf('object');
  }
  // Each refused event is a piece of the body, byte by byte.
  for (const { raw_base64 } of deadLetters.values) {
    expect(body.includes(Buffer.from(String(raw_base64), 'base64'))).toBe(true);
  }
}
