import { clickHouseStore } from '../../adapters/clickhouse/clickhouse-store.ts';
import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { resultsTopicName } from '../../compile/kafka/topics.ts';
import { MillraceError } from '../../errors.ts';
import type { AlertPlan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import { requireWebhookSecret, windowOf } from '../alerts.ts';
import { database } from '../database.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { callingPartition } from './calling-partition.ts';
import { alertGroup } from './group-names.ts';
import { requireApplied } from './require-applied.ts';
import { requireTables } from './require-tables.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { runWorkingRole } from './run-role.ts';
import { ServedWindows } from './served-windows.ts';
import { type SharedPartitions, sharePartitions } from './shared-partitions.ts';
import { watchWindows } from './watched-windows.ts';

/**
 * Calls the webhooks of the pipeline's alerts with the results of its windows, each at
 * least once, as they get into the store. Any number of these may run: each alert is
 * one's, and goes to another when that dies.
 *
 * @throws MillraceError `config_invalid` without alerts, `webhook_secret_required`, `port_in_use`,
 *   `pipeline_not_found`, `pipeline_invalid`, `log_unavailable`, `tables_missing`, `tables_differ`; StoreError.
 */
export async function serveAlerts(
  settings: RoleSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<RunningRole> {
  const definition = await loadPipeline(settings.pipeline);
  const defined = planOf(definition);
  if (defined.alerts.length === 0)
    throw new MillraceError(
      'config_invalid',
      `The pipeline ${defined.pipeline} has no alerts, so the alerts role has nothing to do.`,
    );
  requireWebhookSecret(defined, settings.webhookSecret);
  const kafka: KafkaAddress = {
    brokers: settings.kafka,
    clientId: `millrace-alerts-${process.pid}`,
  };
  const { watch, plan } = await requireApplied(definition, kafka, onProblem);
  const served = new ServedWindows(plan, watch);
  const store = clickHouseStore({
    url: settings.storeUrl,
    username: settings.storeUser,
    password: settings.storePassword,
    database,
  });
  const windows = watchWindows({ plan, kafka, windows: () => served.loaded, onProblem });
  const groups: SharedPartitions[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(groups.map((group) => group.leave()));
    await windows.stop();
    await watch.stop();
    await store.close();
  };
  const join = (alert: AlertPlan): Promise<SharedPartitions> => {
    const window = windowOf(alert, plan);
    const definedAs = served.definedAs(window);
    return sharePartitions({
      ...{ ...kafka, groupId: alertGroup(alert, plan), onProblem },
      // Where it is lies beside this topic, whichever version readers see.
      topics: [resultsTopicName({ table: definedAs }, plan)],
      own: (place) =>
        callingPartition({
          ...{ ...place, kafka, alert, plan, store, clock: systemClock, onProblem },
          ...{ runner: windows.runner, seen: () => served.seen(window), definedAs },
          secret: settings.webhookSecret,
        }),
    });
  };
  try {
    await requireTables(store, plan, database);
    for (const alert of plan.alerts) groups.push(await join(alert));
  } catch (error) {
    await close();
    throw error;
  }
  watch.start();
  const notReady = (): string | null =>
    groups.some(({ failing }) => failing) ? 'alerts are not called for' : null;
  return runWorkingRole(settings, notReady, close);
}
