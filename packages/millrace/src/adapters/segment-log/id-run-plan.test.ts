import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextRun, type Part } from './id-run-plan.ts';

interface Run extends Part {
  /** How often its ids were written at most. */
  readonly writes: number;
}

/** Does everything that is due. */
function settle(seals: Part[], runs: Run[], limits: { span: number; idsMin: number }): Run[] {
  for (;;) {
    const next = nextRun(seals, runs, limits);
    if (next === undefined) return runs;
    const { parts } = next;
    const spans = new Set(parts.map(({ span }) => span));
    expect(spans.size).toBe(1);
    const span = parts[0]?.span ?? 0;
    const ids = parts.reduce((sum, part) => sum + part.ids, 0);
    if (next.kind === 'sort') {
      seals.splice(0, seals.length, ...seals.filter((seal) => !next.parts.includes(seal)));
      runs.push({ span, ids, writes: 1 });
    } else {
      const writes = 1 + Math.max(...next.parts.map((part) => part.writes));
      const at = runs.findIndex((run) => next.parts.includes(run));
      runs = runs.filter((run) => !next.parts.includes(run));
      runs.splice(at, 0, { span, ids, writes });
    }
  }
}

test('50 million ids of one span lie in few runs, each written a few times', () => {
  const idsMin = 2 ** 20;
  const seals: Part[] = [];
  let runs: Run[] = [];
  let most = 0;
  for (let segment = 0; segment < 250; segment++) {
    seals.push({ span: 7, ids: 200_000 });
    runs = settle(seals, runs, { span: 7, idsMin });
    most = Math.max(most, runs.length);
  }
  expect(most).toBeLessThanOrEqual(9);
  expect(Math.max(...runs.map(({ writes }) => writes))).toBeLessThanOrEqual(5);
  expect(seals.reduce((sum, { ids }) => sum + ids, 0)).toBeLessThan(idsMin);
  // When the span is over they become as few as the largest run allows.
  expect(settle(seals, runs, { span: 8, idsMin }).length).toBeLessThanOrEqual(3);
});

test('no id is lost or joined with those of another span, and little is left over', () => {
  const idsMin = 1_000;
  fc.assert(
    fc.property(
      fc.array(fc.record({ span: fc.nat({ max: 5 }), ids: fc.integer({ min: 1, max: 3_000 }) }), {
        maxLength: 150,
      }),
      (arriving) => {
        const inOrder = arriving.toSorted((one, two) => one.span - two.span);
        const seals: Part[] = [];
        let runs: Run[] = [];
        for (const seal of inOrder) {
          seals.push(seal);
          runs = settle(seals, runs, { span: seal.span, idsMin });
        }
        runs = settle(seals, runs, { span: 6, idsMin });
        for (let span = 0; span < 6; span++) {
          const sum = (parts: readonly Part[]): number =>
            parts.filter((part) => part.span === span).reduce((all, { ids }) => all + ids, 0);
          expect(sum(seals) + sum(runs)).toBe(sum(arriving));
          expect(sum(seals)).toBeLessThan(idsMin / 8);
          const its = runs.filter((run) => run.span === span);
          if (sum(its) <= 32 * idsMin) expect(its.length).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});
