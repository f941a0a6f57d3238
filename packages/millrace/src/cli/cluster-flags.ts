import { type Command, InvalidArgumentError } from 'commander';
import { withSettings } from './setting-flags.ts';

/** What says where a cluster is, and what is to be made of it. */
export const clusterSettings = [
  'pipeline',
  'kafka',
  'partitions',
  'replication',
  'storeUrl',
  'storeUser',
  'storePassword',
  'cluster',
  'flinkUrl',
  'sqlGatewayUrl',
  'savepoints',
  'parallelism',
  'checkpointSeconds',
  'transactionTimeoutMinutes',
] as const;

/** The same, and what a rollup may be made anew from. */
export const applySettings = [
  ...clusterSettings,
  'archive',
  's3Endpoint',
  'storeMemoryMb',
] as const;

/** Where a cluster's log and its store are. */
export const clusterPlace = ['kafka', 'storeUrl', 'storeUser', 'storePassword', 'cluster'] as const;

export const withClusterSettings = (command: Command): Command =>
  withSettings(command, clusterSettings);

export interface ResumeFlags {
  readonly resume?: { readonly [job: string]: string };
}

/** Adds `--resume JOB=PATH`, which may be given several times. */
export const withResume = (command: Command): Command =>
  command.option(
    '--resume <JOB=PATH>',
    'a job that does not run goes on from this checkpoint or savepoint',
    (given: string, others: ResumeFlags['resume'] = {}): ResumeFlags['resume'] => {
      const at = given.indexOf('=');
      if (at < 1) throw new InvalidArgumentError('It is JOB=PATH.');
      return { ...others, [given.slice(0, at)]: given.slice(at + 1) };
    },
  );
