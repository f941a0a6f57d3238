// One card for each rollup: its totals of today by its first dimension, or,
// where the measures cannot be added up, its newest buckets.
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

/** @param {Rollup} rollup */
function questionOf(rollup) {
  const totals = rollup.measures.filter(({ kind }) => mergeable.has(kind));
  const [dimension] = rollup.by;
  if (totals.length > 0) {
    const columns = totals.slice(0, columnsMax);
    const period = rollup.every === 'week' || rollup.every === 'month' ? rollup.every : 'day';
    const start = {
      day: 'toStartOfDay(now())',
      week: 'toMonday(now())',
      month: 'toStartOfMonth(now())',
    };
    return {
      columns,
      heading: dimension ?? '',
      span: { day: 'today', week: 'this week', month: 'this month' }[period],
      sql: `SELECT ${dimension === undefined ? "'all'" : `toString(${quoted(dimension)})`},
        ${columns.map(({ name, kind }) => `toString(${mergeable.get(kind)}(${quoted(name)}))`)}
        FROM ${quoted(rollup.name)} WHERE bucket >= ${start[period]} GROUP BY 1
        ORDER BY ${mergeable.get(columns[0]?.kind ?? '')}(${quoted(columns[0]?.name ?? '')}) DESC
        LIMIT ${rowsMax} FORMAT JSONCompactEachRow`,
    };
  }
  const columns = rollup.measures.slice(0, columnsMax);
  return {
    columns,
    heading: ['bucket (UTC)', ...rollup.by.slice(0, 1)].join(', '),
    span: `the last ${rowsMax}`,
    sql: `SELECT concat(${["formatDateTime(bucket, '%F %T')", ...rollup.by.slice(0, 1).map((name) => `' ', ifNull(toString(${quoted(name)}), '')`), "''"]}),
      ${columns.map(({ name }) => `toString(${quoted(name)})`)}
      FROM ${quoted(rollup.name)}
      WHERE bucket >= now() - INTERVAL ${rowsMax} ${rollup.every.toUpperCase()}
      ORDER BY bucket DESC LIMIT ${rowsMax} FORMAT JSONCompactEachRow`,
  };
}

/** @param {Rollup} rollup */
function cardOf(rollup) {
  const { columns, heading, span, sql } = questionOf(rollup);
  const head = element('tr', '', element('th', '', heading));
  for (const { name } of columns) head.append(element('th', '', name));
  for (const cell of head.children) cell.setAttribute('scope', 'col');
  const body = element('tbody', '');
  const remark = element('p', 'quiet', '');
  const card = element(
    'div',
    'card',
    element(
      'table',
      '',
      element(
        'caption',
        '',
        element('span', 'name', rollup.name),
        element('span', 'quiet', `every ${rollup.every} from ${rollup.from.join(', ')}; ${span}`),
      ),
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
        const largest = Math.max(...rows.map(([, first]) => Number(first)));
        fill(body, rows.length, columns.length + 1);
        rows.forEach((row, i) => {
          const line = body.children[i];
          row.forEach((/** @type {string | null} */ value, /** @type {number} */ column) => {
            const cell = line?.children[column];
            if (cell) setText(cell, column === 0 ? value || '(none)' : figure(value));
          });
          const share = (100 * Number(row[1])) / largest;
          const name = line?.firstElementChild;
          if (name instanceof HTMLElement) {
            name.title = row[0] ?? '';
            name.style.setProperty('--share', `${Number.isFinite(share) ? Math.max(share, 0) : 0}%`);
          }
        });
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
 * @param {number} rows
 * @param {number} columns
 */
function fill(body, rows, columns) {
  while (body.children.length > rows) body.lastElementChild?.remove();
  while (body.children.length < rows) {
    const name = element('th', '');
    name.setAttribute('scope', 'row');
    body.append(
      element('tr', '', name, ...Array.from({ length: columns - 1 }, () => element('td', ''))),
    );
  }
}

/** @param {string | null} value */
const figure = (value) =>
  value === null ? '–' : /^-?\d+(\.\d+)?$/.test(value) ? grouped(value) : value;

/** @param {Rollup[]} rollups */
export function showRollups(rollups) {
  byId('rollups-section').hidden = rollups.length === 0;
  const cards = rollups.map(cardOf);
  byId('rollups').replaceChildren(...cards.map(({ card }) => card));
  return async () => {
    for (const { refresh } of cards) await refresh();
  };
}
