// One card for each rollup: its totals of today by its first dimension, or,
// where the measures cannot be added up, its newest buckets. And one for what
// was refused.
import { askSql, Refused } from './ask.js';
import { byId, element, grouped, setText } from './dom.js';

/**
 * @typedef {{ name: string, kind: string }} Measure
 * @typedef {{ name: string, every: string, from: string[], by: string[], measures: Measure[] }} Rollup
 */

const rowsMax = 6;
const columnsMax = 3;

/** How totals of buckets are made of the buckets' own. Others need the states behind them. */
const mergeable = new Map([
  ['count', 'sum'],
  ['sum', 'sum'],
  ['min', 'min'],
  ['max', 'max'],
]);

/** @param {string} name */
const quoted = (name) => `\`${name}\``;

/** @type {{ [every: string]: string }} how the start of a bucket is written */
const bucketFormats = { second: '%T', minute: '%H:%i', hour: '%H:%i' };

/** @type {{ [every: string]: { span: string, start: string } }} */
const periods = {
  week: { span: 'this week', start: 'toMonday(now())' },
  month: { span: 'this month', start: 'toStartOfMonth(now())' },
};
const today = { span: 'today', start: 'toStartOfDay(now())' };

const refusals = {
  name: 'dead_letters',
  about: 'events refused, and kept; today',
  columns: [{ name: 'events' }],
  heading: 'code',
  sql: `SELECT code, count() FROM dead_letters WHERE received_at >= ${today.start}
    GROUP BY 1 ORDER BY 2 DESC LIMIT ${rowsMax} FORMAT JSONCompactEachRow`,
};

/** @param {Rollup} rollup */
function questionOf(rollup) {
  const totals = rollup.measures.filter(({ kind }) => mergeable.has(kind));
  return totals.length > 0
    ? totalsOf(rollup, totals.slice(0, columnsMax))
    : newestOf(rollup, rollup.measures.slice(0, columnsMax));
}

/**
 * @param {Rollup} rollup
 * @param {Measure[]} columns
 */
function totalsOf({ name, every, from, by: [dimension] }, columns) {
  const { span, start } = periods[every] ?? today;
  const sums = columns.map((measure) => `${mergeable.get(measure.kind)}(${quoted(measure.name)})`);
  return {
    name,
    about: `every ${every} from ${from.join(', ')}; ${span}`,
    columns,
    heading: dimension ?? '',
    sql: `SELECT ${dimension === undefined ? "'all'" : `toString(${quoted(dimension)})`},
        ${sums}
      FROM ${quoted(name)} WHERE bucket >= ${start} GROUP BY 1
      ORDER BY ${sums[0]} DESC LIMIT ${rowsMax} FORMAT JSONCompactEachRow`,
  };
}

/**
 * @param {Rollup} rollup
 * @param {Measure[]} columns
 */
function newestOf({ name, every, from, by }, columns) {
  const dimension = by.slice(0, 1);
  const label = [
    `formatDateTime(bucket, '${bucketFormats[every] ?? '%F'}')`,
    ...dimension.map((each) => `' ', ifNull(toString(${quoted(each)}), '')`),
    "''",
  ];
  return {
    name,
    about: `every ${every} from ${from.join(', ')}; the newest`,
    columns,
    heading: ['UTC', ...dimension].join(', '),
    sql: `SELECT concat(${label}), ${columns.map((each) => quoted(each.name))}
      FROM ${quoted(name)} WHERE bucket >= now() - INTERVAL ${rowsMax} ${every.toUpperCase()}
      ORDER BY bucket DESC LIMIT ${rowsMax} FORMAT JSONCompactEachRow`,
  };
}

/** @param {{ name: string, about: string, columns: { name: string }[], heading: string, sql: string }} question */
function cardOf({ name, about, columns, heading, sql }) {
  const head = element('tr', '', element('th', '', heading));
  for (const column of columns) head.append(element('th', '', column.name));
  for (const cell of head.children) cell.setAttribute('scope', 'col');
  const body = element('tbody', '');
  const remark = element('p', 'quiet', '');
  const card = element(
    'div',
    'card',
    element(
      'table',
      '',
      element('caption', '', element('span', 'name', name), element('span', 'quiet', about)),
      element('thead', '', head),
      body,
    ),
    remark,
  );
  return {
    card,
    async refresh() {
      try {
        const rows = await askSql(sql);
        write(body, rows, columns.length + 1);
        setText(remark, rows.length === 0 ? 'Nothing yet.' : '');
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        setText(remark, error.message);
      }
    },
  };
}

/**
 * @param {Element} body
 * @param {any[][]} rows a label, then numbers
 * @param {number} columns
 */
function write(body, rows, columns) {
  while (body.children.length > rows.length) body.lastElementChild?.remove();
  while (body.children.length < rows.length) body.append(emptyRow(columns));
  const largest = Math.max(...rows.map(([, first]) => Number(first)));
  rows.forEach(([label, ...values], i) => {
    const [name, ...cells] = body.children[i]?.children ?? [];
    if (!(name instanceof HTMLElement)) return;
    setText(name, label || '(none)');
    name.title = label ?? '';
    const share = (100 * Number(values[0])) / largest;
    name.style.setProperty('--share', `${Number.isFinite(share) ? Math.max(share, 0) : 0}%`);
    for (const [column, cell] of cells.entries()) setText(cell, figure(values[column]));
  });
}

/** @param {number} columns */
function emptyRow(columns) {
  const name = element('th', '');
  name.setAttribute('scope', 'row');
  return element('tr', '', name, ...Array.from({ length: columns - 1 }, () => element('td', '')));
}

/**
 * Exact text stays exact; floats are cut to what a reader wants.
 *
 * @param {unknown} value
 * @returns {string}
 */
function figure(value) {
  if (value === null) return '–';
  if (Array.isArray(value)) return value.map(figure).join(' / ');
  if (typeof value === 'number') return grouped(Number(value.toPrecision(4)));
  const text = String(value);
  return /^-?\d+(\.\d+)?$/.test(text) ? grouped(text) : text;
}

/** @param {Rollup[]} rollups */
export function showRollups(rollups) {
  const cards = [...rollups.map(questionOf), refusals].map(cardOf);
  byId('rollups').replaceChildren(...cards.map(({ card }) => card));
  return async () => {
    for (const { refresh } of cards) await refresh();
  };
}
