import type { FlinkJob } from '../../../compile/flink/job.ts';
import type { Topic } from '../../../compile/kafka/topics.ts';
import type { ErrorCode } from '../../../errors.ts';
import type { Plan, RollupPlan, WindowPlan } from '../../../plan/plan.ts';
import type { RollupReplay } from '../../../ports/rollup-progress.ts';
import type { AppliedJob } from './applied.ts';
import type { WindowCut } from './window-version.ts';

/** One thing that apply does, or will not do. */
export type Step =
  | { readonly kind: 'create topic'; readonly topic: Topic; readonly what: string }
  | {
      readonly kind: 'configure topic';
      readonly topic: Topic;
      readonly config: Topic['config'];
      readonly what: string;
    }
  | {
      readonly kind: 'change tables';
      /** Null for an empty store. */
      readonly before: Plan | null;
      readonly after: Plan;
      readonly what: string;
      readonly details: readonly string[];
    }
  | {
      readonly kind: 'make rollup';
      readonly rollup: RollupPlan;
      readonly plan: Plan;
      /** By partition of the clean log, up to where the store has the events; null if it has none. */
      readonly cut: readonly number[] | null;
      readonly what: string;
    }
  | { readonly kind: 'fill rollup'; readonly rollup: RollupPlan; readonly what: string }
  | { readonly kind: 'show rollup'; readonly rollup: RollupPlan; readonly what: string }
  | {
      readonly kind: 'drop rollups';
      readonly rollups: readonly RollupPlan[];
      readonly what: string;
    }
  | {
      readonly kind: 'make window';
      readonly window: WindowPlan;
      readonly plan: Plan;
      /** Whether readers see it at once. */
      readonly isFirst: boolean;
      /** Where what the store computes ends; null if its job computes all. */
      readonly cut: WindowCut | null;
      readonly what: string;
    }
  | {
      readonly kind: 'fill window';
      readonly window: WindowPlan;
      readonly from: RollupReplay['from'];
      readonly what: string;
    }
  | { readonly kind: 'show window'; readonly window: WindowPlan; readonly what: string }
  | {
      readonly kind: 'drop windows';
      readonly windows: readonly WindowPlan[];
      readonly what: string;
    }
  | { readonly kind: 'start job'; readonly job: FlinkJob; readonly what: string }
  | {
      readonly kind: 'resume job';
      readonly job: FlinkJob;
      /** The checkpoint or savepoint. */
      readonly from: string;
      readonly what: string;
    }
  | {
      readonly kind: 'replace job';
      readonly job: FlinkJob;
      readonly running: AppliedJob & { readonly id: string };
      readonly what: string;
      readonly details: readonly string[];
    }
  | {
      readonly kind: 'note job';
      readonly job: FlinkJob;
      readonly id: string;
      readonly from: string | null;
      readonly what: string;
    }
  | {
      readonly kind: 'remove job';
      readonly name: string;
      /** Flink's, if it runs. */
      readonly id: string | null;
      readonly what: string;
    }
  | Refusal;

/** Something that would lose data, or double it: nothing at all is done while there is one. */
export interface Refusal {
  readonly kind: 'refuse';
  readonly code: ErrorCode;
  readonly what: string;
  /** What a person can do about it. */
  readonly mend: string;
}
