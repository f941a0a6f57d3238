// Events per second of the last three minutes.
import { askSql } from './ask.js';
import { byId, grouped, setText } from './dom.js';

const seconds = 180;
const width = 600;
const height = 96;

/** What the store was told last is not to be asked yet. */
const lagSeconds = 3;

/** @type {Map<number, number>} events by second of the epoch */
const counts = new Map();
let newest = 0;
/** @type {{ atMs: number, accepted: number } | undefined} */
let last;

const now = () => Math.floor(Date.now() / 1000);

/** Takes what the store knows of the last minutes, for a page that was not there to see it. */
export async function recall() {
  const rows = await askSql(
    `SELECT toUInt32(toUnixTimestamp(received_at)), toUInt32(count()) FROM events
     WHERE received_at >= now64(3) - INTERVAL ${seconds} SECOND
     GROUP BY 1 FORMAT JSONCompactEachRow`,
  );
  counts.clear();
  newest = now() - lagSeconds;
  for (const [second, count] of rows) if (second <= newest) counts.set(second, count);
  last = undefined;
}

/** @param {number} accepted all events so far */
export function observe(accepted) {
  const atMs = Date.now();
  if (last !== undefined && atMs > last.atMs) {
    const perSecond = (1000 * Math.max(0, accepted - last.accepted)) / (atMs - last.atMs);
    while (newest < now() - 1) {
      newest += 1;
      counts.set(newest, perSecond);
      counts.delete(newest - seconds);
    }
  }
  last = { atMs, accepted };
}

/** @param {number} rate events a second, as the server measures it */
export function draw(rate) {
  const oldest = newest - seconds + 1;
  const values = Array.from({ length: seconds }, (_, i) => counts.get(oldest + i) ?? 0);
  const peak = Math.max(...values);
  const top = Math.max(1, peak * 1.08);
  const points = values.map(
    (value, i) =>
      `${((i / (seconds - 1)) * width).toFixed(1)},${(height - (value / top) * height).toFixed(1)}`,
  );
  const chart = byId('chart');
  chart.querySelector('.line')?.setAttribute('d', `M${points.join('L')}`);
  chart
    .querySelector('.area')
    ?.setAttribute('d', `M0,${height}L${points.join('L')}L${width},${height}Z`);
  const shown = rate >= 10 ? grouped(Math.round(rate)) : String(Math.round(rate * 10) / 10);
  setText(byId('rate'), shown);
  setText(byId('peak'), `peak ${grouped(Math.round(peak))}`);
  chart.setAttribute(
    'aria-label',
    `Events per second over the last three minutes: now ${shown}, at most ${Math.round(peak)}`,
  );
}
