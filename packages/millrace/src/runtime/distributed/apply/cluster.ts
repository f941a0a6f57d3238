import type { TopicState } from '../../../adapters/kafka/topic-admin.ts';
import type { FlinkJob } from '../../../compile/flink/job.ts';
import type { Topic } from '../../../compile/kafka/topics.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { WindowCut } from './window-version.ts';

/** What a definition and the settings ask for. */
export interface Desired {
  readonly plan: Plan;
  /** Versions of its rollups and windows that stay beside those that it has. */
  readonly beside: Pick<Plan, 'rollups' | 'windows'>;
  readonly topics: readonly Topic[];
  readonly jobs: readonly FlinkJob[];
  /**
   * By partition of the clean log: the store has the events below these offsets,
   * with which a version that is made now is filled. Null if it has none.
   */
  readonly cut: readonly number[] | null;
  /** By the tables of windows that are to be made anew of what is archived or stored, where that ends. */
  readonly windowCuts: ReadonlyMap<string, WindowCut>;
  /** Whether the store's tables are spread over servers. */
  readonly onSeveralServers: boolean;
  /** Where jobs are to go on from, by name, as a person says. */
  readonly resume: { readonly [job: string]: string };
}

/** What there is. */
export interface Actual {
  /** Of the topics that are asked for, those that there are. */
  readonly topics: ReadonlyMap<string, TopicState>;
  /** By name: those that run, and those that Flink remembers. */
  readonly jobs: ReadonlyMap<string, readonly SeenJob[]>;
  /** The newest checkpoint in Flink's folder, by the id of a job that Flink forgot. */
  readonly left: ReadonlyMap<string, string>;
  /** The names of the store's tables and views. */
  readonly tables: ReadonlySet<string>;
  /** How many events the store has. */
  readonly events: number;
  readonly loaders: {
    /** Processes that load now. */
    readonly running: number;
    /** Whether an insert is under way, or is yet to be repeated where none runs. */
    readonly inserting: boolean;
    /**
     * By partition of the clean log, the offset up to which they have stored it: nothing
     * below comes any more.
     */
    readonly stored: readonly number[];
  };
  /** Whether the dedup job has yet to read records that are older than the new dedup window. */
  readonly behindWindow: boolean;
}

export interface SeenJob {
  readonly id: string;
  /** As Flink calls it. */
  readonly state: string;
  /** Whether it is over for good. */
  readonly over: boolean;
  /** Epoch ms. */
  readonly startedMs: number;
  /** Of what was submitted; null if it does not say. */
  readonly fingerprint: string | null;
  /** The path of the only state to go on from; null if it is not known, or there is none. */
  readonly goOnFrom: string | null;
  /** Whether it began anew, and ended or goes on without a checkpoint: nothing of it was committed. */
  readonly cameToNothing: boolean;
  /** Null if it began anew. */
  readonly restoredFrom: string | null;
}
