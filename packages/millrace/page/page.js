// Looks at the server once a second while the page can be seen.
import { askJson, KeyNeeded, Refused, useKey } from './ask.js';
import { draw, observe, recall } from './chart.js';
import { byId, grouped, setText } from './dom.js';
import { refreshEvents } from './events.js';
import { showRollups } from './rollups.js';

const everyMs = 1_000;
/** A store with much in it is asked less often: questions take at most this share of the time. */
const busyShareMax = 0.25;

/** @type {(() => Promise<void>) | undefined} */
let refreshRollups;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let paused = false;
let looking = false;
let restUntil = 0;
/** Whether the chart has a gap, because the page was not looking. */
let missed = true;

async function look() {
  if (refreshRollups === undefined) refreshRollups = await begin();
  if (missed) {
    await recall();
    missed = false;
  }
  const status = await askJson('/v1/status');
  if (status.accepted !== null) observe(status.accepted);
  draw(status.events_per_second);
  for (const name of ['accepted', 'stored', 'duplicates', 'late', 'dead_letters']) {
    setText(byId(name), status[name] === null ? '–' : grouped(status[name]));
  }
  setText(byId('lag_ms'), status.lag_ms === null ? '–' : duration(status.lag_ms));
  const started = performance.now();
  if (started >= restUntil) {
    await refreshEvents();
    await refreshRollups();
    const ended = performance.now();
    restUntil = ended + (ended - started) * (1 / busyShareMax - 1);
  }
  if (paused) return;
  if (status.problem === null) show('live', 'live', '');
  else
    show(
      'away',
      'not storing',
      `Events are kept in the log, and do not get into the store: ${status.problem}`,
    );
}

async function begin() {
  const pipeline = await askJson('/page/pipeline.json');
  setText(byId('pipeline'), pipeline.name);
  document.title = `${pipeline.name} · Millrace`;
  setText(
    byId('curl'),
    `curl ${location.origin}/v1/events -H 'content-type: application/json' \\\n  -d '${pipeline.example}'`,
  );
  return showRollups(pipeline.rollups);
}

async function turn() {
  clearTimeout(timer);
  if (paused || looking || document.hidden) return;
  looking = true;
  const started = performance.now();
  try {
    await look();
    byId('key-form').hidden = true;
    byId('main').hidden = false;
  } catch (error) {
    missed = true;
    if (error instanceof KeyNeeded) return askForKey(error.message !== '');
    if (error instanceof Refused)
      show('away', 'failing', `The server answers with an error: ${error.message}`);
    else
      show(
        'away',
        'away',
        'The server does not answer. What is shown is from before; trying again …',
      );
  } finally {
    looking = false;
  }
  timer = setTimeout(turn, Math.max(0, everyMs - (performance.now() - started)));
}

/**
 * @param {string} state
 * @param {string} word
 * @param {string} notice
 */
function show(state, word, notice) {
  document.body.dataset.state = state;
  byId('state').dataset.state = state;
  setText(byId('state'), word);
  setText(byId('notice'), notice);
  byId('notice').hidden = notice === '';
}

/** @param {boolean} wrong */
function askForKey(wrong) {
  show('locked', 'locked', wrong ? 'This is not a read key.' : '');
  byId('main').hidden = true;
  byId('key-form').hidden = false;
  byId('key').focus();
}

/** @param {number} ms */
const duration = (ms) =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${grouped((ms / 1_000).toFixed(1))} s`;

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = byId('key');
  if (input instanceof HTMLInputElement) useKey(input.value);
  void turn();
});

byId('pause').addEventListener('click', () => {
  paused = !paused;
  missed ||= paused;
  setText(byId('pause'), paused ? 'Resume' : 'Pause');
  if (paused) show('paused', 'paused', '');
  void turn();
});

byId('copy').addEventListener('click', async () => {
  const button = byId('copy');
  try {
    await navigator.clipboard.writeText(byId('curl').textContent ?? '');
    setText(button, 'Copied');
  } catch {
    // Not allowed here (plain http off localhost): it is selected, so that one key copies it.
    getSelection()?.selectAllChildren(byId('curl'));
    setText(button, 'Selected');
  }
  setTimeout(() => setText(button, 'Copy'), 2_000);
});

document.addEventListener('visibilitychange', () => {
  missed ||= document.hidden;
  void turn();
});

void turn();
