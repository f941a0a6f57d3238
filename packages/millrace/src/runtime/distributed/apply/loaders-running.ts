import type { Actual } from './cluster.ts';
import type { Refusal } from './step.ts';

/** Why tables that inserts go through cannot change now; nothing if they can. */
export const loadersRunning = ({ loaders }: Actual): readonly Refusal[] => {
  const refusal = { kind: 'refuse', code: 'loaders_running' } as const;
  if (loaders.running > 0)
    return [
      {
        ...refusal,
        what: `${loaders.running} loader(s) run: tables cannot change under an insert`,
        mend: 'Stop the loaders, apply, and start them again. Events wait in Kafka meanwhile.',
      },
    ];
  return loaders.inserting
    ? [
        {
          ...refusal,
          what: 'A loader died in the middle of an insert, which must be repeated into the tables as they are',
          mend: 'Start a loader, wait until it has caught up, stop it, and apply.',
        },
      ]
    : [];
};
