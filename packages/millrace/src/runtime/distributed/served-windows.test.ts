import { expect, test } from 'vitest';
import { everyWindow } from '../../compile/clickhouse/every-window.suite.ts';
import { planOf } from '../../plan/plan-of.ts';
import { atVersion } from '../../plan/versions.ts';
import { type Applied, nothingApplied } from './apply/applied.ts';
import type { WindowVersion } from './apply/window-version.ts';
import { ServedWindows } from './served-windows.ts';

const plan = planOf(everyWindow);
const [defined = expect.fail('no window'), other = expect.fail('no other')] = plan.windows;
const replayed = atVersion(defined, 2);

const applied = (...versions: readonly WindowVersion[]): Applied => ({
  ...{ ...nothingApplied, plan },
  windows: Object.fromEntries(versions.map((version) => [version.window.table, version])),
});
const version = (window: WindowVersion['window'], stage: WindowVersion['stage']) => ({
  ...{ window, definedAs: defined.table, stage, fill: null },
});

test('readers see the version that is shown, which the definition made under another name', () => {
  const kept = version(defined, 'kept');
  const served = new ServedWindows(plan, {
    applied: applied(kept, version(replayed, 'shown')),
  });
  expect(served.seen(defined)).toBe(replayed);
  expect(served.definedAs(defined)).toBe(defined.table);
  expect(served.loaded).toEqual([defined, replayed]);
});

test('where nobody applied anything, or nobody knows, they see what the definition says', () => {
  for (const now of [null, nothingApplied]) {
    const served = new ServedWindows(plan, { applied: now });
    expect(served.seen(defined)).toBe(defined);
    expect(served.definedAs(defined)).toBe(defined.table);
    expect(served.loaded).toEqual(plan.windows);
  }
});

test('what another definition made of a window is not taken for its own', () => {
  const changed = { ...atVersion(other, 3), name: defined.name, table: `${defined.name}__v3` };
  const served = new ServedWindows(plan, { applied: applied(version(changed, 'shown')) });
  expect(served.seen(defined)).toBe(defined);
  expect(served.definedAs(defined)).toBe(defined.table);
});
