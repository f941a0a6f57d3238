import { createHash } from 'node:crypto';
import { httpWebhook } from '../adapters/http-webhook.ts';
import { selectWindowResults } from '../compile/clickhouse/window-table.ts';
import { MillraceError } from '../errors.ts';
import type { AlertPlan, Plan, WindowPlan } from '../plan/plan.ts';
import type { AlertProgressKeeper } from '../ports/alert-progress.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { AlertCaller } from '../windows/alert-caller.ts';
import { WindowResults, type WindowResultsOptions } from '../windows/window-results.ts';
import { database } from './database.ts';

export interface AlertCallerParts {
  readonly plan: Plan;
  readonly store: Store;
  /** Knows which results are out. */
  readonly runner: WindowResultsOptions['runner'];
  /** The version of the window that readers see now. Default: the plan's. */
  readonly seen?: () => WindowPlan;
  /** The table of the version that the definition made, of which that may be a replay. Default: the plan's. */
  readonly definedAs?: string;
  readonly clock: Clock;
  readonly secret: string;
  readonly progress: AlertProgressKeeper;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** @throws MillraceError `webhook_secret_required` if there are alerts, and nothing to sign them with. */
export function requireWebhookSecret(
  { alerts = [] }: { readonly alerts?: readonly unknown[] },
  secret: string,
): void {
  if (alerts.length === 0 || secret !== '') return;
  throw new MillraceError(
    'webhook_secret_required',
    'The pipeline has alerts, whose calls are signed with a secret. There is none.',
  );
}

/** What calls the webhook of one of a pipeline's alerts. */
export function alertCaller(
  alert: AlertPlan,
  { plan, store, runner, seen, definedAs, progress, onProblem, ...others }: AlertCallerParts,
): AlertCaller {
  const window = windowOf(alert, plan);
  const { when } = alert;
  const now = seen ?? (() => window);
  return new AlertCaller({
    ...others,
    alert: alert.name,
    window: window.name,
    dimensions: window.by.map(({ name }) => name),
    url: alert.webhook,
    results: new WindowResults({
      table: () => now().table,
      runner,
      store,
      select: (page) => selectWindowResults(now(), { ...page, when }, { database }),
    }),
    of: nameOf(definedAs ?? window.table, when),
    progress,
    webhook: httpWebhook,
    onRetry: (error) => onProblem(`the alert ${alert.name} is not delivered`, error),
  });
}

/** The window that an alert is about. */
export function windowOf({ window: name }: AlertPlan, plan: Plan): WindowPlan {
  const window = plan.windows.find((one) => one.name === name);
  if (window) return window;
  throw new MillraceError('internal', `No window ${name}.`);
}

/** Short, whatever the condition: there is little room where progress is kept. */
const nameOf = (table: string, when: AlertPlan['when']): string =>
  createHash('sha256')
    .update(JSON.stringify([table, when]))
    .digest('hex');
