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
