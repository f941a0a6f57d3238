import { isAscii, isUtf8 } from 'node:buffer';
import { MillraceError } from '../errors.ts';
import { isRecord } from './is-record.ts';
import { elementSlices, memberStart, type Slice, skipSpace } from './json-slices.ts';
import type { CollectLimits } from './limits.ts';
import { mayLoseDigits, parseExactly } from './numbers.ts';
import { Refusal } from './refusals.ts';

/** The JSON values of one body, each one event or to be one. */
export interface JsonItems {
  /** Integers of more than 53 bits are bigint. A Refusal stands for an item that could not be read. */
  readonly items: readonly unknown[];
  /** The object around the batch, if there was one. */
  readonly around: Readonly<Record<string, unknown>> | null;
  readonly plainStrings: boolean;
  /** The exact bytes of an item. */
  raw(index: number): Uint8Array;
}

/**
 * Reads one JSON object, an array, `{"batch": […]}` or NDJSON.
 *
 * A body is NDJSON if `lines` says so (its content type did), or if it is not
 * JSON as a whole, has several lines, and the first of them is a JSON object by
 * itself. Then each line that is not blank is an item, and a broken one is
 * refused alone.
 *
 * @throws MillraceError `invalid_body`, `batch_too_large`.
 */
export function readJson(body: Buffer, lines: boolean, limits: CollectLimits): JsonItems {
  const bytes = withoutByteOrderMark(body);
  if (lines) return readLines(bytes, limits);
  const text = textOf(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (startsWithAnObjectOnALine(text)) return readLines(bytes, limits);
    throw notJson(text, error);
  }
  return readWhole(bytes, text, value, limits);
}

/**
 * Reads one JSON value of any kind.
 *
 * @throws MillraceError `invalid_body`.
 */
export function readJsonValue(body: Buffer): unknown {
  const bytes = withoutByteOrderMark(body);
  const text = textOf(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notJson(text, error);
  }
  return readAgain(value, bytes);
}

function notJson(text: string, error: unknown): MillraceError {
  if (text.trim() === '') return new MillraceError('invalid_body', 'The body is empty.');
  return new MillraceError('invalid_body', `The body is not JSON: ${messageOf(error)}.`);
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function readWhole(bytes: Buffer, text: string, value: unknown, limits: CollectLimits): JsonItems {
  let items: readonly unknown[];
  let around: Record<string, unknown> | null = null;
  let findSlices: () => Slice[];
  const start = skipSpace(bytes, 0);
  if (Array.isArray(value)) {
    items = value;
    findSlices = () => elementSlices(bytes, start);
  } else if (isRecord(value) && Array.isArray(value.batch)) {
    items = value.batch;
    around = value;
    findSlices = () => elementSlices(bytes, memberStart(bytes, start, 'batch') ?? start);
  } else if (isRecord(value)) {
    items = [value];
    findSlices = () => [{ from: start, to: bytes.length }];
  } else {
    throw new MillraceError(
      'invalid_body',
      'The body is JSON, but neither an object nor an array.',
    );
  }
  checkCount(items.length, limits);

  let slices: Slice[] | undefined;
  const raw = (index: number): Uint8Array => {
    slices ??= findSlices();
    const slice = slices[index];
    return slice === undefined ? bytes.subarray(0, 0) : bytes.subarray(slice.from, slice.to);
  };
  const allUtf8 = isUtf8(bytes);
  const plainStrings = allUtf8 && hasNoEscapes(bytes);
  if (allUtf8 && !mayLoseDigits(text)) return { items, around, plainStrings, raw };
  const exact = items.map((item, index) => readAgain(item, raw(index)));
  return { items: exact, around, plainStrings, raw };
}

/** One item of a body in which some bytes are not UTF-8, or some numbers too long for a double. */
function readAgain(item: unknown, bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) return new Refusal('invalid_utf8');
  const text = Buffer.from(bytes).toString();
  return mayLoseDigits(text) ? exactly(text) : item;
}

function exactly(text: string): unknown {
  try {
    return parseExactly(text);
  } catch (error) {
    // JSON.parse took this text, so what is wrong with it is its depth.
    if (error instanceof RangeError) return new Refusal('too_deep');
    throw error;
  }
}

function readLines(bytes: Buffer, limits: CollectLimits): JsonItems {
  const slices = lineSlices(bytes);
  checkCount(slices.length, limits);
  const raw = (index: number): Uint8Array => {
    const slice = slices[index];
    return slice === undefined ? bytes.subarray(0, 0) : bytes.subarray(slice.from, slice.to);
  };
  const allUtf8 = isUtf8(bytes);
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8';
  const items = slices.map(({ from, to }) => {
    if (!allUtf8 && !isUtf8(bytes.subarray(from, to))) return new Refusal('invalid_utf8');
    return readLine(bytes.toString(encoding, from, to));
  });
  return { items, around: null, plainStrings: allUtf8 && hasNoEscapes(bytes), raw };
}

function readLine(line: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return new Refusal('invalid_json', `The line is not JSON: ${messageOf(error)}.`);
  }
  return mayLoseDigits(line) ? exactly(line) : value;
}

/** Each line that is not blank. */
function lineSlices(bytes: Buffer): Slice[] {
  const slices: Slice[] = [];
  let from = skipSpace(bytes, 0);
  while (from < bytes.length) {
    const newline = bytes.indexOf(0x0a, from);
    const to = newline === -1 ? bytes.length : newline;
    slices.push({ from, to });
    from = skipSpace(bytes, to);
  }
  return slices;
}

const hasNoEscapes = (bytes: Buffer): boolean => !bytes.includes(0x5c);

/** Text of one byte a character is read faster; both decodings agree on ASCII. */
const textOf = (bytes: Buffer): string => bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');

const withoutByteOrderMark = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

function startsWithAnObjectOnALine(text: string): boolean {
  const body = text.trim();
  const end = body.indexOf('\n');
  if (end === -1) return false;
  try {
    return isRecord(JSON.parse(body.slice(0, end)));
  } catch {
    return false;
  }
}

function checkCount(count: number, { batchEventsMax }: CollectLimits): void {
  if (count <= batchEventsMax) return;
  throw new MillraceError(
    'batch_too_large',
    `The batch has ${count} events; the limit is ${batchEventsMax}.`,
  );
}
