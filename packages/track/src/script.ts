import { createTracker, type TrackerOptions } from './index.ts';

/*
 * The script for a page's `<script>`: starts by itself with what the tag says, and is
 * `millrace` to the page. Calls made before it was there wait in an array:
 *
 *   (window.millrace ??= []).push(['track', 'purchase', { value: '39.98' }])
 */

/** The name of a method and its arguments. */
type Call = readonly [name: string, ...given: unknown[]];

declare global {
  var millrace: { push(...calls: readonly Call[]): unknown } | undefined;
}

const tag = document.currentScript;
if (!(tag instanceof HTMLScriptElement)) {
  throw new Error('millrace.js is for a <script> without type="module".');
}
const { url = tag.src, writeKey, pageViews, consent, privacySignals } = tag.dataset;
const options: TrackerOptions = {
  url,
  pageViews: pageViews !== 'off',
  consent: consent === 'required' ? 'required' : 'assumed',
  privacySignals: privacySignals === 'ignore' ? 'ignore' : 'respect',
};
const tracker = createTracker(writeKey === undefined ? options : { ...options, writeKey });

const push = (...calls: readonly Call[]): void => {
  for (const [name, ...given] of calls) {
    const method: unknown = Reflect.get(tracker, name);
    if (typeof method === 'function') method.apply(tracker, given);
    else console.warn(`millrace: there is no ${name}`);
  }
};
const early = globalThis.millrace;
globalThis.millrace = { ...tracker, push };
if (Array.isArray(early)) push(...early);
