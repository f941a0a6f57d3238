import type { ImportProgress } from '../import/run-import.ts';

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const barEveryMs = 100;
const linesEveryMs = 5_000;
const barWidth = 30;

/**
 * Shows how far an import is: a bar that is drawn anew on a terminal; elsewhere a
 * line as each step begins, and every few seconds.
 */
export class ProgressDisplay {
  readonly #out: Terminal;
  readonly #now: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #step: ImportProgress['step'] | undefined;
  #first: { readonly at: number; readonly share: number; readonly rows: number } | undefined;

  constructor(out: Terminal, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  show(progress: ImportProgress): void {
    const at = this.#now();
    const { step, share, rows } = progress;
    if (step !== this.#step) {
      this.#step = step;
      this.#first = { at, share, rows };
      this.#shownAt = Number.NEGATIVE_INFINITY;
    }
    if (at - this.#shownAt < (this.#out.isTTY ? barEveryMs : linesEveryMs)) return;
    this.#shownAt = at;
    const text = this.#text(progress, at);
    if (this.#out.isTTY)
      this.#out.write(`\r\x1b[2K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
    else this.#out.write(`${text}\n`);
  }

  /** Takes the bar away, so that something else can be written. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\x1b[2K');
  }

  #text({ step, share, rows, note }: ImportProgress, at: number): string {
    if (step === 'waiting') return `waiting: ${note ?? 'try again soon'}`;
    const first = this.#first ?? { at, share, rows };
    const seconds = (at - first.at) / 1_000;
    const done = share - first.share;
    const left = done > 0 && seconds > 0.5 ? ((1 - share) / done) * seconds : null;
    const rate = seconds > 0.5 ? `${thousands((rows - first.rows) / seconds)} rows/s` : '';
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    const filled = Math.round(share * barWidth);
    const bar = this.#out.isTTY ? `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ` : '';
    const parts = [
      step === 'importing' ? `${bar}${percent}` : `${step} ${bar}${percent}`,
      rows > 0 ? `${thousands(rows)} rows` : '',
      rows > 0 ? rate : '',
      left === null ? '' : `${duration(left)} left`,
    ];
    return parts.filter((part) => part !== '').join('  ');
  }
}

export const thousands = (number: number): string => Math.round(number).toLocaleString('en-US');

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`;
}
