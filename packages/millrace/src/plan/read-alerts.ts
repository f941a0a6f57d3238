import type { Events } from '../define/fields.ts';
import {
  bounds,
  didYouMean,
  isList,
  isRecord,
  join,
  type Report,
  readList,
  readRecord,
  shown,
} from './contradiction.ts';
import { measureFields } from './measure-type.ts';
import { checkName, nameRegister, readFrom } from './read-aggregation.ts';
import { readMeasures } from './read-measures.ts';
import { readWhere } from './read-where.ts';

export interface AlertSurroundings {
  readonly events: Events;
  /** Unchecked. */
  readonly windows: unknown;
}

export const checkAlerts = (
  value: unknown,
  surroundings: AlertSurroundings,
  report: Report,
): void => {
  if (value === undefined) return;
  const checkNameIsFree = nameRegister('alerts');
  readList(value, 'alerts', bounds.alertsMax, report).forEach((alert, index) => {
    checkNameIsFree(alert, index, report);
    checkAlert(alert, `alerts[${index}]`, surroundings, report);
  });
};

const checkAlert = (
  value: unknown,
  place: string,
  { events, windows }: AlertSurroundings,
  report: Report,
): void => {
  const alert = readRecord(value, place, ['name', 'on', 'when', 'webhook'], report);
  if (!alert) return;
  checkName(alert.name, join(place, 'name'), [], 'an alert', report);
  if (!isWebhook(alert.webhook))
    report(
      'bad_value',
      join(place, 'webhook'),
      'This is not the address of a webhook.',
      "Give an http or https URL without user and password: 'https://example.com/hook'.",
    );
  const known = (isList(windows) ? windows : []).filter(isRecord);
  const window = known.find(({ name }) => name === alert.on);
  if (!window) {
    const names = known.flatMap(({ name }) => (typeof name === 'string' ? name : []));
    report(
      'unknown_window',
      join(place, 'on'),
      `There is no window ${shown(alert.on)}.`,
      didYouMean(alert.on, names),
    );
    return;
  }
  if (alert.when === undefined) return;
  // What is wrong with the window itself is reported there.
  const fields = readFrom(window.from, '', events, 'window', () => {});
  const measures = measureFields(readMeasures(window.measures, fields));
  readWhere(alert.when, join(place, 'when'), measures, report);
};

/** Its text may be a secret, so it is not repeated in messages. */
const isWebhook = (value: unknown): boolean => {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '';
};
