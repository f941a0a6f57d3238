// Events per second of the last three minutes.
import { askSql } from './ask.js';
import { byId, grouped, setText } from './dom.js';

const seconds = 180;
const width = 600;
const height = 96;

/** @type {Map<number, number>} events by second of the epoch */
const counts = new Map();
/** @type {{ second: number, accepted: number } | undefined} */
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
  for (const [second, count] of rows) counts.set(second, count);
  // The newest second was not over yet, and the next look starts from here.
  counts.delete(now());
  last = undefined;
}

/** @param {number} accepted all events so far */
export function observe(accepted) {
  const second = now();
  if (last !== undefined && second > last.second) {
    const each = Math.max(0, accepted - last.accepted) / (second - last.second);
    for (let past = last.second; past < second; past += 1) counts.set(past, each);
  }
  if (last === undefined || second > last.second) last = { second, accepted };
  for (const old of counts.keys()) if (old < second - seconds) counts.delete(old);
}

/** @param {number} rate events a second, as the server measures it */
export function draw(rate) {
  // Up to the newest second that is over.
  const end = Math.max(...counts.keys(), now() - seconds) + 1;
  const values = Array.from({ length: seconds }, (_, i) => counts.get(end - seconds + i) ?? 0);
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
