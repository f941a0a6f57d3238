import { describe, expect, it } from 'vitest';
import { ProgressDisplay } from './import-progress.ts';

function display(isTTY: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const out = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  return { written, clock, display: new ProgressDisplay(out, () => clock.ms) };
}

describe('ProgressDisplay', () => {
  it('draws a bar with rate and time left on a terminal, ten times a second at most', () => {
    const { written, clock, display: bar } = display(true);
    for (clock.ms = 0; clock.ms <= 10_000; clock.ms += 10) {
      bar.show({ step: 'importing', share: clock.ms / 40_000, rows: clock.ms * 10 });
    }
    expect(written.length).toBe(101);
    expect(written.at(-1)).toBe(
      `\r\x1b[2K${'█'.repeat(8)}${'░'.repeat(22)}  25 %  100,000 rows  10,000 rows/s  30 s left`,
    );
    bar.clear();
    expect(written.at(-1)).toBe('\r\x1b[2K');
  });

  it('writes a line as a step begins and every five seconds elsewhere', () => {
    const { written, clock, display: lines } = display(false);
    lines.show({ step: 'examining', share: 0.5, rows: 0 });
    for (clock.ms = 0; clock.ms <= 12_000; clock.ms += 100) {
      lines.show({ step: 'importing', share: clock.ms / 100_000, rows: clock.ms });
    }
    lines.show({ step: 'waiting', share: 0, rows: 0, note: 'the disk is full' });
    lines.clear();
    expect(written).toEqual([
      'examining  50 %\n',
      '  0 %\n',
      '  5 %  5,000 rows  1,000 rows/s  1 min 35 s left\n',
      ' 10 %  10,000 rows  1,000 rows/s  1 min 30 s left\n',
      'waiting: the disk is full\n',
    ]);
  });

  it('counts the rate of a resumed import from where it began', () => {
    const { written, clock, display: lines } = display(false);
    lines.show({ step: 'importing', share: 0.5, rows: 1_000_000 });
    clock.ms = 5_000;
    lines.show({ step: 'importing', share: 0.6, rows: 1_010_000 });
    expect(written.at(-1)).toBe(' 60 %  1,010,000 rows  2,000 rows/s  20 s left\n');
  });
});
