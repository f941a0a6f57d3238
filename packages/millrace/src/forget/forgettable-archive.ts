import type { Archiver } from '../archive/archiver.ts';
import { pause } from '../pause.ts';
import { ArchiveRemoval, type ArchiveRemovalOptions } from './archive-removal.ts';

export interface ForgettableArchiveOptions extends ArchiveRemovalOptions {
  readonly archiver: Pick<Archiver, 'archived' | 'hurry'>;
}

const lookMs = 100;

/** An archive that events are taken out of, and that this process brings others into. */
export class ForgettableArchive extends ArchiveRemoval {
  readonly #archiver: ForgettableArchiveOptions['archiver'];

  constructor({ archiver, ...options }: ForgettableArchiveOptions) {
    super(options);
    this.#archiver = archiver;
  }

  /** Resolves once it has everything before an offset, or when the signal aborts. */
  async has(before: number, signal: AbortSignal): Promise<void> {
    this.#archiver.hurry(before);
    while ((this.#archiver.archived ?? 0) < before && !signal.aborted) await pause(lookMs, signal);
  }
}
