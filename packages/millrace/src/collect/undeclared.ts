import { isRecord } from './is-record.ts';
import { LongNumber } from './numbers.ts';
import type { Quote } from './quote.ts';
import { Refusal } from './refusals.ts';

/** What the writers of one event share. */
export interface Pass {
  readonly quote: Quote;
  readonly depthMax: number;
  /** Undeclared names that may still come. */
  namesLeft: number;
}

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

/**
 * A value of no declared type, as it came: names sorted, nulls left out of
 * objects, numbers in their shortest form.
 *
 * @param depth how deep `value` lies in its event.
 * @throws Refusal
 */
export function writeUndeclared(value: unknown, path: string, depth: number, pass: Pass): string {
  if (typeof value === 'string') return pass.quote(value);
  if (typeof value === 'number') return writeNumber(value, path);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'bigint') return writeInteger(value, path, uint64Max);
  if (value instanceof LongNumber) return writeNumber(value.value, path);
  if (Array.isArray(value))
    return writeArray(value, path, depth, pass, levelsOf(value, pass.depthMax));
  if (isRecord(value)) return writeRecord(value, path, depth, pass);
  throw new Refusal('wrong_type', `${path} is not a JSON value.`);
}

/**
 * The store gives an array one type, arrays inside it included. It has no null
 * where there may be an array: that is an empty one, as where it is declared.
 * And it has no integer type for both signs beyond 63 bits.
 *
 * @param levels how many arrays lie in each other here, this one included.
 */
function writeArray(
  array: readonly unknown[],
  path: string,
  depth: number,
  pass: Pass,
  levels: number,
): string {
  if (depth > pass.depthMax) throw tooDeep(path, pass);
  // Names inside arrays are no columns, so a long list of items is none of the bound's business.
  const { namesLeft } = pass;
  let items = '';
  for (const item of array) {
    const comma = items === '' ? '' : ',';
    if (item === null || item === undefined) items += `${comma}${levels > 1 ? '[]' : 'null'}`;
    else if (Array.isArray(item)) {
      items += comma + writeArray(item, path, depth + 1, pass, levels - 1);
    } else if (typeof item === 'bigint') items += comma + writeInteger(item, path, int64Max);
    else items += comma + writeUndeclared(item, path, depth + 1, pass);
    pass.namesLeft = namesLeft;
  }
  return `[${items}]`;
}

/** No deeper than `max`, because what is sent may be. */
function levelsOf(array: readonly unknown[], max: number): number {
  let below = 0;
  for (const item of array) {
    if (max > 0 && Array.isArray(item)) below = Math.max(below, levelsOf(item, max - 1));
  }
  return below + 1;
}

function writeInteger(value: bigint, path: string, max: bigint): string {
  if (value >= int64Min && value <= max) return String(value);
  throw new Refusal('number_out_of_range', `${path} is an integer of more than 64 bits.`);
}

function writeRecord(
  record: Record<string, unknown>,
  path: string,
  depth: number,
  pass: Pass,
): string {
  if (depth > pass.depthMax) throw tooDeep(path, pass);
  let members = '';
  const names = Object.keys(record);
  // Before sorting them, which takes long for the millions that fit into a body.
  if (names.length > pass.namesLeft) throw tooManyNames(path);
  for (const name of names.sort()) {
    const value = record[name];
    checkName(name, path, pass);
    if (value === null || value === undefined) continue;
    const text = writeUndeclared(value, path, depth + 1, pass);
    members += `${members === '' ? '' : ','}${pass.quote(name)}:${text}`;
  }
  return `{${members}}`;
}

const tooDeep = (path: string, pass: Pass): Refusal =>
  new Refusal('too_deep', `${path} nests deeper than ${pass.depthMax} levels.`);

/** @throws Refusal `reserved_key`, `too_many_properties`. */
export function checkName(name: string, path: string, pass: Pass): void {
  if (name === '__proto__') {
    throw new Refusal('reserved_key', `${path} has the name __proto__.`);
  }
  // So the store writes a dot inside a name, and two names must not become one.
  if (name.includes('%2E')) {
    throw new Refusal('reserved_key', `${path} has a name with %2E in it.`);
  }
  pass.namesLeft -= 1;
  if (pass.namesLeft < 0) {
    throw tooManyNames(path);
  }
}

export const tooManyNames = (path: string): Refusal =>
  new Refusal('too_many_properties', `${path} has too many names.`);

function writeNumber(value: number, path: string): string {
  if (Number.isFinite(value)) return shortestNumber(value);
  throw new Refusal('number_out_of_range', `${path} is not a finite number.`);
}

/**
 * The shortest text that reads back as the same double. From 2^53 on with an
 * exponent: JavaScript would write digits there, which a reader takes for an
 * integer, perhaps one of more than 64 bits.
 */
export const shortestNumber = (value: number): string =>
  Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
