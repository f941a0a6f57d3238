import { OffsetSet } from '../../../forget/offset-set.ts';
import type {
  ForgetReceipt,
  FoundTraces,
  OffsetRange,
  Person,
} from '../../../ports/forget-progress.ts';

/** Who is being forgotten in a cluster, and what was. */
export interface ClusterForgotten {
  readonly underWay: ClusterOrder | null;
  /** By partition of the clean log: events that were forgotten. */
  readonly offsets: PartitionedRanges;
  /** Those of the order under way. */
  readonly theirs: PartitionedRanges;
  readonly done: readonly ForgetReceipt[];
}

/** By partition: in order, apart from each other. */
export type PartitionedRanges = readonly (readonly OffsetRange[])[];

/** An order that is not carried out yet: the only place that names the person. */
export interface ClusterOrder {
  readonly id: string;
  readonly person: Person;
  readonly orderedAtMs: number;
  /** By partition of the dead letters: what was refused before the order. */
  readonly lettersBefore: readonly number[];
  /** Whether an archive was known when it was given. */
  readonly hasArchive: boolean;
  /**
   * By partition of the clean log: events below it are the person's past, and are
   * stored; null until everything is that was accepted before the order.
   */
  readonly cut: readonly number[] | null;
  /** Null until all is found; nothing is removed before. */
  readonly found: FoundInCluster | null;
  /** Whether no table has events of theirs, or rollup rows under their ids. */
  readonly removed: boolean;
  /** By partition: before this offset the archive has nothing of them any more. */
  readonly archivedTo: readonly number[];
}

export interface FoundInCluster extends Pick<FoundTraces, 'events' | 'rollups'> {
  /** By partition of the dead letters. */
  readonly letters: readonly (readonly number[])[];
  /** How many of the events the archive had; null where none was known. */
  readonly archived: number | null;
  /** When the newest of the events happened (epoch ms); null if there is none. */
  readonly lastMs: number | null;
}

/** What is kept of one step of an order. Kept twice, it changes nothing more. */
export type ForgetChange =
  /** How far the order is. */
  | { readonly kind: 'forget'; readonly order: ClusterOrder }
  /** Events of the order that has the id; of orders that were carried out, if it is null. */
  | {
      readonly kind: 'forgotten';
      readonly order: string | null;
      readonly partition: number;
      readonly ranges: readonly OffsetRange[];
    }
  /** It was carried out. */
  | { readonly kind: 'receipt'; readonly receipt: ForgetReceipt };

export const nothingForgotten: ClusterForgotten = {
  ...{ underWay: null, offsets: [], theirs: [], done: [] },
};

export const afterForget = (
  forgotten: ClusterForgotten,
  change: ForgetChange,
): ClusterForgotten => {
  const { underWay, offsets, theirs, done } = forgotten;
  switch (change.kind) {
    case 'forget':
      return { ...forgotten, underWay: change.order };
    case 'forgotten': {
      const { partition, ranges, order } = change;
      return order !== null && order === underWay?.id
        ? { ...forgotten, theirs: withRanges(theirs, partition, ranges) }
        : { ...forgotten, offsets: withRanges(offsets, partition, ranges) };
    }
    case 'receipt': {
      const { receipt } = change;
      const receipts = [...done.filter(({ id }) => id !== receipt.id), receipt];
      if (underWay?.id !== receipt.id) return { ...forgotten, done: receipts };
      const all = theirs.reduce(
        (sum: PartitionedRanges, ranges, partition) => withRanges(sum, partition, ranges),
        offsets,
      );
      return { underWay: null, offsets: all, theirs: [], done: receipts };
    }
  }
};

const withRanges = (
  all: PartitionedRanges,
  partition: number,
  more: readonly OffsetRange[],
): PartitionedRanges =>
  Array.from({ length: Math.max(all.length, partition + 1) }, (_, n) =>
    n === partition ? new OffsetSet(all[n] ?? []).withRanges(more).ranges : (all[n] ?? []),
  );

/** A record of the journal takes so many by far. */
const rangesPerEntry = 20_000;

/** What says all of it anew. */
export const changesOf = ({
  underWay,
  offsets,
  theirs,
  done,
}: ClusterForgotten): readonly ForgetChange[] => [
  ...(underWay === null ? [] : [{ kind: 'forget', order: underWay } as const]),
  ...offsets.flatMap((ranges, partition) => forgottenEntries(null, partition, ranges)),
  ...theirs.flatMap((ranges, partition) =>
    forgottenEntries(underWay?.id ?? null, partition, ranges),
  ),
  ...done.map((receipt) => ({ kind: 'receipt', receipt }) as const),
];

/** So many entries that each fits into a record. */
export const forgottenEntries = (
  order: string | null,
  partition: number,
  ranges: readonly OffsetRange[],
): readonly ForgetChange[] =>
  Array.from({ length: Math.ceil(ranges.length / rangesPerEntry) }, (_, n) => ({
    kind: 'forgotten',
    ...{ order, partition },
    ranges: ranges.slice(n * rangesPerEntry, (n + 1) * rangesPerEntry),
  }));

/** Events of a partition that no reader of the log or the archive gets. */
export const forgottenOffsets = (
  { offsets, theirs }: ClusterForgotten,
  partition: number,
): OffsetSet => new OffsetSet(offsets[partition] ?? []).withRanges(theirs[partition] ?? []);

/** Whether there are any in a log that begins at these offsets, by partition; it may be that they are not found yet. */
export const isAnyForgotten = (
  { underWay, offsets, theirs }: ClusterForgotten,
  starts: readonly number[] = [],
): boolean =>
  underWay !== null ||
  [offsets, theirs].some((all) =>
    all.some((ranges, partition) => (ranges.at(-1)?.[1] ?? 0) > (starts[partition] ?? 0)),
  );

/** The same again and again, made anew only where it changed. */
export function followForgotten(now: () => ClusterForgotten, partition: number): () => OffsetSet {
  let known = now();
  let offsets = forgottenOffsets(known, partition);
  return () => {
    const next = now();
    if (next !== known) offsets = forgottenOffsets(next, partition);
    known = next;
    return offsets;
  };
}

/** Changes with what answers may say: one that was made before is not to be given any more. */
export const revisionOf = ({ underWay, done }: ClusterForgotten = nothingForgotten): number =>
  2 * done.length + (underWay?.removed ? 1 : 0);
