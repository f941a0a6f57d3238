import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerStream } from './answer-stream.ts';
import { streamedRows } from './result-rows.ts';

async function* cutAt(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  for (const [i, to] of places.entries()) yield bytes.subarray(places[i - 1] ?? 0, to);
}

function answerOf(chunks: AsyncIterable<Uint8Array>): AnswerStream & { left: number } {
  const answer = {
    chunks,
    ended: Promise.resolve({ rowsRead: 0, bytesRead: 0, elapsedMs: 0 }),
    left: 0,
    leave: async () => {
      answer.left += 1;
    },
  };
  return answer;
}

const row = fc.record({ text: fc.string({ unit: 'grapheme' }), n: fc.integer() });

describe('streamedRows', () => {
  it('gives the same rows wherever the answer is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        fc.boolean(),
        async (rows, shares, ends) => {
          const text = rows.map((one) => JSON.stringify(one)).join('\n') + (ends ? '\n' : '');
          const bytes = Buffer.from(rows.length === 0 ? '' : text);
          const cuts = shares.map((share) => Math.floor(share * bytes.length));
          const answer = answerOf(cutAt(bytes, cuts));
          const seen: unknown[] = [];
          for await (const one of streamedRows(answer)) seen.push(one);
          expect(seen).toEqual(rows);
          expect(answer.left).toBe(1);
        },
      ),
    );
  });

  it('leaves an answer of which somebody has enough, or that fails', async () => {
    const enough = answerOf(cutAt(Buffer.from('{"n":1}\n{"n":2}\n'), []));
    for await (const first of streamedRows(enough)) {
      expect(first).toEqual({ n: 1 });
      break;
    }
    expect(enough.left).toBe(1);
    const failing = answerOf(cutAt(Buffer.from('{"n":'), []));
    await expect(streamedRows(failing).next()).rejects.toThrow(SyntaxError);
    expect(failing.left).toBe(1);
  });
});
