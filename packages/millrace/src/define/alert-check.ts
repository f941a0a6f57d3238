import type { AlertDefinition } from './alert.ts';
import type { Events } from './fields.ts';
import type { NamedWindow, WindowDefinition } from './window.ts';
import type { HavingMistake } from './window-check.ts';

/** Each alert as it is, or a sentence that says what is wrong with it. */
export type CheckedAlerts<
  Declared extends Events,
  Windows extends readonly NamedWindow[],
  Alerts extends readonly AlertDefinition[],
> = {
  readonly [Index in keyof Alerts]: CheckedAlert<Declared, Windows[number], Alerts[Index]>;
};

type CheckedAlert<Declared extends Events, Window extends NamedWindow, Alert> =
  Alert extends AlertDefinition<infer Name, infer On, infer When>
    ? [AlertMistake<Declared, Window, On, When>] extends [never]
      ? Alert
      : `${Name}: ${AlertMistake<Declared, Window, On, When>}`
    : never;

type AlertMistake<
  Declared extends Events,
  Window extends NamedWindow,
  On extends string,
  When,
> = On extends Window['name']
  ? Extract<Window, { readonly name: On }> extends WindowDefinition<
      On,
      infer From,
      infer _By,
      infer _Filter,
      infer Kept,
      infer _Having
    >
    ? HavingMistake<Declared, From, Kept, When, 'when'>
    : never
  : `on: there is no window ${On}`;
