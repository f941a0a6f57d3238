import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Journal, JournalEntry } from '../../../adapters/kafka/journal.ts';
import { MillraceError } from '../../../errors.ts';
import { Turns } from '../../../turns.ts';
import { afterForget, changesOf, type ForgetChange } from '../forget/cluster-forgotten.ts';
import {
  type Applied,
  type AppliedEntry,
  appliedIn,
  claimMs,
  type Placed,
  withFill,
  withWindowFill,
} from './applied.ts';
import type { FillProgress } from './rollup-version.ts';
import type { WindowFillProgress } from './window-version.ts';

const renewMs = claimMs / 6;
/** Behind this nothing is begun any more: another could have the claim by the time it is done. */
const sureMs = claimMs / 2;

/**
 * The right to apply, of which one process at a time has it. It is lost by a
 * process that is not heard of for a minute.
 */
export class Claim {
  readonly #journal: Journal;
  readonly #by: string;
  readonly #turns = new Turns();
  readonly #renewing: NodeJS.Timeout;
  #offset = 0;
  #applied: Applied;
  #heardMs: number;

  private constructor(journal: Journal, by: string, applied: Applied, heardMs: number) {
    this.#journal = journal;
    this.#by = by;
    this.#applied = applied;
    this.#heardMs = heardMs;
    this.#renewing = setInterval(() => {
      // Whoever goes on without having been heard is stopped by `sure`.
      this.#write({ kind: 'renew', by }).catch(() => {});
    }, renewMs);
  }

  /** @throws MillraceError `apply_in_progress` if another process has it. */
  static async take(journal: Journal): Promise<Claim> {
    const by = randomUUID();
    const heardMs = performance.now();
    const who = `process ${process.pid} on ${hostname()}`;
    const entry: AppliedEntry = { kind: 'claim', by, who };
    await journal.append(JSON.stringify(entry));
    const { applied, holder } = appliedIn((await journal.read()).map(placed));
    if (holder?.by !== by) throw inProgress(holder?.who ?? 'another process');
    const claim = new Claim(journal, by, applied, heardMs);
    claim.#offset = holder.offset;
    return claim;
  }

  get applied(): Applied {
    return this.#applied;
  }

  /** @throws MillraceError `apply_in_progress` if another process may have it by now. */
  sure(): void {
    if (performance.now() - this.#heardMs > sureMs)
      throw inProgress('another process, for this one was not heard of for too long');
  }

  /** Resolves once whoever applies next finds it. */
  async keep({ forgotten: _, ...applied }: Applied): Promise<void> {
    await this.#write({ kind: 'keep', by: this.#by, applied });
    const { holder } = appliedIn((await this.#journal.read()).map(placed));
    if (holder?.by !== this.#by) throw inProgress(holder?.who ?? 'another process');
    this.#applied = { ...applied, forgotten: this.#applied.forgotten };
  }

  /** The same for how far the fill of a version is: a small record, as there are many of them. */
  async keepFill(table: string, progress: FillProgress): Promise<void> {
    await this.#write({ kind: 'fill', by: this.#by, table, progress });
    this.#applied = withFill(this.#applied, table, progress);
  }

  /** The same for a window. */
  async keepWindowFill(table: string, progress: WindowFillProgress): Promise<void> {
    await this.#write({ kind: 'window fill', by: this.#by, table, progress });
    this.#applied = withWindowFill(this.#applied, table, progress);
  }

  /** The same for who is forgotten: each change is an entry, as there may be many offsets. */
  async keepForgotten(change: ForgetChange): Promise<void> {
    await this.#write({ ...change, by: this.#by });
    this.#applied = { ...this.#applied, forgotten: afterForget(this.#applied.forgotten, change) };
  }

  /** Keeps anew what is kept. @returns the offset of the journal before which nothing matters now. */
  async renewAll(): Promise<number> {
    for (const change of changesOf(this.#applied.forgotten)) await this.keepForgotten(change);
    await this.keep(this.#applied);
    return this.#offset;
  }

  /** Lets others apply. Where that fails, the claim is lost after a minute. */
  async release(): Promise<void> {
    clearInterval(this.#renewing);
    await this.#write({ kind: 'release', by: this.#by });
  }

  #write(entry: AppliedEntry): Promise<void> {
    return this.#turns.take(async () => {
      this.sure();
      const begunMs = performance.now();
      await this.#journal.append(JSON.stringify(entry));
      // It may have slept meanwhile, and what it wrote count for nothing.
      this.sure();
      this.#heardMs = begunMs;
    });
  }
}

/**
 * Takes the right to apply for as long as some work takes.
 *
 * @throws MillraceError `apply_in_progress`; what the work throws.
 */
export async function withClaim<Result>(
  journal: Journal,
  tell: (sentence: string) => void,
  work: (claim: Claim) => Promise<Result>,
): Promise<Result> {
  const claim = await Claim.take(journal);
  try {
    return await work(claim);
  } finally {
    await claim
      .release()
      .catch((error: unknown) => tell(`the right to apply is not given back: ${String(error)}`));
  }
}

const inProgress = (who: string): MillraceError =>
  new MillraceError('apply_in_progress', `This pipeline is being applied by ${who}.`);

export const placed = ({ offset, atMs, line }: JournalEntry): Placed => {
  const entry: AppliedEntry = JSON.parse(line);
  return { offset, atMs, entry };
};
