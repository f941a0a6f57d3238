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
  if (typeof value === 'bigint') {
    if (value < int64Min || value > uint64Max) {
      throw new Refusal('number_out_of_range', `${path} is an integer of more than 64 bits.`);
    }
    return String(value);
  }
  if (value instanceof LongNumber) return writeNumber(value.value, path);
  if (depth > pass.depthMax) {
    throw new Refusal('too_deep', `${path} nests deeper than ${pass.depthMax} levels.`);
  }
  if (Array.isArray(value)) {
    // Names inside arrays are no columns, so a long list of items is none of the bound's business.
    const { namesLeft } = pass;
    let items = '';
    for (const item of value) {
      items += `${items === '' ? '' : ','}${writeUndeclared(item, path, depth + 1, pass)}`;
      pass.namesLeft = namesLeft;
    }
    return `[${items}]`;
  }
  if (isRecord(value)) return writeRecord(value, path, depth, pass);
  throw new Refusal('wrong_type', `${path} is not a JSON value.`);
}

function writeRecord(
  record: Record<string, unknown>,
  path: string,
  depth: number,
  pass: Pass,
): string {
  let members = '';
  for (const name of Object.keys(record).sort()) {
    const value = record[name];
    checkName(name, path, pass);
    if (value === null || value === undefined) continue;
    const text = writeUndeclared(value, path, depth + 1, pass);
    members += `${members === '' ? '' : ','}${pass.quote(name)}:${text}`;
  }
  return `{${members}}`;
}

/** @throws Refusal `reserved_key`, `too_many_properties`. */
export function checkName(name: string, path: string, pass: Pass): void {
  if (name === '__proto__') {
    throw new Refusal('reserved_key', `${path} has the name __proto__.`);
  }
  pass.namesLeft -= 1;
  if (pass.namesLeft < 0) {
    throw new Refusal('too_many_properties', `${path} has too many names.`);
  }
}

/**
 * The shortest text that reads back as the same double. From 2^53 on with an
 * exponent: JavaScript would write digits there, which a reader takes for an
 * integer, perhaps one of more than 64 bits.
 */
function writeNumber(value: number, path: string): string {
  if (!Number.isFinite(value)) {
    throw new Refusal('number_out_of_range', `${path} is not a finite number.`);
  }
  return Number.isInteger(value) && !Number.isSafeInteger(value)
    ? value.toExponential()
    : String(value);
}
