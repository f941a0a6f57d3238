import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { RunFile } from '../dedup-index/run-file.ts';
import type { Seal } from './seal.ts';
import { digits } from './segment.ts';

/**
 * The ids of several sealed segments in one sorted file, which the dedup index
 * asks on disk. It is made of their seals and stands for nothing that they do not say.
 */
export interface IdRun {
  readonly path: string;
  /** Ascending by base. */
  readonly sources: readonly RunSource[];
  readonly ids: number;
  readonly fileBytes: number;
  /** As the index has it. */
  readonly attached: RunFile;
}

/** A segment whose ids are in a run, as its seal has it. */
export type RunSource = Pick<Seal, 'base' | 'end' | 'newestAt' | 'idsBytes' | 'idsCrc'>;

const sourceBytes = 40;

export function encodeSources(sources: readonly RunSource[]): Buffer {
  const bytes = Buffer.alloc(sources.length * sourceBytes);
  for (const [index, { base, end, newestAt, idsBytes, idsCrc }] of sources.entries())
    for (const [field, number] of [base, end, newestAt, idsBytes, idsCrc].entries())
      bytes.writeBigInt64LE(BigInt(number), index * sourceBytes + field * 8);
  return bytes;
}

/** Only of bytes whose checksum holds. */
export function decodeSources(bytes: Buffer): RunSource[] {
  const sources: RunSource[] = [];
  for (let at = 0; at < bytes.length; at += sourceBytes) {
    const number = (field: number): number => Number(bytes.readBigInt64LE(at + field * 8));
    sources.push({
      base: number(0),
      end: number(1),
      newestAt: number(2),
      idsBytes: number(3),
      idsCrc: number(4),
    });
  }
  return sources;
}

/** Its name tells runs of other segments apart, and of the same segments with other ids. */
export function idRunPath(folder: string, sources: readonly RunSource[]): string {
  const crc = crc32(encodeSources(sources)).toString(16).padStart(8, '0');
  return join(folder, `${digits(sources[0]?.base ?? 0)}-${crc}.run`);
}

export const isIdRun = (name: string): boolean => /^\d{20}-[0-9a-f]{8}\.run$/.test(name);
