import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import type { Pipeline } from '../../define/pipeline.ts';
import { MillraceError } from '../../errors.ts';
import type { Plan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import { AppliedWatch } from './applied-watch.ts';
import type { Applied } from './apply/applied.ts';
import { knownTo } from './apply/known-to.ts';

/** Kafka is waited for at first. */
const kafkaMsMax = 30_000;

export interface KnownApplied {
  readonly watch: AppliedWatch;
  readonly applied: Applied;
  /** Of the definition, with the versions that readers see. */
  readonly plan: Plan;
}

/**
 * For roles that cannot work without knowing what was applied. The watch is to be stopped.
 *
 * @throws MillraceError `log_unavailable`.
 */
export async function requireApplied(
  definition: Pipeline,
  kafka: KafkaAddress,
  onProblem: (what: string, error: unknown) => void,
): Promise<KnownApplied> {
  const watch = await AppliedWatch.open({
    ...{ kafka, plan: planOf(definition), patienceMs: kafkaMsMax, onProblem },
  });
  const { applied } = watch;
  if (applied === null) {
    await watch.stop();
    throw new MillraceError('log_unavailable', 'Kafka does not say what was applied.');
  }
  return { watch, applied, plan: planOf(definition, knownTo(applied, 'shown')) };
}
