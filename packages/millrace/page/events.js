// The last events, newest first.
import { askSql } from './ask.js';
import { byId, element } from './dom.js';

const shownMax = 20;
const valueMax = 120;

const question = `SELECT event_id, type, toUnixTimestamp64Milli(received_at) AS ms, late,
    coalesce(user_id, anonymous_id, session_id) AS who, properties
  FROM events ORDER BY received_at DESC, event_id DESC LIMIT ${shownMax} FORMAT JSONEachRow`;

/** @type {Map<string, Element>} */
let shown = new Map();

export async function refreshEvents() {
  const rows = await askSql(question);
  const next = new Map(rows.map((row) => [row.event_id, shown.get(row.event_id) ?? itemOf(row)]));
  const items = [...next.values()];
  const list = byId('events');
  if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i])) {
    list.replaceChildren(...items);
  }
  byId('events-empty').hidden = items.length > 0;
  shown = next;
}

/** @param {{ event_id: string, type: string, ms: string, late: boolean, who: string | null, properties: object }} row */
function itemOf({ event_id, type, ms, late, who, properties }) {
  const at = new Date(Number(ms));
  const time = element('time', '', at.toLocaleTimeString([], { hour12: false }));
  time.setAttribute('datetime', at.toISOString());
  const item = element(
    'li',
    '',
    time,
    element('span', 'type', type, ...(late ? [' ', element('span', 'late', 'late')] : [])),
    element('span', 'who', who ?? ''),
    element(
      'span',
      'properties',
      ...Object.entries(properties)
        .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
        .map(([name, value]) =>
          element('span', '', element('b', '', `${nameOf(name)} `), short(value)),
        ),
    ),
  );
  item.title = `event_id ${event_id}`;
  return item;
}

/** The store writes a dot within a name as %2E. @param {string} name */
const nameOf = (name) => name.replaceAll('%2E', '.');

/** @param {unknown} value */
function short(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > valueMax ? `${text.slice(0, valueMax)}…` : text;
}
