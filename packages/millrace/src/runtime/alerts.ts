import { httpWebhook } from '../adapters/http-webhook.ts';
import { localAlertProgress } from '../adapters/local-progress/local-alert-progress.ts';
import { selectWindowResults } from '../compile/clickhouse/window-table.ts';
import { MillraceError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { AlertCaller } from '../windows/alert-caller.ts';
import { WindowResults } from '../windows/window-results.ts';
import { dataFolder } from './data-folder.ts';
import { database } from './database.ts';
import type { Embedded } from './embedded.ts';

export interface AlertsOptions {
  readonly folder: string;
  readonly secret: string;
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

/** Begins to call the webhooks of a pipeline's alerts. */
export function startAlerts(embedded: Embedded, options: AlertsOptions): readonly AlertCaller[] {
  const { plan, store, windows, clock } = embedded;
  const { folder, secret, onProblem } = options;
  return plan.alerts.map((alert) => {
    const window = windowOf(alert.window, plan);
    const { when } = alert;
    const caller = new AlertCaller({
      alert: alert.name,
      window: window.name,
      dimensions: window.by.map(({ name }) => name),
      url: alert.webhook,
      secret,
      results: new WindowResults({
        table: window.table,
        runner: windows,
        store,
        select: (page) => selectWindowResults(window, { ...page, when }, { database }),
      }),
      of: JSON.stringify([window.table, when]),
      progress: localAlertProgress(dataFolder(folder).alertProgress(alert.name)),
      webhook: httpWebhook,
      clock,
      onRetry: (error) => onProblem(`the alert ${alert.name} is not delivered`, error),
    });
    caller.start();
    return caller;
  });
}

function windowOf(name: string, plan: Plan) {
  const window = plan.windows.find((one) => one.name === name);
  if (window) return window;
  throw new MillraceError('internal', `No window ${name}.`);
}
