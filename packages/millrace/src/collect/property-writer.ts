import type { Property, PropertyType } from '../define/property.ts';
import type { EventPlan } from '../plan/plan.ts';
import { canonicalDecimal, canonicalForm } from './decimal.ts';
import { isRecord } from './is-record.ts';
import { LongNumber } from './numbers.ts';
import { Refusal } from './refusals.ts';
import { requireTime, timeMax, timeMin } from './time.ts';
import {
  checkName,
  type Pass,
  shortestNumber,
  tooManyNames,
  writeUndeclared,
} from './undeclared.ts';

/** Checks a value and returns its canonical JSON. @throws Refusal */
export type Write = (value: unknown, pass: Pass) => string;

export type Undeclared = EventPlan['undeclared'];

const int32Min = -(2 ** 31);
const int32Max = 2 ** 31 - 1;
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
/** Beyond it sums of floats soon leave the range of a double. */
const float64Max = 1e300;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Compiles a property type into the function that writes its values.
 *
 * @param path where the property lies in `properties`, for messages.
 * @param depth how deep its values lie in the event.
 */
export function propertyWriter(
  type: PropertyType,
  path: string,
  depth: number,
  undeclared: Undeclared,
): Write {
  const wrongType = (what: string): Refusal =>
    new Refusal('wrong_type', `${path} must be ${what}.`);
  switch (type.kind) {
    case 'string':
      return (value, pass) => {
        if (typeof value !== 'string') throw wrongType('a string');
        return pass.quote(value);
      };
    case 'enum': {
      const literals = new Map(type.values.map((value) => [value, JSON.stringify(value)]));
      return (value) => {
        if (typeof value !== 'string') throw wrongType('a string');
        const literal = literals.get(value);
        if (literal === undefined) {
          throw new Refusal('not_in_enum', `${path} must be one of ${listOf(type.values)}.`);
        }
        return literal;
      };
    }
    case 'boolean':
      return (value) => {
        if (typeof value !== 'boolean') throw wrongType('true or false');
        return value ? 'true' : 'false';
      };
    case 'int32':
      return (value) => {
        if (typeof value === 'bigint') throw outOfRange(path, 'an int32');
        if (!Number.isInteger(value)) throw wrongType('an integer');
        if (Number(value) < int32Min || Number(value) > int32Max)
          throw outOfRange(path, 'an int32');
        return String(value);
      };
    case 'int64':
      return (value) => `"${canonicalInt64(value, path)}"`;
    case 'float64':
      return (value) => {
        const number = value instanceof LongNumber ? value.value : value;
        if (typeof number !== 'number' && typeof number !== 'bigint') throw wrongType('a number');
        const double = Number(number);
        if (!(Math.abs(double) <= float64Max)) throw outOfRange(path, 'a float64 (±1e300)');
        return shortestNumber(double);
      };
    case 'decimal': {
      const { precision, scale } = type;
      const canonical = canonicalForm(precision, scale);
      return (value) =>
        typeof value === 'string' && canonical.test(value)
          ? `"${value}"`
          : `"${canonicalDecimal(value, precision, scale, path)}"`;
    }
    case 'timestamp':
      return (value) => {
        const time = requireTime(value, path);
        if (time < timeMin || time > timeMax) {
          throw new Refusal(
            'timestamp_out_of_range',
            `${path} lies outside the years 1900 to 2299.`,
          );
        }
        return String(time);
      };
    case 'uuid':
      return (value) => {
        if (typeof value !== 'string' || !uuid.test(value)) throw wrongType('a UUID');
        return `"${value.toLowerCase()}"`;
      };
    case 'array': {
      const writeElement = propertyWriter(type.element, `${path}[]`, depth + 1, undeclared);
      return (value, pass) => {
        if (!Array.isArray(value)) throw wrongType('an array');
        const { namesLeft } = pass;
        let elements = '';
        for (const element of value) {
          elements += `${elements === '' ? '' : ','}${writeElement(element, pass)}`;
          pass.namesLeft = namesLeft;
        }
        return `[${elements}]`;
      };
    }
    case 'object': {
      const members = Object.entries(type.properties).map(([name, property]) => ({
        name,
        ...resolved(property),
      }));
      const writeMembers = objectWriter(members, path, depth, undeclared);
      return (value, pass) => {
        if (!isRecord(value)) throw wrongType('an object');
        return writeMembers(value, pass);
      };
    }
  }
}

const resolved = (property: Property): { type: PropertyType; required: boolean } =>
  property.kind === 'optional'
    ? { type: property.type, required: false }
    : { type: property, required: true };

/** A property as an object's writer needs it. */
export interface Member {
  readonly name: string;
  readonly type: PropertyType;
  readonly required: boolean;
  /** Other names under which senders know it. */
  readonly sentAs?: readonly string[];
}

/**
 * Compiles an object of declared members: they come first, in the order of the
 * plan, then what else there is, by name.
 *
 * @param knownElsewhere writers for undeclared names that have a type all the same.
 */
export function objectWriter(
  members: readonly Member[],
  path: string,
  depth: number,
  undeclared: Undeclared,
  knownElsewhere?: ReadonlyMap<string, Write>,
): (record: Record<string, unknown>, pass: Pass) => string {
  const inside = path === '' ? '' : `${path}.`;
  const fields = members.map(({ name, type, required, sentAs = [] }) => ({
    name,
    required,
    sentAs,
    path: `${inside}${name}`,
    head: `${JSON.stringify(name)}:`,
    // Names such as `constructor` are there on every object.
    inherited: name in Object.prototype,
    write: propertyWriter(type, `${inside}${name}`, depth + 1, undeclared),
  }));
  const declared = new Set(fields.map(({ name }) => name));

  return (record, pass) => {
    let text = '';
    let seen = 0;
    let renamed: Set<string> | undefined;
    for (const field of fields) {
      let value =
        field.inherited && !Object.hasOwn(record, field.name) ? undefined : record[field.name];
      if (value === undefined) {
        for (const sent of field.sentAs) {
          if (!Object.hasOwn(record, sent)) continue;
          value = record[sent];
          renamed ??= new Set();
          renamed.add(sent);
          break;
        }
      }
      if (value !== undefined) seen += 1;
      if (value === undefined || value === null) {
        if (!field.required) continue;
        throw new Refusal('missing_property', `${field.path} is required.`);
      }
      text += `${text === '' ? '' : ','}${field.head}${field.write(value, pass)}`;
    }
    if (countNames(record) === seen) return `{${text}}`;

    const others: string[] = [];
    for (const name in record) {
      if (!declared.has(name) && !renamed?.has(name)) others.push(name);
    }
    if (others.length > pass.namesLeft) throw tooManyNames(path === '' ? 'properties' : path);
    for (const name of others.sort()) {
      const value = record[name];
      checkName(name, path === '' ? 'properties' : path, pass);
      if (value === null || value === undefined || undeclared === 'drop') continue;
      if (undeclared === 'refuse') {
        throw new Refusal('unknown_property', `${inside}${shown(name)} is not declared.`);
      }
      const write = knownElsewhere?.get(name);
      const written =
        write === undefined
          ? writeUndeclared(value, `${inside}${shown(name)}`, depth + 1, pass)
          : write(value, pass);
      text += `${text === '' ? '' : ','}${pass.quote(name)}:${written}`;
    }
    return `{${text}}`;
  };
}

function countNames(record: Record<string, unknown>): number {
  let count = 0;
  for (const _ in record) count += 1;
  return count;
}

const integer = /^-?\d{1,19}$/;

function canonicalInt64(value: unknown, path: string): string {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw new Refusal('wrong_type', `${path} must be an integer.`);
    if (Number.isSafeInteger(value)) return String(value);
    throw new Refusal(
      'number_out_of_range',
      `${path} is beyond 2^53 and written with an exponent; write its digits.`,
    );
  }
  if (typeof value !== 'bigint' && !(typeof value === 'string' && /^-?\d+$/.test(value))) {
    throw new Refusal('wrong_type', `${path} must be an integer.`);
  }
  // A string of a million digits is out of range without being read.
  if (typeof value === 'string' && !integer.test(value.replace(/^(-?)0+(?=\d)/, '$1'))) {
    throw outOfRange(path, 'an int64');
  }
  const exact = BigInt(value);
  if (exact < int64Min || exact > int64Max) throw outOfRange(path, 'an int64');
  return String(exact);
}

const outOfRange = (path: string, what: string): Refusal =>
  new Refusal('number_out_of_range', `${path} does not fit ${what}.`);

const listOf = (values: readonly string[]): string =>
  values.length > 20 ? `${values.slice(0, 20).join(', ')}, …` : values.join(', ');

/** A sender's name in a message: short, and without anything that needs escaping. */
const shown = (name: string): string =>
  /^[\w .-]{1,100}$/.test(name) ? name : JSON.stringify(name.slice(0, 100));
