import { describe, expect, it } from 'vitest';
import { Refusal } from '../collect/refusals.ts';
import { type CheckedDefinition, checkedDefinition } from './checked-definition.ts';
import { rowMapper } from './map-row.ts';
import type { Row } from './row.ts';

const leaveOut = (): null => null;
const columns = ['text', 'number', 'time', 'flag'];
const digest = '0'.repeat(32);

function map(cells: readonly unknown[], event: (row: Row) => unknown, more: object = {}) {
  const definition = checkedDefinition({ event, ...more });
  return rowMapper(definition, columns, digest)({ number: 7, cells, bytes: 1 });
}

const read = (cells: readonly unknown[], reader: (row: Row) => unknown): unknown => {
  const { event } = map(cells, (row) => ({ value: reader(row) }));
  return event instanceof Refusal ? event.code : typeof event === 'string' ? event : event.value;
};

describe('a cell', () => {
  it.each<[string, unknown, (row: Row) => unknown, unknown]>([
    ['text as it stands', ' a ', (row) => row.text('text'), ' a '],
    ['text that is empty', '', (row) => row.text('text'), ''],
    ['optional text that is empty', '', (row) => row.optional.text('text'), null],
    ['text of a number', 12n, (row) => row.text('text'), '12'],
    ['text of a list', [1], (row) => row.text('text'), 'wrong_type'],
    ['a number', ' -1.5e3 ', (row) => row.number('text'), -1500],
    ['a number that is none', '1,5', (row) => row.number('text'), 'wrong_type'],
    ['a number that is hexadecimal', '0x10', (row) => row.number('text'), 'wrong_type'],
    ['a number that is empty', '', (row) => row.number('text'), 'missing_property'],
    ['an optional number that is empty', null, (row) => row.optional.number('text'), null],
    ['an integer', '17850.0', (row) => row.integer('text'), 17850],
    ['an integer with a fraction', '1.5', (row) => row.integer('text'), 'wrong_type'],
    [
      'an integer too large',
      '9007199254740993',
      (row) => row.integer('text'),
      'number_out_of_range',
    ],
    [
      'a decimal, every digit',
      '12345678901234567.890',
      (row) => row.decimal('text'),
      '12345678901234567.890',
    ],
    ['a decimal without a zero', '-.5', (row) => row.decimal('text'), '-0.5'],
    ['a decimal without digits behind', '5.', (row) => row.decimal('text'), '5'],
    ['a decimal with an exponent', '1e3', (row) => row.decimal('text'), 'wrong_type'],
    ['yes', 'Yes', (row) => row.boolean('text'), true],
    ['0', '0', (row) => row.boolean('text'), false],
    ['maybe', 'maybe', (row) => row.boolean('text'), 'wrong_type'],
    ['one of', 'a', (row) => row.oneOf('text', ['a', 'b']), 'a'],
    ['none of', 'c', (row) => row.oneOf('text', ['a', 'b']), 'wrong_type'],
    ['a time', '2010-12-01 08:26', (row) => row.time('text'), Date.UTC(2010, 11, 1, 8, 26)],
    ['a time that is a number', 5n, (row) => row.time('text'), 5],
    ['a time that is digits', '1291191960', (row) => row.time('text'), 'bad_timestamp'],
    ['seconds', '1291191960', (row) => row.epoch('text', 's'), 1_291_191_960_000],
    ['microseconds', '1500', (row) => row.epoch('text', 'us'), 1],
    ['whatever it is', [1], (row) => row.value('text'), [1]],
    ['the number of the row', '', (row) => row.rowNumber, 7],
  ])('is read as %s', (_, cell, reader, expected) => {
    expect(read([cell, '', '', ''], reader)).toEqual(expected);
  });

  it('of NDJSON is found by its name or its path', () => {
    const definition = checkedDefinition({
      event: (row: Row) => ({
        value: [row.text('a.b'), row.text('c.d'), row.optional.text('e.f'), row.value('g')],
      }),
    });
    const cells = { 'a.b': 'name', a: { b: 'path' }, c: { d: 'path' }, e: 1, g: { h: [1] } };
    const { event } = rowMapper(definition, null, digest)({ number: 1, cells, bytes: 1 });
    expect(event).toMatchObject({ value: ['name', 'path', null, { h: [1] }] });
  });
});

describe('an event', () => {
  const id = (event: ReturnType<typeof map>['event']): unknown =>
    event instanceof Refusal || typeof event === 'string' ? event : event.event_id;

  it('is told by the number of its row, its content, or some of its columns', () => {
    const as = (cells: readonly unknown[], kind: CheckedDefinition['id']) =>
      id(map(cells, () => ({}), { id: kind }).event);
    expect(as(['a', '', '', ''], 'row')).toBe(`${digest}:7`);
    expect(as(['a', 'b', '', ''], 'content')).toMatch(/^[0-9a-f]{32}$/);
    expect(as(['a', 'b', '', ''], 'content')).toBe(as(['a', 'b', '', ''], 'content'));
    expect(as(['a', 'b', '', ''], 'content')).not.toBe(as(['ab', '', '', ''], 'content'));
    expect(as(['a', 'b', '', ''], ['text'])).toBe(as(['a', 'c', '', ''], ['text']));
    expect(as(['a', 'b', '', ''], ['number'])).not.toBe(as(['a', 'c', '', ''], ['number']));
  });

  it('keeps the id that the mapping gives it', () => {
    const mapped = map(['', '', '', ''], () => ({ event_id: 'mine' }), { id: 'content' });
    expect([id(mapped.event), mapped.contentId]).toEqual(['mine', undefined]);
  });

  it('has its dates written as JSON has them', () => {
    const at = new Date(0);
    const { event } = map([], () => ({ timestamp: at, properties: { at, list: [{ at }] } }));
    const text = '1970-01-01T00:00:00.000Z';
    expect(event).toMatchObject({
      timestamp: text,
      properties: { at: text, list: [{ at: text }] },
    });
  });
});

describe('a mapping', () => {
  it.each<[string, (row: Row) => unknown, RegExp]>([
    [
      'names no column of the file',
      (row) => row.text('txt'),
      /no column "txt"; it has "text", "num/,
    ],
    ['throws', () => JSON.parse('{'), /failed at row 7/],
    ['gives no event', () => 'sale', /row 7: event\(\) gave neither/],
  ])('that %s stops the import', (_, event, message) => {
    expect(() => map(['', '', '', ''], event)).toThrow(message);
  });

  it.each<[unknown, RegExp]>([
    [null, /default export/],
    [{}, /event is not a function/],
    [{ event: leaveOut, zones: 'UTC' }, /zones is none of format/],
    [{ event: leaveOut, zone: 'Nowhere' }, /no time zone "Nowhere"/],
    [{ event: leaveOut, format: 'xls' }, /format is none of csv/],
    [{ event: leaveOut, delimiter: ';;' }, /delimiter is not a single character/],
    [{ event: leaveOut, id: [] }, /id is neither/],
  ])('that is %j is refused', (definition, message) => {
    expect(() => checkedDefinition(definition)).toThrow(message);
  });
});
