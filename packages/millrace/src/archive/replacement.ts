import {
  type ArchivedObject,
  type ArchivedRange,
  objectFolder,
  type PartitionRange,
  padded,
  partitionFolder,
  rangeText,
} from './archived-range.ts';

/**
 * That the objects of ranges which follow each other are replaced by others. In each
 * partition replacements are numbered from 1, and one follows the other.
 */
export interface Replacement extends PartitionRange {
  readonly number: number;
  /** Offsets whose events are left out from then on. */
  readonly without: readonly number[];
}

/** A replacement that readers see. */
export interface ReplacedRange extends ArchivedRange {
  readonly number: number;
  /** The names of the objects that are none of the archive's any more. */
  readonly replaced: readonly string[];
}

const numberDigits = 10;

export const replacementsFolder = (partition: number): string =>
  `replacements/${partitionFolder(partition)}`;

type Numbered = Pick<Replacement, 'partition' | 'number'>;

const numberText = ({ number }: Numbered): string => padded(number, numberDigits);

/** Says which replacement has this number: whoever goes on from there makes exactly this. */
export const replacementBegunName = (replacement: Numbered): string =>
  `${replacementsFolder(replacement.partition)}${numberText(replacement)}.begun.json`;

/** Says that all objects of a replacement are there. From then on they are what readers see. */
export const replacedName = (replacement: Numbered & PartitionRange): string =>
  `${replacementsFolder(replacement.partition)}${numberText(replacement)}-${rangeText(replacement)}.json`;

/**
 * Where an object of a replacement lies. Within its folder the name comes behind those
 * of all that it replaces: whoever lists names in their order, and is overtaken by the
 * replacement, sees the new one where it no longer sees the old ones.
 */
export const replacingObjectName = (
  object: Pick<ArchivedObject, 'date' | 'type'>,
  replacement: Replacement,
): string => `${objectFolder(object)}r${numberText(replacement)}-${rangeText(replacement)}.parquet`;

/** What a name in the folder of replacements says; null if it is none of a replacement that readers see. */
export function readReplacedName(name: string): {
  readonly number: number;
  readonly from: number;
  readonly to: number;
} | null {
  const [, number, from, to] = /\/(\d+)-\d+-(\d+)-(\d+)\.json$/.exec(name) ?? [];
  return to === undefined ? null : { number: Number(number), from: Number(from), to: Number(to) };
}
